"""Dynamic convolution for TensorFlow and Keras: convolutions whose kernel is computed from the input."""

from tfdynconv.cli import start as _start
from tfdynconv.version import __version__ as __version__

if not _start.put_off():  # the command `tfdynconv` asks for the rest when it needs it
    from tfdynconv import _compat as _compat  # first: it names a mismatched TensorFlow and Keras
    from tfdynconv import blocks as blocks
    from tfdynconv import export as export
    from tfdynconv import layers as layers
    from tfdynconv import models as models
    from tfdynconv import ops as ops
    from tfdynconv import routing as routing
    from tfdynconv import surgery as surgery
    from tfdynconv import training as training
    from tfdynconv import viz as viz
    from tfdynconv.layers import *  # noqa: F403
    from tfdynconv.ops.plan import lowering as lowering


def __getattr__(name):
    """`tfdynconv.summary`, imported when it is first asked for."""
    if name != "summary":
        raise AttributeError(f"module 'tfdynconv' has no attribute {name!r}")
    from tfdynconv.cost import summary

    return summary
