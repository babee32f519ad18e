"""Pictures over an image read back: regions, sampling points, involution's kernels; and the masks."""

import keras
import numpy as np
import pytest

import tfdynconv
from tfdynconv.blocks import DeformableConv2D, Involution2D
from tfdynconv.viz import plot_involution, plot_masks, plot_offsets, plot_regions

IMAGE = np.zeros([6, 8, 1], "float32")
IMAGE[:, 5:] = 1  # dark on the left, bright on the right


def region_model():
    """Region 1 is what is bright, region 0 what is dark, region 2 nothing."""
    layer = tfdynconv.DRConv2D(4, 1, num_regions=3, name="dr")
    model = keras.Sequential([keras.Input([6, 8, 1]), layer, tfdynconv.DRConv2D(4, 3, strides=2, name="small")])
    layer.guide.kernel.assign(np.array([[[[0, 1, 0]]]], "float32"))
    layer.guide.bias.assign([0.5, 0, -9])
    return model


def test_regions_lie_over_the_image():
    figure = plot_regions(region_model(), IMAGE)
    image, first, second = figure.axes
    assert [axis.get_title() for axis in figure.axes] == ["image", "dr (6 x 8)", "small (2 x 3)"]
    grey, regions = first.images
    np.testing.assert_array_equal(regions.get_array(), IMAGE[..., 0])
    np.testing.assert_array_equal(image.images[0].get_array()[..., 0], IMAGE[..., 0])
    assert regions.get_extent() == grey.get_extent() == list(second.images[1].get_extent())
    labels = [each.get_text() for each in first.get_legend().get_texts()]
    assert labels == ["region 0: 62 %", "region 1: 38 %", "region 2: 0 %"]
    shown = [patch.get_facecolor() for patch in first.get_legend().get_patches()]
    np.testing.assert_allclose(shown, [regions.cmap(regions.norm(i)) for i in range(3)])


def test_masks_kept_by_tap_and_channel():
    """The first mask keeps all, the second the middle tap of the last channel."""
    layer = tfdynconv.VersatileConv2D(4, 3, direction="learned", num_masks=2, shared_masks=True, name="masks")
    layer.build((None, 6, 6, 2))
    proxy = np.zeros([3, 3, 2, 2], "float32")
    proxy[..., 0], proxy[1, 1, 1, 1] = 1, 1
    layer.secondary.proxy.assign(proxy)
    first, second, channels, overlap = plot_masks(layer).axes
    assert [axis.get_title() for axis in (first, second)] == ["mask 0: 100 % kept", "mask 1: 6 % kept"]
    middle = np.zeros([3, 3])
    middle[1, 1] = 0.5
    np.testing.assert_array_equal(first.images[0].get_array(), np.ones([3, 3]))
    np.testing.assert_array_equal(second.images[0].get_array(), middle)
    np.testing.assert_allclose(channels.images[0].get_array(), [[1, 1], [0, 1 / 9]])
    np.testing.assert_allclose(overlap.images[0].get_array(), [[1, 1 / 18], [1 / 18, 1]])


def test_a_row_of_masks_for_each_layer():
    layers = [tfdynconv.VersatileConv2D(6, 5, name="five"), tfdynconv.VersatileConv2D(4, 3, name="three")]
    figure = plot_masks(keras.Sequential([keras.Input([8, 8, 2]), *layers]))
    assert [axis.get_ylabel() for axis in figure.axes if axis.get_ylabel() not in ("", "mask")] == ["five", "three"]
    assert len(figure.axes) == 3 + 2 + 2 * 2


def moved(**arguments):
    """A deformable convolution whose taps all read one pixel further right, the first two further down."""
    layer = DeformableConv2D(4, 3, padding="same", name="deformable", **arguments)
    layer.build((None, 6, 8, 1))
    bias = np.zeros(layer.offset_conv.bias.shape[0], "float32")
    bias[1:18:2], bias[0] = 1, 2
    layer.offset_conv.bias.assign(bias)
    return layer


GRID = np.array([[x, y] for y in (1, 2, 3) for x in (3, 4, 5)], "float64")  # around row 2, column 4


def points(axis):
    """(grid points, points read, their sizes, the output pixel) of a panel with one position."""
    grid, reads = axis.collections[:2]
    cross = next(line for line in axis.lines if line.get_marker() == "x")
    return grid.get_offsets(), reads.get_offsets(), reads.get_sizes(), cross.get_xydata()[0]


def test_sampling_points():
    (axis,) = plot_offsets(moved(), IMAGE, positions=[(2, 4)]).axes
    grid, reads, _, middle = points(axis)
    np.testing.assert_allclose(grid, GRID)
    np.testing.assert_allclose(reads, GRID + [[1, 2], *[[1, 0]] * 8])
    np.testing.assert_allclose(middle, [4, 2])
    labels = [each.get_text() for each in axis.get_legend().get_texts()]
    assert labels == ["tap without offset", "where it reads", "output pixel"]


