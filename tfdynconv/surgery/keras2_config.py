"""How Keras 2.15 writes the graph of a functional model in its config."""

from tfdynconv.surgery.calls import Call, Ref, map_refs

CONSTANT = "_CONSTANT_VALUE"
# Of these the first argument may be a list of one tensor; of others Keras takes it for the tensor.
FUNCTIONS = ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty")


def nodes(model):
    """(`{(layer name, index): Call}`, inputs, outputs), with such keys in the refs."""
    config = model.get_config()
    layers = {layer.name: layer for layer in model.layers}
    found, last = {}, {}
    for entry in config["layers"]:
        name = entry["name"]
        calls = [arguments(node, layers) for node in entry["inbound_nodes"]] or [((), {})]  # an input layer has no node
        for index, (args, kwargs) in enumerate(calls):
            if type(layers[name]).__name__ not in FUNCTIONS:
                args = tuple(map(unwrapped, args))
            found[name, index] = Call(layers[name], args, kwargs)
    ends = [unwrapped(value(config[key], layers)) for key in ("input_layers", "output_layers")]

    def note(ref):
        name, index = ref.call
        last[name] = max(last.get(name, 0), index)

    map_refs(note, ([(call.args, call.kwargs) for call in found.values()], ends))
    counts = {name: sum(key[0] == name for key in found) for name in layers}

    def counted(ref):
        # a model may have a node that it was born with, which is counted and not written; the last call is always read
        name, index = ref.call
        return Ref((name, index - (last[name] + 1 - counts[name])), ref.index)

    for call in found.values():
        call.args, call.kwargs = map_refs(counted, call.args), map_refs(counted, call.kwargs)
    return found, *(map_refs(counted, end) for end in ends)


def arguments(node, layers):
    """`(args, kwargs)` of one call: a nest of `[layer name, index, output, kwargs]`, all with the same kwargs."""
    leaves = []

    def first(item):
        if is_leaf(item):
            leaves.append(item)
            return item[2] if item[0] == CONSTANT else Ref((item[0], item[1]), item[2])
        if isinstance(item, dict):
            return {key: first(one) for key, one in item.items()}
        return type(item)(map(first, item))

    argument = first(node)
    kwargs = leaves[0][3] if len(leaves[0]) > 3 else {}
    return (argument,), value(kwargs, layers)


def value(nest, layers):
    """The nest with refs in the place of `[layer name, index, output]`."""
    if is_leaf(nest) and nest[0] in layers:
        return Ref((nest[0], nest[1]), nest[2])
    if isinstance(nest, dict):
        return {key: value(item, layers) for key, item in nest.items()}
    if isinstance(nest, (list, tuple)):
        return type(nest)(value(item, layers) for item in nest)
    return nest


def is_leaf(item):
    return isinstance(item, list) and len(item) in (3, 4) and isinstance(item[0], str)


def unwrapped(nest):
    """Keras puts a lonely tensor in a list."""
    return nest[0] if isinstance(nest, list) and len(nest) == 1 else nest
