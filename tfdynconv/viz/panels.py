"""Figures of panels in rows, in one style."""

GREY = "0.35"
# Okabe and Ito's colours, which colour-blind people tell apart
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#555555")


def matplotlib(caller):
    """The package, which only who draws needs."""
    try:
        import matplotlib
        import matplotlib.figure
    except ImportError as error:
        raise ImportError(
            f"{caller}: it draws with matplotlib, which is not installed. Install it: pip install 'tfdynconv[plot]'."
        ) from error
    return matplotlib


def panels(caller, rows, columns, size, title=None):
    """A figure and its `rows` x `columns` axes, each of `size` inches, as a two-dimensional array."""
    figure = matplotlib(caller).figure.Figure(
        figsize=(columns * size[0], rows * size[1] + (0.35 if title else 0)), layout="constrained"
    )
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    if title:
        figure.suptitle(title, fontsize="medium", fontweight="bold")
    return figure, figure.subplots(rows, columns, squeeze=False)


def color(number, count):
    """One of `count` colours."""
    if count <= len(COLORS):
        return COLORS[number]
    from matplotlib import colormaps  # a caller has made a figure by now

    return colormaps["turbo"]((number + 0.5) / count)


def head(axis, title):
    """A panel's title: the name of a layer may be long."""
    axis.set_title(title, fontsize="small", color="black")


def bare(axis):
    """A panel without ticks, for images."""
    axis.set_xticks([])
    axis.set_yticks([])
    for side in axis.spines.values():
        side.set_color("0.7")


def write_values(axis, values, picture, form="{:.2f}"):
    """A number into each cell of a small heat map, dark on light and light on dark."""
    if values.shape[1] > 12 or values.size > 150:
        return
    for (row, column), value in enumerate_cells(values):
        red, green, blue, _ = picture.cmap(picture.norm(value))
        dark = 0.3 * red + 0.6 * green + 0.1 * blue < 0.5
        axis.text(
            column,
            row,
            form.format(value),
            ha="center",
            va="center",
            fontsize=6.5,
            color="white" if dark else "black",
        )


def enumerate_cells(values):
    return (((row, column), values[row, column]) for row in range(values.shape[0]) for column in range(values.shape[1]))


def ticks(axis, labels, which):
    """Tick labels, thinned out where there are too many to read."""
    step = -(-len(labels) // 24)
    places = range(0, len(labels), step)
    set_ticks = axis.set_xticks if which == "x" else axis.set_yticks
    set_ticks(list(places), [str(labels[i]) for i in places], fontsize="x-small")
