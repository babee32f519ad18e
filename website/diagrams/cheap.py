"""Cheap convolutions: which filter reads which channel, through how many taps."""

from website.drawing import COLOURS, GREY, PALE, Drawing

FULL, POINT, CHEAP = COLOURS[0], "#b2dfdb", COLOURS[1]
N = 8


def table(rule):
    return [[rule(i, j) for j in range(N)] for i in range(N)]


def ghost(i, j):
    if i < N // 2:
        return FULL
    return CHEAP if j == i - N // 2 else None


PANELS = (
    ("Conv2D", "each filter reads\neach channel, 3x3", table(lambda i, j: FULL)),
    ("groups=2", "each reads the\nchannels of its part", table(lambda i, j: FULL if i // 4 == j // 4 else None)),
    ("HetConv2D", "3x3 in its part,\n1x1 elsewhere", table(lambda i, j: FULL if i // 2 == j // 2 else POINT)),
    ("GhostModule2D", "half by convolution, half\nfrom one of these each", table(ghost)),
    ("depthwise, 1x1", "3x3 on each channel,\nthen 1x1 on all", table(lambda i, j: CHEAP if i == j else POINT)),
)


def cheap():
    d = Drawing(760, 236, "Which filter reads which channel, in cheap convolutions")
    for i, (name, note, cells) in enumerate(PANELS):
        x = 8 + 150 * i
        d.box(x, 10, 142, 190, fill="white", stroke=PALE)
        d.text(x + 71, 30, name, 12, bold=True)
        d.grid(x + 19, 44, cells, cell=13)
        d.text(x + 71, 170, note, 10, colour=GREY)
    for x, colour, words in ((150, FULL, "3x3 taps"), (310, POINT, "1x1"), (430, CHEAP, "3x3 taps on one channel")):
        d.grid(x, 212, [[colour]], cell=13)
        d.text(x + 20, 223, words, 12, "start", GREY)
    return d


def separable():
    d = Drawing(
        760, 216, "Other static convolutions: separable in space, Inception, channel shuffle, locally connected"
    )
    names = ("SpatialSeparableConv2D", "InceptionBlock", "ChannelShuffle", "LocallyConnected2D")
    notes = (
        "a column of taps, then a row",
        "branches side by side",
        "groups exchange channels",
        "a kernel at each position",
    )
    for i, (name, note) in enumerate(zip(names, notes)):
        x = 12 + 187 * i
        d.box(x, 10, 175, 196, fill="white", stroke=PALE)
        d.text(x + 87, 32, name, 12, bold=True)
        d.text(x + 87, 192, note, 11, colour=GREY)
    d.grid(50, 60, [[FULL]] * 7, cell=13)
    d.sign(78, 106, "∗")
    d.grid(92, 99, [[FULL] * 7], cell=13)
    for i, words in enumerate(("1x1", "1x1, 3x3", "1x1, 5x5", "pool, 1x1")):
        d.box(240, 52 + 32 * i, 92, 24, words, size=11)
        d.line((214, 112), (239, 64 + 32 * i), arrow=False)
        d.line((332, 64 + 32 * i), (356, 112), arrow=False)
    for i in range(6):
        colour = COLOURS[i // 3]
        j = (i % 3) * 2 + i // 3
        d.grid(400, 56 + 20 * i, [[colour]], cell=16)
        d.line((420, 64 + 20 * i), (510, 64 + 20 * j), width=1)
        d.grid(514, 56 + 20 * j, [[colour]], cell=16)
    tones = ("#004d40", "#00796b", "#26a69a", "#80cbc4", "#f4511e", "#ff8a65", "#3949ab", "#7986cb")
    d.grid(604, 52, [[tones[(3 * i + 5 * j) % 8] for j in range(4)] for i in range(4)], cell=29)
    return d


DIAGRAMS = (cheap, separable)
