"""Graph convolution: neighbours in a graph in place of neighbours in an image."""

from website.drawing import COLOURS, GREY, Drawing

NODES = {"a": (60, 70), "b": (150, 50), "c": (110, 140), "d": (200, 130), "e": (60, 200)}
EDGES = ("ab", "ac", "bc", "bd", "cd", "ce")


def entry(row, column):
    """The colour of an entry of the matrix: the row of c stands out, and what is not linked is empty."""
    linked = row == column or row + column in EDGES or column + row in EDGES
    return (COLOURS[1] if row == "c" else COLOURS[0]) if linked else None


def graph():
    d = Drawing(760, 250, "Graph convolution: each node takes the sum of its neighbours, then one dense layer for all")
    for edge in EDGES:
        active = "c" in edge
        d.line(
            NODES[edge[0]],
            NODES[edge[1]],
            arrow=False,
            colour=COLOURS[1] if active else GREY,
            width=3 if active else 1.5,
        )
    for name, (x, y) in NODES.items():
        d.dot(x, y, 14, COLOURS[1] if name == "c" else COLOURS[0])
        d.text(x, y + 5, name, 13, colour="white")
    d.text(130, 238, "node c receives from a, b, d, e and itself", 12, colour=GREY)
    order = sorted(NODES)
    d.grid(310, 72, [[entry(row, column) for column in order] for row in order], cell=22)
    for i, name in enumerate(order):
        d.text(321 + 22 * i, 64, name, 12, colour=GREY)
        d.text(300, 88 + 22 * i, name, 12, colour=GREY)
    d.text(365, 206, "A, normalised", 12, colour=GREY)
    d.sign(446, 127, "·")
    d.grid(472, 72, [["#cfd8dc"] * 3 for _ in range(5)], cell=22)
    d.text(505, 206, "X: a row for each node", 12, colour=GREY)
    d.sign(568, 127, "·")
    d.grid(594, 94, [["#9fa8da"] * 4 for _ in range(3)], cell=22)
    d.text(644, 184, "W, the same\nfor all nodes", 12, colour=GREY)
    return d


DIAGRAMS = (graph,)
