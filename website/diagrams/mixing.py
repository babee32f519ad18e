"""Kernels that are mixed: from a bank, for each sample, each filter, each axis, each region."""

from website.drawing import COLOURS, GREY, PALE, Drawing, kernel, mixed

BANK = COLOURS[:4]
SAMPLES = (("image 1", (0.55, 0.1, 0.3, 0.05)), ("image 2", (0.05, 0.6, 0.05, 0.3)))


def bars(drawing, x, y, weights, colours, scale=40, width=12):
    """Coefficients as bars that stand on y."""
    for i, (weight, colour) in enumerate(zip(weights, colours)):
        height = round(weight * scale, 1)
        drawing.add("rect", x=x + i * (width + 3), y=y - height, width=width, height=height, fill=colour)
    drawing.line((x - 3, y), (x + len(weights) * (width + 3), y), arrow=False, width=1)


def kernel_mixing():
    d = Drawing(760, 300, "Dynamic convolution: a bank of kernels becomes one kernel for each sample")
    d.text(330, 24, "the bank: n kernels, the layer's weights", 13, colour=GREY)
    for i, colour in enumerate(BANK):
        d.grid(240 + 48 * i, 36, kernel(colour))
    for (name, weights), y in zip(SAMPLES, (128, 226)):
        d.box(16, y - 26, 84, 52, name)
        d.line((100, y), (136, y))
        d.box(138, y - 22, 88, 44, "routing", fill="#e0f2f1")
        d.line((226, y), (268, y))
        bars(d, 276, y + 20, weights, BANK)
        d.line((344, y), (386, y))
        d.sign(400, y, "Σ")
        d.line((412, y), (444, y))
        d.grid(450, y - 27, kernel(mixed(BANK, weights)), cell=18)
        d.line((508, y), (556, y))
        d.sign(570, y, "∗")
        d.line((582, y), (636, y))
        d.box(640, y - 26, 104, 52, f"output {name[-1]}")
        d.line((58, y + 26), (58, y + 46), (570, y + 46), (570, y + 13))
    d.line((422, 54), (436, 54), (436, 80), (400, 80), (400, 114), dash="4 3")
    d.text(300, 284, "coefficients", 12, colour=GREY)
    d.text(477, 284, "its kernel", 12, colour=GREY)
    return d


def mixing_kinds():
    d = Drawing(760, 250, "What the coefficients of CondConv, DynamicConv, DyNet and ODConv weigh")
    columns = (
        ("CondConv", "sigmoids: each\nexpert by itself", (0.9, 0.7, 0.2, 0.8)),
        ("DynamicConv", "a softmax: shares\nthat sum to 1", (0.5, 0.1, 0.3, 0.1)),
        ("DyNet", "sigmoids for every\nfilter apart", None),
        ("ODConv", "taps, channels, filters\nand kernels", None),
    )
    for i, (name, words, weights) in enumerate(columns):
        x = 16 + 186 * i
        d.box(x, 14, 170, 222, fill="white", stroke=PALE)
        d.text(x + 85, 36, name, 15, bold=True)
        d.text(x + 85, 204, words, 12, colour=GREY)
        if weights:
            bars(d, x + 57, 108, weights, BANK, scale=50)
            for j, colour in enumerate(BANK):
                d.grid(x + 15 + 37 * j, 128, kernel(colour, 3), cell=10)
    x = 16 + 186 * 2
    for j, weights in enumerate(((0.9, 0.2, 0.5), (0.1, 0.8, 0.6), (0.7, 0.6, 0.1))):
        d.text(x + 14, 72 + 38 * j, f"f{j + 1}", 11, "start", GREY)
        bars(d, x + 40, 76 + 38 * j, weights, BANK, scale=28)
        d.line((x + 90, 66 + 38 * j), (x + 112, 66 + 38 * j))
        d.grid(x + 118, 52 + 38 * j, kernel(mixed(BANK[:3], weights)), cell=9)
    x = 16 + 186 * 3
    shades = ("#b2dfdb", "#4db6ac", "#00897b")
    rows = (
        ("taps", ((0, 2, 1), (1, 2, 0), (0, 1, 2))),
        ("channels", ((2, 0, 1, 2, 0),)),
        ("filters", ((1, 2, 0, 0, 2),)),
    )
    y = 50
    for label, values in rows:
        d.text(x + 12, y + 12 * len(values) / 2 + 4, label, 11, "start", GREY)
        d.grid(x + 86, y, [[shades[v] for v in row] for row in values])
        y += 12 * len(values) + 12
    d.text(x + 12, 158, "kernels", 11, "start", GREY)
    bars(d, x + 88, 166, (0.6, 0.1, 0.2, 0.1), BANK, scale=40)
    return d


