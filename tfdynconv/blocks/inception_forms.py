"""The published Inception blocks by their channels."""


class InceptionForms:
    """Class methods of `InceptionBlock`; further arguments are those of the block.

    >>> import tensorflow as tf, tfdynconv
    >>> tfdynconv.blocks.InceptionBlock.reduction(384, 64, 96)(tf.ones([1, 9, 9, 288])).shape
    TensorShape([1, 4, 4, 768])
    """

    @classmethod
    def v1(cls, a, b, c, d, e, f, **arguments):
        """GoogLeNet's: 1x1 (a); 1x1, 3x3 (b, c); 1x1, 5x5 (d, e); largest value, 1x1 (f). Biases, no normalisation."""
        branches = [[(a, 1)], [(b, 1), (c, 3)], [(d, 1), (e, 5)]]
        return cls(branches, f, **{"use_bias": True, "use_norm": False, **arguments})

    @classmethod
    def v2(cls, a, b, c, d, e, f, **arguments):
        """Two 3x3 in the place of the 5x5 (d, e, e); a mean in the place of the largest value."""
        branches = [[(a, 1)], [(b, 1), (c, 3)], [(d, 1), (e, 3), (e, 3)]]
        return cls(branches, f, **{"pooling": "average", **arguments})

    @classmethod
    def v3a(cls, a, b, c, d, e, f, **arguments):
        """InceptionV3's first kind in Keras ("mixed0" to "mixed2"): as `v2`, with 5x5 in the place of its single 3x3."""
        branches = [[(a, 1)], [(b, 1), (c, 5)], [(d, 1), (e, 3), (e, 3)]]
        return cls(branches, f, **{"pooling": "average", **arguments})

    @classmethod
    def v3b(cls, a, b, c, d, e, f, size=7, **arguments):
        """Its second kind ("mixed4" to "mixed7"): rows and columns of `size` in the place of squares, two and four of them."""
        row, column = (1, size), (size, 1)
        far = [(d, 1), (d, column), (d, row), (d, column), (e, row)]
        return cls([[(a, 1)], [(b, 1), (b, row), (c, column)], far], f, **{"pooling": "average", **arguments})

    @classmethod
    def v3c(cls, a, b, c, d, e, g, f, **arguments):
        """Its last kind ("mixed9", "mixed10"): b, then a row and a column of c side by side; d, e, then the same of g."""
        near = [(b, 1), [(c, (1, 3)), (c, (3, 1))]]
        far = [(d, 1), (e, 3), [(g, (1, 3)), (g, (3, 1))]]
        return cls([[(a, 1)], near, far], f, **{"pooling": "average", **arguments})

    @classmethod
    def reduction(cls, a, d, e, **arguments):
        """Its first halving ("mixed3"): 3x3 (a); 1x1, 3x3, 3x3 (d, e, e); the largest value as it is; stride 2, no padding."""
        arguments = {"strides": 2, "padding": "valid", **arguments}
        return cls([[(a, 3)], [(d, 1), (e, 3), (e, 3)]], **arguments)
