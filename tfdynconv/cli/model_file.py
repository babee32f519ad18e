"""A Keras model's file, as the verbs take it: looked for at once, loaded behind TensorFlow, which takes seconds."""

import os

from tfdynconv.cli import start
from tfdynconv.cli.failure import Failure, one_line
from tfdynconv.cli.progress import Progress
from tfdynconv.cli.quiet import quiet


def check(path):
    if not os.path.exists(path):
        raise Failure(f"there is no file {path!r}.")


def package():
    """`tfdynconv`, and TensorFlow with it, whose own messages are kept from the terminal."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet() as stderr, Progress("loading TensorFlow", stderr):
        return start.whole_package()


def load(path):
    import keras

    try:
        return keras.models.load_model(path, compile=False)
    except (ValueError, TypeError, OSError, KeyError, AttributeError, ImportError, RuntimeError) as error:
        raise Failure(
            f"cannot load {path!r} (classes of your own are not known here: for those call the function in Python that "
            f"--help names). Keras said: {one_line(error, 400)}"
        ) from error
