"""Static convolutions that are more than they store or cost: learned masks, blocks that fold, octaves."""

from website.drawing import COLOURS, GREY, PALE, Drawing, kernel

A, B, C = COLOURS[:3]


def window(side, size=5, colour=A):
    margin = (size - side) // 2
    inside = range(margin, margin + side)
    return [[colour if i in inside and j in inside else None for j in range(size)] for i in range(size)]


def masks():
    d = Drawing(760, 240, "Versatile filters: several filters from one that is stored, by masks")
    d.box(12, 12, 360, 216, fill="white", stroke=PALE)
    d.text(192, 36, 'direction="spatial": nested windows', 13, bold=True)
    d.grid(30, 76, window(5), cell=16)
    d.text(70, 180, "stored", 12, colour=GREY)
    d.line((116, 116), (148, 116))
    for i, side in enumerate((5, 3, 1)):
        d.grid(156 + 72 * i, 88, window(side), cell=12)
        d.text(186 + 72 * i, 170, f"{side}x{side}", 12, colour=GREY)
    d.text(192, 210, "3 output channels from one filter", 12, colour=GREY)
    d.box(388, 12, 360, 216, fill="white", stroke=PALE)
    d.text(568, 36, 'direction="learned": binary masks', 13, bold=True)
    d.grid(404, 88, window(3, 3, B), cell=20)
    d.text(434, 180, "stored", 12, colour=GREY)
    d.sign(484, 118, "×")
    for i, mask in enumerate(("110010011", "011101100", "101110001")):
        d.grid(510 + 78 * i, 88, [[B if mask[3 * r + c] == "1" else None for c in range(3)] for r in range(3)], cell=20)
        d.text(540 + 78 * i, 170, f"mask {i + 1}", 12, colour=GREY)
    d.text(568, 210, "1 bit an entry, straight-through gradient", 12, colour=GREY)
    return d


def strip(rows, columns):
    """Where a kernel's branch has taps within 3x3."""
    return [[A if i in rows and j in columns else None for j in range(3)] for i in range(3)]


def folding():
    d = Drawing(760, 314, "Blocks that fold: several branches while training, one convolution afterwards")
    full, middle = range(3), (1,)
    square, point = strip(full, full), strip(middle, middle)
    rows = (
        ("ACBlock2D", (("3x3", square), ("3x1", strip(full, middle)), ("1x3", strip(middle, full))), "+"),
        ("Diverse Branch", (("3x3", square), ("1x1", point), ("1x1, mean", square), ("1x1, 3x3", square)), "+"),
        ("DOConv2D", (("depthwise D", kernel(C)), ("ordinary W", kernel(A))), "×"),
    )
    for i, (name, branches, sign) in enumerate(rows):
        y = 28 + 92 * i
        d.text(16, y + 32, name, 13, "start", bold=True)
        for j, (label, cells) in enumerate(branches):
            x = 150 + 100 * j
            d.grid(x, y, cells, cell=16)
            d.text(x + 24, y + 64, label, 11, colour=GREY)
            if j:
                d.sign(x - 26, y + 24, sign)
        d.line((520, y + 24), (600, y + 24))
        d.text(558, y + 16, "fold()", 12, colour=GREY)
        d.grid(612, y, kernel(B), cell=16)
        d.text(676, y + 28, "Conv2D", 13, "start")
    d.text(380, 302, "batch normalisation behind each branch is folded too", 12, colour=GREY)
    return d


def octave():
    d = Drawing(760, 270, "Octave convolution: some channels live on a grid of half the size")
    for x, suffix in ((24, ""), (616, "'")):
        d.grid(x, 34, [["#80cbc4"] * 6 for _ in range(6)], cell=16)
        d.text(x + 48, 24, "high" + suffix, 13)
        d.grid(x + 24, 188, [["#ffab91"] * 3 for _ in range(3)], cell=16)
        d.text(x + 48, 254, "low" + suffix, 13)
    d.line((124, 66), (610, 66))
    d.box(300, 48, 160, 36, "conv hh")
    d.line((124, 214), (634, 214))
    d.box(300, 196, 160, 36, "conv ll")
    d.line((124, 100), (636, 196))
    d.box(196, 112, 140, 30, "mean of 2x2, conv hl", size=11.5)
    d.line((124, 190), (610, 100))
    d.box(424, 107, 140, 30, "conv lh, repeat 2x2", size=11.5)
    return d


DIAGRAMS = (masks, folding, octave)