def test_modulated_taps_are_as_large_as_they_count():
    layer = moved(modulated=True)
    bias = np.array(layer.offset_conv.bias)
    bias[18:] = np.linspace(-4, 4, 9)
    layer.offset_conv.bias.assign(bias)
    sizes = points(plot_offsets(layer, IMAGE, positions=[(2, 4)]).axes[0])[2]
    np.testing.assert_allclose(sizes, 8 + 34 / (1 + np.exp(-np.linspace(-4, 4, 9))), rtol=1e-4)


def test_points_of_a_small_map_lie_on_the_image():
    """Behind a pooling by 2 the taps are two pixels apart, and the pixel (1, 2) covers rows 2, 3 and columns 4, 5."""
    layer = DeformableConv2D(4, 3, padding="same")
    model = keras.Sequential([keras.Input([6, 8, 1]), keras.layers.AveragePooling2D(2), layer])
    (axis,) = plot_offsets(model, IMAGE, positions=[(1, 2)]).axes
    grid, reads, _, middle = points(axis)
    np.testing.assert_allclose(grid, [[x, y] for y in (0.5, 2.5, 4.5) for x in (2.5, 4.5, 6.5)])
    np.testing.assert_allclose(reads, grid)
    np.testing.assert_allclose(middle, [4.5, 2.5])


def involution_with_known_kernels():
    """Kernels from the bias alone: group 0 has 0 to 8, group 1 those with the sign turned."""
    layer = Involution2D(3, group_channels=2, name="inv")
    layer.build((None, 6, 8, 4))
    layer.span.kernel.assign(np.zeros(layer.span.kernel.shape, "float32"))
    layer.span.bias.assign(np.concatenate([np.arange(9), -np.arange(9)]).astype("float32"))
    return layer


@pytest.mark.parametrize("group, sign", [(0, 1), (1, -1)])
def test_kernels_of_an_involution(group, sign):
    image = np.random.default_rng(0).normal(size=[6, 8, 4]).astype("float32")
    figure = plot_involution(involution_with_known_kernels(), image, positions=[(0, 1), (5, 7)], group=group)
    panels = [axis for axis in figure.axes if axis.get_title()]
    assert [axis.get_title() for axis in panels] == ["image", "inv: kernel sums", "A at (0, 1)", "B at (5, 7)"]
    np.testing.assert_allclose(panels[1].images[0].get_array(), np.full([6, 8], sign * 36))
    for axis in panels[2:]:
        np.testing.assert_allclose(axis.images[0].get_array(), sign * np.arange(9).reshape(3, 3))
    assert {text.get_text(): text.get_position() for text in panels[0].texts} == {"A": (1, 0), "B": (7, 5)}


FUNCTIONS = {
    plot_regions: tfdynconv.DRConv2D,
    plot_offsets: DeformableConv2D,
    plot_involution: Involution2D,
}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_no_such_layer(function):
    name = FUNCTIONS[function].__name__
    with pytest.raises(ValueError, match=f"{function.__name__}: expected a {name}, .*Received: ReLU 'r' without any"):
        function(keras.layers.ReLU(name="r"), IMAGE)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_not_one_image(function):
    layer = FUNCTIONS[function](3, 3) if function is not plot_involution else Involution2D(3)
    with pytest.raises(
        ValueError, match=rf"{function.__name__}: `image` must be one image.*Received: shape \(2, 6, 8, 1\)"
    ):
        function(layer, np.stack([IMAGE, IMAGE]))


def test_positions_and_groups_that_do_not_exist():
    with pytest.raises(
        ValueError, match=r"plot_offsets: `positions` must be .*output map of 6 x 8. Received: \[\(6, 0\)\]"
    ):
        plot_offsets(moved(), IMAGE, positions=[(6, 0)])
    with pytest.raises(ValueError, match="plot_offsets: `group` must be one of the 1 deformable groups.*group=1"):
        plot_offsets(moved(), IMAGE, group=1)
    with pytest.raises(ValueError, match="plot_involution: `group` must be one of the 2 groups.*group=2"):
        plot_involution(involution_with_known_kernels(), np.zeros([6, 8, 4], "float32"), group=2)


def test_masks_of_what_has_none():
    with pytest.raises(ValueError, match="plot_masks: expected a VersatileConv2D, .*Received: ReLU 'r' without any"):
        plot_masks(keras.layers.ReLU(name="r"))
    with pytest.raises(ValueError, match="plot_masks: VersatileConv2D 'v' has no weights yet. Build it"):
        plot_masks(tfdynconv.VersatileConv2D(4, 3, name="v"))
