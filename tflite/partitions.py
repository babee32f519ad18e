"""Which ops of a model XNNPACK took, and which it left to LiteRT's own, slower kernels."""

import collections

from failure import Failure
from model import nodes


def ops(model):
    """How often each op occurs in the file."""
    if model.nodes is None:
        raise Failure("this runtime cannot list the ops of a file; ai-edge-litert can.")
    return count(model.nodes)


def left_out(model):
    """(how many parts the delegate runs, the ops outside of them by name).

    Once a delegate has its share, LiteRT lists the file's own nodes and behind them one node for each part, whose outputs are
    what others need of that part. So one goes back from the outputs of the model and takes the part that gives a tensor
    where there is one, else the file's own node: that one runs outside.
    """
    interpreter = model.loaded()  # one that no signature's runner holds, for such a one refuses what follows
    try:
        interpreter.allocate_tensors()  # not done yet where an input's size is open
    except (ValueError, RuntimeError) as error:
        raise Failure(f"{model.path!r} leaves sizes open, and does not run with 1 for each: {error}") from None
    original = len(model.nodes)
    now = nodes(interpreter)
    maker = {int(tensor): node for node in now for tensor in node["outputs"]}  # the parts come last, so they win
    wanted = [int(detail["index"]) for detail in interpreter.get_output_details()]
    seen, outside = set(), []
    while wanted:
        node = maker.get(wanted.pop())
        if node is None or node["index"] in seen:  # an input, a constant, or met before
            continue
        seen.add(node["index"])
        if node["index"] < original:
            outside.append(node)
        wanted.extend(int(tensor) for tensor in node["inputs"])
    return len(now) - original, count(outside)


def count(found):
    return dict(sorted(collections.Counter(node["op_name"] for node in found).items()))
