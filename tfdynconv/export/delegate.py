"""What of a file XNNPACK, the delegate that LiteRT takes for a CPU, leaves to LiteRT's own slower kernels, and why."""

import collections

FILTERS = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"}
MOST_CONCATENATED = 5
TYPES = {"float32", "float16", "int8", "uint8"}


def left_out(before, after, dtypes, inputs, outputs):
    """`{op: {reason: how often}}` for the nodes outside of the delegate.

    Once it has its share, LiteRT lists the file's own nodes (`before`) and behind them one for each part of the delegate. From
    the outputs back, a tensor comes from the part that makes it if there is one; else the file's own node runs outside.
    """
    maker = {tensor: node for node in after for tensor in node["outputs"]}  # the delegate's parts come last and win
    computed = {tensor for node in before for tensor in node["outputs"]} | set(inputs)
    waiting, seen = list(outputs), set()
    found: dict = collections.defaultdict(collections.Counter)
    while waiting:
        node = maker.get(waiting.pop())
        if node is None or node["index"] in seen:  # an input, a constant, or met before
            continue
        seen.add(node["index"])
        if node["index"] < len(before):
            found[node["op_name"]][reason(node, dtypes, computed)] += 1
        waiting.extend(node["inputs"])
    return {op: dict(found[op]) for op in sorted(found)}


def reason(node, dtypes, computed):
    """The rule of XNNPACK's that a node breaks, as far as its types and inputs tell."""
    tensors = [tensor for tensor in (*node["inputs"], *node["outputs"]) if tensor >= 0]
    data = [tensor for tensor in tensors if tensor in computed]
    types = {dtypes[tensor] for tensor in data}
    if types - TYPES:
        return f"XNNPACK does not compute {', '.join(sorted(types - TYPES))}"
    if node["op_name"] in FILTERS and node["inputs"][1] in computed:
        return "its filter is computed, XNNPACK takes constant ones alone"
    if node["op_name"] == "CONCATENATION" and len(node["inputs"]) > MOST_CONCATENATED:
        return f"it joins {len(node['inputs'])} tensors, XNNPACK takes {MOST_CONCATENATED} at most"
    return f"XNNPACK does not take it in {', '.join(sorted(types)) or 'this form'}"
