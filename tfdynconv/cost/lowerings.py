"""What the plan takes for each layer in each place: for which places a model is traced, and what the traces noted."""

from tfdynconv.ops import place, plan
from tfdynconv.ops.lowerings.chunks import Chunks
from tfdynconv.ops.lowerings.taps import Taps
from tfdynconv.ops.phone import Phone


def destinations():
    """`{name: (place, phone)}` to trace for beside "here", this machine's device without XLA."""
    return {
        "here_xla": (place.compiled_place(), None),
        "gpu": ("gpu", None),
        "tpu": ("tpu", None),
        "phone": ("tflite", Phone()),
        "phone_8_bits": ("tflite", Phone(stores_8_bits=True)),
    }


def chosen(calls):
    """The lowerings of a layer's ops, each once, in words; for a phone the forms."""
    names = {id(lowering): name for table in plan.LOWERINGS.values() for name, lowering in table.items()}
    found = []
    for call in calls:
        found += call.forms or [name_of(note, names) for note in call.notes]
    return " + ".join(dict.fromkeys(found))


def name_of(note, names):
    if isinstance(note, Chunks):
        return f"{name_of(note.lowering, names)} in chunks"
    if isinstance(note, Taps):
        return "a tap at a time"
    return note if isinstance(note, str) else names.get(id(note), type(note).__name__)
