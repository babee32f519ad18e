"""Images from arrays and picture files, as a model's input wants them."""

import os

import numpy as np

import samples
from failure import Failure

MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def read(path, tensor, scale=None, offset=None):
    """A list of (name, array of one image). A model sees `pixel * scale + offset`.

    Pixels from 0 to 255 (picture files, arrays of integers) are divided by 255 where no scale is given; arrays of floats are
    taken as they are, and so are integers for an input of plain integers or, if they are of its own dtype, for a quantized
    one.

    Args:
        path: .npy or .npz of images in the model's size, or, with Pillow, a picture file, which is resized.
        tensor: the model's input.
        scale: None, one number or one for each channel.
        offset: likewise.
    """
    if path.endswith((".npy", ".npz")):
        loaded = samples.load(path)
        named = (
            {f"{path}:{key}": array for key, array in loaded.items()} if isinstance(loaded, dict) else {path: loaded}
        )
        found = [image for name, array in named.items() for image in single(name, array, tensor)]
    else:
        found = [(path, picture(path, tensor))]
    return [(name, scaled(pixels, tensor, scale, offset)) for name, pixels in found]


def single(name, array, tensor):
    """Each image of an array by its own: the array is one of the model's size, or has many on its first axis."""
    if tensor.takes((tensor.shape[0], *array.shape)):
        return [(name, array)]
    if array.ndim == len(tensor.shape) and tensor.takes((tensor.shape[0], *array.shape[1:])):
        return [(f"{name}[{i}]" if len(array) > 1 else name, image) for i, image in enumerate(array)]
    if tensor.shape[-1] == 1 and array.shape[-1:] != (1,) and array.ndim:
        return single(name, array[..., np.newaxis], tensor)  # grey images, often kept without their one channel
    raise Failure(
        f"images must have shape {tensor.shape[1:]}, or that behind a first axis of many. Received: an array of shape "
        f"{array.shape} in {name!r}."
    )


def picture(path, tensor):
    """Pixels of a picture file in the model's size and channels, [height, width, channels] or channels first."""
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError:
        raise Failure(f"needs Pillow to read {path!r}: pip install pillow, or give the image as .npy.") from None
    first = channels_first(tensor)
    height, width = tensor.shape[2:] if first else tensor.shape[1:3]
    if not os.path.isfile(path):
        raise Failure(f"there is no file {path!r}.")
    try:
        with Image.open(path) as file:
            # a phone's camera writes how it was held, and leaves the turning to the reader
            image = ImageOps.exif_transpose(file).convert(MODES[tensor.shape[1 if first else 3]])
    except (OSError, UnidentifiedImageError) as error:
        raise Failure(f"cannot read an image from {path!r}: {error}") from None
    size = (width if width > 0 else image.width, height if height > 0 else image.height)
    image = image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)
    pixels = np.asarray(image).reshape(size[1], size[0], -1)
    return pixels.transpose(2, 0, 1) if first else pixels


def channels_first(tensor):
    """Whether the channels are the second axis. Raises if the input is no image."""
    if len(tensor.shape) == 4 and tensor.shape[3] in MODES:
        return False
    if len(tensor.shape) == 4 and tensor.shape[1] in MODES:
        return True
    raise Failure(
        f"input {tensor.name!r} of shape {tensor.shape} is no image of 1, 3 or 4 channels; give the input as .npy."
    )


def scaled(pixels, tensor, scale, offset):
    whole = pixels.dtype.kind in "iub"
    as_it_is = not whole or (
        tensor.dtype.kind in "iub" and (not tensor.scale or tensor.dtype == pixels.dtype != np.uint8)
    )
    if scale is None and offset is None and as_it_is:
        return pixels
    if tensor.dtype.kind in "iub" and not tensor.scale:
        raise Failure(f"input {tensor.name!r} takes plain {tensor.dtype}; leave out --scale and --offset.")
    axis = -3 if len(tensor.shape) == 4 and tensor.shape[3] not in MODES else -1
    factor = 1.0 if scale is None and as_it_is else 1 / 255 if scale is None else along(scale, pixels, axis, "--scale")
    shift = 0.0 if offset is None else along(offset, pixels, axis, "--offset")
    return (pixels * factor + shift).astype("float32")


def along(numbers, pixels, axis, what):
    """One number, or one for each channel, to be broadcast against the pixels."""
    channels = pixels.shape[axis] if pixels.ndim >= -axis else 1
    if len(numbers) not in (1, channels):
        raise Failure(f"{what} takes one number or one for each of {channels} channels. Received: {len(numbers)}.")
    shape = [1] * pixels.ndim
    if pixels.ndim:
        shape[axis] = len(numbers)
    return np.reshape(numbers, shape)
