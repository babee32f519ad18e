"""Where taps read: deformable and active convolutions, deformable kernels, spatial transformers."""

from website.drawing import COLOURS, GREY, PALE, Drawing

IMAGE = "#cfd8dc"
OFFSETS = ((-14, -8), (4, -18), (16, -10), (-18, 2), (3, 4), (12, 8), (-10, 14), (2, 20), (20, 12))


def taps(centre, step=24):
    return [(centre[0] + step * j, centre[1] + step * i) for i in (-1, 0, 1) for j in (-1, 0, 1)]


def deformable():
    d = Drawing(760, 270, "A convolution reads on a grid, a deformable one where offsets send it")
    titles = ("Conv2D", "DeformableConv2D", "ActiveConv2D", "DeformableKernelConv2D")
    notes = (
        "a fixed grid\nof taps",
        "offsets from the input,\nothers at each pixel",
        "offsets that are weights,\nthe same at each pixel",
        "taps move in a larger\nstored kernel",
    )
    for i, (title, note) in enumerate(zip(titles, notes)):
        x = 12 + 187 * i
        d.box(x, 12, 175, 246, fill="white", stroke=PALE)
        d.text(x + 87, 34, title, 11.5, bold=True)
        d.text(x + 87, 230, note, 12, colour=GREY)
    for i in range(3):
        x = 27 + 187 * i
        d.grid(x, 52, [[IMAGE] * 6 for _ in range(6)], cell=24)
        centre = (x + 72, 124)
        for tap, (dx, dy) in zip(taps(centre), OFFSETS):
            if i == 1:
                d.line(tap, (tap[0] + dx, tap[1] + dy), width=1)
                d.dot(tap[0] + dx, tap[1] + dy, 5, COLOURS[1])
            elif i == 2:
                d.dot(centre[0] + (tap[0] - centre[0]) * 1.7, centre[1] + (tap[1] - centre[1]) * 0.8, 5, COLOURS[0])
            else:
                d.dot(*tap, 5, COLOURS[2])
    x = 27 + 187 * 3 + 12
    d.grid(x, 64, [[COLOURS[3]] * 4 for _ in range(4)], cell=30)
    for (a, b), (dx, dy) in zip(taps((x + 60, 124), 30), OFFSETS):
        d.dot(a + dx * 0.5, b + dy * 0.5, 5, COLOURS[2])
    return d


def transformer():
    d = Drawing(760, 250, "A spatial transformer reads its output on a grid that a small network has turned")
    d.grid(24, 40, [[IMAGE] * 8 for _ in range(8)], cell=20)
    points = [
        [(104 + 17 * (j * 0.87 - i * 0.5), 120 + 17 * (j * 0.5 + i * 0.87)) for j in range(-3, 4)] for i in range(-3, 4)
    ]
    for row in points:
        for x, y in row:
            d.dot(x, y, 3.5, COLOURS[1])
    d.line(points[0][0], points[0][-1], colour=COLOURS[1], arrow=False)
    d.line(points[0][0], points[-1][0], colour=COLOURS[1], arrow=False)
    d.text(104, 226, "where the output's pixels read", 12, colour=GREY)
    d.line((188, 76), (236, 76))
    d.box(240, 50, 130, 52, "localisation\nnetwork", fill="#e0f2f1")
    d.line((370, 76), (410, 76))
    d.box(414, 46, 130, 60, "θ: 6 numbers,\nturn, scale, shear,\nshift", size=12)
    d.line((480, 106), (480, 150))
    d.line((188, 166), (398, 166))
    d.box(402, 150, 156, 36, "x(θ p), bilinear", fill="#e0f2f1")
    d.line((558, 166), (592, 166))
    d.grid(598, 60, [[IMAGE] * 7 for _ in range(7)], cell=20)
    for i in range(7):
        for j in range(7):
            d.dot(608 + 20 * j, 70 + 20 * i, 3.5, COLOURS[1])
    d.text(668, 226, "the output, upright", 12, colour=GREY)
    return d


DIAGRAMS = (deformable, transformer)
