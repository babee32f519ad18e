"""One input or output of a model: its shape and dtype, and how its integers stand for numbers."""

import dataclasses

import numpy as np

from failure import Failure


@dataclasses.dataclass(frozen=True)
class Tensor:
    """`shape` may have -1 for any size. With a `scale` the integers q stand for `scale * (q - zero_point)`."""

    name: str
    shape: tuple
    dtype: np.dtype
    scale: float
    zero_point: int

    @classmethod
    def of(cls, name, detail):
        """From LiteRT's description of it."""
        signature = detail.get("shape_signature", ())
        shape = tuple(int(size) for size in (signature if len(signature) else detail["shape"]))
        scale, zero_point = detail["quantization"]
        return cls(name, shape, np.dtype(detail["dtype"]), float(scale), int(zero_point))

    def __str__(self):
        quantized = f", {self.scale:.6g} * (q - {self.zero_point})" if self.scale else ""
        return f"{self.name}: {self.dtype} {self.shape}{quantized}"

    def as_dict(self):
        """For JSON."""
        quantization = {"scale": self.scale, "zero_point": self.zero_point} if self.scale else None
        return {"name": self.name, "shape": list(self.shape), "dtype": str(self.dtype), "quantization": quantization}

    def takes(self, shape):
        return len(shape) == len(self.shape) and all(size in (-1, given) for size, given in zip(self.shape, shape))

    def encode(self, array):
        """The array as the model takes it. LiteRT would take another shape, and resize, or crash in, what follows."""
        if not self.takes(array.shape):
            raise Failure(
                f"input {self.name!r} must have shape {self.shape}. Received: an array of shape {array.shape}."
            )
        if self.scale and array.dtype.kind == "f":
            return self.quantized(array)
        if self.scale and array.dtype != self.dtype:
            raise Failure(
                f"input {self.name!r} must be of floats, which are quantized here, or of {self.dtype} as the model has "
                f"them. Received: {array.dtype}."
            )
        whole = array.dtype.kind in "iu" and self.dtype.kind in "iu"  # whether they fit is seen below
        if not whole and not np.can_cast(array.dtype, self.dtype, "same_kind"):
            raise Failure(f"input {self.name!r} must be {self.dtype}. Received: {array.dtype}.")
        cast = np.ascontiguousarray(array, self.dtype)
        if self.dtype.kind in "iu" and not np.array_equal(cast, array):
            raise Failure(
                f"input {self.name!r} is {self.dtype}, which cannot hold the values of the {array.dtype} given."
            )
        return cast

    def quantized(self, array):
        """Rounded to the nearest value that the integers stand for; what is out of their range goes to its end."""
        if not np.isfinite(array).all():
            raise Failure(f"input {self.name!r} has values that are not finite, which {self.dtype} cannot stand for.")
        ends = np.iinfo(self.dtype)
        steps = np.rint(array.astype("float64") / self.scale) + self.zero_point
        return np.ascontiguousarray(np.clip(steps, ends.min, ends.max).astype(self.dtype))

    def decode(self, array):
        """The numbers that an output stands for."""
        array = np.asarray(array)
        return np.float32(self.scale) * (array.astype("float32") - self.zero_point) if self.scale else array

    def draw(self, random):
        """Random content. Floats: normal. Quantized: all values alike. Integers: 0 and 1, in range for nearly every model."""
        shape = [max(size, 1) for size in self.shape]
        if self.scale:
            ends = np.iinfo(self.dtype)
            return self.decode(random.integers(ends.min, ends.max, shape, endpoint=True))
        if self.dtype.kind == "f":
            return random.normal(size=shape).astype(self.dtype)
        if self.dtype.kind in "iub":
            return random.integers(0, 2, shape).astype(self.dtype)
        raise Failure(f"input {self.name!r} is {self.dtype}; only numbers can be drawn. Give the inputs as a file.")
