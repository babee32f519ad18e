"""SavedModel -> .tflite, at one place, so that it can move to another converter."""

from tfdynconv.export import child


def convert(saved_model, destination):
    """Write the `.tflite` of a SavedModel's only signature, of builtin ops alone.

    In a process of its own: some versions of the converter abort instead of raising.
    """
    try:
        child.run("worker_convert.py", saved_model, destination)
    except child.ChildError as error:
        ops = error.unconverted_ops()
        if not ops:
            raise ValueError(f"to_tflite: the converter failed; no file was written. It said {error}") from error
        places = ", ".join(f"{op} (at {where})" if where else op for op, where in ops.items())
        raise ValueError(
            f"to_tflite: these ops have no TFLite builtin, so no file was written: {places}. Replace the layer that uses "
            f"them, or leave it out of the exported model. The converter said {error}"
        ) from error
