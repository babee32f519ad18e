"""Attention blocks: what is weighed by what."""

from website.drawing import GREY, PALE, Drawing

GATE = "#e0f2f1"


def panel(d, x, y, name, note, width=366, height=150):
    d.box(x, y, width, height, fill="white", stroke=PALE)
    d.text(x + 12, y + 22, name, 13, "start", bold=True)
    d.text(x + width / 2, y + height - 10, note, 11.5, colour=GREY)


def gated(d, x, y, steps, sign="×"):
    """x goes on, and past it a row of steps makes what it is multiplied with."""
    d.box(x, y + 44, 34, 26, "x")
    d.line((x + 34, y + 57), (x + 288, y + 57))
    d.line((x + 17, y + 70), (x + 17, y + 100), (x + 50, y + 100))
    for i, (words, width) in enumerate(steps):
        left = x + 52 + sum(w + 12 for _, w in steps[:i])
        d.box(left, y + 86, width, 28, words, fill=GATE, size=11)
        if i:
            d.line((left - 12, y + 100), (left - 1, y + 100))
    end = x + 52 + sum(w + 12 for _, w in steps) - 12
    d.line((end, y + 100), (x + 300, y + 100), (x + 300, y + 69))
    d.sign(x + 300, y + 57, sign)
    d.line((x + 311, y + 57), (x + 340, y + 57))


def attention():
    d = Drawing(760, 502, "Squeeze and excite, selective kernels, split attention, self-calibration, non-local")
    panel(d, 8, 8, "SqueezeExcite", "one gate a channel")
    gated(d, 20, 8, (("mean", 50), ("dense", 56), ("dense, sigmoid", 104)))
    panel(d, 386, 8, "SCConv2D", "half of the channels; a coarse look gates a fine one")
    gated(d, 398, 8, (("mean r x r", 68), ("conv", 42), ("sigmoid(x + up)", 98)))
    branches(d, 8, 166, "SKConv2D", ("3x3", "3x3 dilated"), "branches with other windows; shares per channel")
    note = "one grouped convolution makes r maps; shares per channel"
    branches(d, 386, 166, "SplitAttentionConv2D", ("part 1", "part 2"), note)
    panel(d, 8, 324, "NonLocalBlock2D", "every position reads all positions, weighed by how alike they are", 744, 170)
    d.box(30, 392, 34, 26, "x")
    for i, name in enumerate(("θ 1x1", "φ 1x1", "g 1x1")):
        y = 372 + 34 * i
        d.line((64, 405), (100, y + 13))
        d.box(102, y, 70, 26, name)
    d.line((172, 385), (216, 394))
    d.line((172, 419), (216, 404))
    d.box(218, 384, 160, 30, "softmax(θ φᵀ): N x N", fill=GATE, size=12)
    d.line((378, 399), (420, 409))
    d.line((172, 453), (420, 420))
    d.sign(432, 414, "×")
    d.line((444, 414), (490, 414))
    d.box(492, 400, 110, 28, "1x1, norm")
    d.line((602, 414), (644, 414))
    d.sign(656, 414, "+")
    d.line((47, 392), (47, 360), (656, 360), (656, 402))
    d.line((668, 414), (710, 414))
    return d


def branches(d, x, y, name, labels, note):
    panel(d, x, y, name, note)
    d.box(x + 14, y + 62, 34, 26, "x")
    for i, label in enumerate(labels):
        top = y + 40 + 42 * i
        d.line((x + 48, y + 75), (x + 72, top + 14))
        d.box(x + 74, top, 86, 28, label, size=12)
        d.line((x + 160, top + 14), (x + 288, y + 71 + 8 * i))
        d.line((x + 160, top + 14), (x + 186, y + 71 + 8 * i), dash="3 3")
    d.box(x + 186, y + 62, 84, 26, "softmax", fill=GATE, size=12)
    d.sign(x + 300, y + 75, "Σ")
    d.line((x + 311, y + 75), (x + 346, y + 75))


DIAGRAMS = (attention,)