def regions():
    d = Drawing(760, 280, "DRConv: a guide assigns each pixel to a region, each region has a kernel of its own")
    guide = ("0000111", "0001111", "0022111", "0222211", "0222221", "3322233", "3333333")
    d.grid(20, 76, [["#cfd8dc" if (i + j) % 2 else "#b0bec5" for j in range(7)] for i in range(7)], cell=20)
    d.text(90, 242, "the image", 13)
    d.line((166, 120), (204, 98))
    d.box(206, 76, 104, 40, "guide", fill="#e0f2f1")
    d.line((310, 96), (346, 104))
    d.grid(352, 76, [[BANK[int(c)] for c in row] for row in guide], cell=20)
    d.text(422, 242, "a region for each pixel:\nthe largest of its scores", 13)
    d.line((166, 174), (204, 196))
    d.box(206, 176, 104, 40, "generator", fill="#e0f2f1")
    d.line((258, 216), (258, 268), (512, 268), (512, 160), (534, 160))
    for j, colour in enumerate(BANK):
        d.grid(540, 62 + 48 * j, kernel(colour))
    d.text(558, 42, "a kernel\nfor each region".replace("\n", " "), 13)
    d.line((590, 146), (622, 146))
    d.grid(628, 90, [[mixed((BANK[int(c)], "#ffffff"), (0.5, 0.5)) for c in row] for row in guide], cell=16)
    d.text(684, 228, "every pixel is\nconvolved once", 13)
    return d


def involution():
    d = Drawing(760, 260, "A convolution has one kernel for all positions, an involution one for each")
    for x, title in ((16, "convolution"), (392, "involution")):
        d.box(x, 12, 352, 236, fill="white", stroke=PALE)
        d.text(x + 176, 36, title, 15, bold=True)
    d.grid(40, 70, [["#cfd8dc"] * 6 for _ in range(6)], cell=20)
    for i, j in ((0, 0), (2, 3), (3, 1)):
        d.add("rect", x=40 + 20 * j, y=70 + 20 * i, width=60, height=60, fill="none", stroke=COLOURS[0], stroke_width=3)
    for k, colour in enumerate(COLOURS[:3]):
        d.grid(226 + 44 * k, 96, kernel(colour))
    d.text(288, 158, "the same everywhere,\nanother for each channel", 12, colour=GREY)
    d.line((218, 114), (168, 114))
    d.grid(416, 70, [["#cfd8dc"] * 6 for _ in range(6)], cell=20)
    for (i, j), colour, y in zip(((0, 0), (2, 3), (3, 1)), COLOURS, (66, 116, 166)):
        d.add("rect", x=416 + 20 * j, y=70 + 20 * i, width=60, height=60, fill="none", stroke=colour, stroke_width=3)
        d.grid(600, y, kernel(colour))
    d.line((540, 130), (592, 130))
    d.text(566, 120, "1x1", 11, colour=GREY)
    d.text(690, 112, "made from\nthe pixel,\nshared by\n16 channels", 12, colour=GREY)
    d.text(500, 222, "each position weighs its neighbours", 12, colour=GREY)
    d.text(124, 222, "one kernel, moved over the image", 12, colour=GREY)
    return d


DIAGRAMS = (kernel_mixing, mixing_kinds, regions, involution)
