"""After quantising: are the weights in the file stored as they should be? The converter leaves some in float32 silently."""

import json

from tfdynconv.export import child
from tfdynconv.export.quantization import SMALL


def check_stored_types(model_file, mode):
    """Raise for a weight of `SMALL` elements or more that is stored in another type than the mode's."""
    for weight in json.loads(child.run("worker_types.py", model_file, str(SMALL))):
        if weight["dtype"] not in mode.stored:
            raise ValueError(
                f"to_tflite: quantize={mode.name!r} left a weight in {weight['dtype']}, so no file was written: "
                f"{weight['name']!r} of shape {tuple(weight['shape'])}, which {weight['op']} takes. Use "
                f"{other(mode)}, another form, or another layer in its place."
            )


def other(mode):
    return "quantize='float16'" if mode.name != "float16" else "quantize=None"
