"""Which layers of a model become dynamic, and why the others do not."""

from tfdynconv.surgery.dynamic_layer import dynamic_layer
from tfdynconv.surgery.families import CONVOLUTIONS, WITH_KERNEL
from tfdynconv.surgery.graph import is_graph, read


def layers_in_order(model):
    """The layers of the graph and of those inside, each once, as they run."""
    found = {}
    for call in read(model).calls:
        inside = layers_in_order(call.layer) if is_graph(call.layer) else [call.layer]
        found.update((id(layer), layer) for layer in inside if layer is not None)
    return list(found.values())


def choose(model, table, where, arguments):
    """(`[(old, new)]`, `[(old, reason)]`); what `where` picks and cannot be had raises, by default it is left."""
    pairs, left = [], []
    candidates = [layer for layer in layers_in_order(model) if isinstance(layer, WITH_KERNEL)]
    first = next((layer for layer in candidates if isinstance(layer, CONVOLUTIONS)), None)
    for layer in candidates:
        reason = default_reason(layer, first) if where is None else None if where(layer) else "`where` leaves it out"
        if reason is None:
            reason = refusal(layer, table)
            if reason is None:
                try:
                    pairs.append((layer, dynamic_layer(layer, table[type(layer)], arguments)))
                    continue
                except ValueError as error:
                    reason = str(error)
            if where is not None:
                raise ValueError(
                    f"to_dynamic: `where` picks {type(layer).__name__} {layer.name!r}, which cannot be had: {reason} "
                    "Leave it out in `where`, or choose another `layer` or other arguments."
                )
        left.append((layer, reason))
    return pairs, left


def default_reason(layer, first):
    if layer is first:
        return "the first convolution, which the papers leave static"
    return None if isinstance(layer, CONVOLUTIONS) else "no convolution; pick it with `where`"


def refusal(layer, table):
    if type(layer) not in table:
        kinds = ", ".join(cls.__name__ for cls in table)
        own = type(layer) in WITH_KERNEL
        return (
            f"the family replaces {kinds}{'' if own else ', and of a class of your own nobody knows what it computes'}."
        )
    if getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None):
        return "it keeps its kernel in another form (LoRA or quantised)."
    return None
