"""A picture of boxes, grids, arrows and words, as SVG that is the same to the byte each time.

A white card lies beneath, so that it can be read on a dark page too.
"""

from xml.sax.saxutils import escape

INK, GREY, PALE = "#263238", "#78909c", "#eceff1"
COLOURS = ("#00897b", "#f4511e", "#3949ab", "#fbc02d", "#8e24aa", "#6d4c41")


def mixed(colours, weights):
    """A colour between several: that of a kernel which is mixed of theirs."""
    total = sum(weights)
    parts = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours]
    return "#" + "".join(f"{round(sum(w * p[i] for w, p in zip(weights, parts)) / total):02x}" for i in range(3))


class Drawing:
    """Width and height in points; y goes down."""

    def __init__(self, width, height, title):
        self.width, self.height, self.title, self.parts = width, height, title, []

    def add(self, name, content="", **attributes):
        written = "".join(f' {key.replace("_", "-")}="{number(value)}"' for key, value in attributes.items())
        self.parts.append(f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>")

    def text(self, x, y, words, size=13, anchor="middle", colour=INK, bold=False):
        for i, line in enumerate(words.split("\n")):
            weight = {"font_weight": "bold"} if bold else {}
            self.add(
                "text",
                escape(line),
                x=x,
                y=y + i * size * 1.3,
                font_size=size,
                text_anchor=anchor,
                fill=colour,
                **weight,
            )

    def box(self, x, y, width, height, words="", fill=PALE, stroke=GREY, size=13, dash=None, colour=INK):
        dashes = {"stroke_dasharray": dash} if dash else {}
        self.add("rect", x=x, y=y, width=width, height=height, rx=5, fill=fill, stroke=stroke, **dashes)
        lines = words.count("\n") + 1
        if words:
            self.text(
                x + width / 2, y + height / 2 - (lines - 1) * size * 0.65 + size * 0.35, words, size, colour=colour
            )

    def line(self, *points, colour=GREY, width=1.5, arrow=True, dash=None):
        dashes = {"stroke_dasharray": dash} if dash else {}
        head = {"marker_end": "url(#head)"} if arrow else {}
        joined = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self.add("polyline", points=joined, fill="none", stroke=colour, stroke_width=width, **dashes, **head)

    def grid(self, x, y, cells, cell=12, stroke="white"):
        """Rows of colours; None leaves a cell empty."""
        for i, row in enumerate(cells):
            for j, colour in enumerate(row):
                shown = {"fill": colour, "stroke": stroke} if colour else {"fill": "white", "stroke": PALE}
                self.add("rect", x=x + j * cell, y=y + i * cell, width=cell, height=cell, **shown)

    def dot(self, x, y, radius=4, fill=INK, stroke="white"):
        self.add("circle", cx=x, cy=y, r=radius, fill=fill, stroke=stroke)

    def sign(self, x, y, sign):
        """A small circle with `+`, `×` or the like."""
        self.add("circle", cx=x, cy=y, r=10, fill="white", stroke=INK)
        self.text(x, y + 5, sign, 14)

    def svg(self):
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" font-family="DejaVu Sans, Verdana, sans-serif" role="img">\n'
            f"<title>{escape(self.title)}</title>\n"
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            f'<path d="M0 0 L8 4 L0 8 z" fill="{GREY}"/></marker></defs>\n'
            f'<rect width="{self.width}" height="{self.height}" rx="8" fill="white"/>\n'
        )
        return head + "\n".join(self.parts) + "\n</svg>\n"


def number(value):
    return f"{value:.1f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def kernel(colour, size=3):
    return [[colour] * size for _ in range(size)]
