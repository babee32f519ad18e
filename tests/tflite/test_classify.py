"""The command `classify`: pixels as the model wants them, and the classes in the right order."""

import re

import numpy as np
import pytest
from PIL import Image

from tests.tflite import models
from tests.tflite.device import printed, refused, result

HEIGHT, WIDTH, CHANNELS = models.SHAPE


def pixels(count=None, seed=3, shape=models.SHAPE):
    """Whole numbers from 0 to 255."""
    return np.random.default_rng(seed).integers(0, 256, shape if count is None else (count, *shape)).astype("uint8")


def found(*arguments, **options):
    """For each image its name, and the classes and scores by falling score."""
    told = result("classify", *arguments, "--top", models.CLASSES, **options)["images"]
    return [(each["image"], [t["class"] for t in each["top"]], [t["score"] for t in each["top"]]) for each in told]


def agrees(received, expected):
    """The classes are in the order of these scores, [images, classes], and have them."""
    assert len(received) == len(expected)
    for (_, classes, scores), row in zip(received, expected):
        assert classes == list(np.argsort(-row))
        np.testing.assert_allclose(scores, row[classes], rtol=1e-4, atol=1e-4)


def test_floats_are_taken_as_they_are(file, tmp_path):
    images = np.random.default_rng(3).normal(size=(3, *models.SHAPE)).astype("float32")
    np.save(tmp_path / "x.npy", images)
    received = found(file("dense.tflite"), "x.npy", cwd=tmp_path)
    assert [name for name, *_ in received] == ["x.npy[0]", "x.npy[1]", "x.npy[2]"]
    agrees(received, models.scores(images))


@pytest.mark.parametrize(
    "options, seen",
    [
        ([], lambda x: x / 255),
        (["--scale", "2/255", "--offset=-1"], lambda x: x / 127.5 - 1),
        (["--scale", "1"], lambda x: x),
        (["--offset", "0.5"], lambda x: x / 255 + 0.5),
        (["--scale", "0.01,0.02,3e-2", "--offset=-1,0,1"], lambda x: x * [0.01, 0.02, 0.03] + [-1, 0, 1]),
    ],
)
def test_what_the_model_sees_of_pixels(file, tmp_path, options, seen):
    np.save(tmp_path / "x.npy", pixels())
    agrees(
        found(file("dense.tflite"), "x.npy", *options, cwd=tmp_path), models.scores(seen(pixels()[None].astype(float)))
    )


def test_floats_are_scaled_when_that_is_asked(file, tmp_path):
    image = np.random.default_rng(3).normal(size=models.SHAPE)
    np.save(tmp_path / "x.npy", image)
    received = found(file("dense.tflite"), "x.npy", "--scale", "3", cwd=tmp_path)
    agrees(received, models.scores(3 * image[None]))
    agrees(found(file("dense.tflite"), "x.npy", "--offset", "2", cwd=tmp_path), models.scores(image[None] + 2))


def test_a_picture_of_the_right_size(file, tmp_path):
    """PNG keeps the pixels, so they are known."""
    Image.fromarray(pixels()).save(tmp_path / "x.png")
    received = found(file("dense.tflite"), "x.png", cwd=tmp_path)
    assert received[0][0] == "x.png"
    agrees(received, models.scores(pixels()[None] / 255))


def test_a_picture_of_another_size_is_resized(file, tmp_path):
    """Of one color on each half: twice the size in each direction, it is the same picture."""
    halves = np.zeros([2 * HEIGHT, 2 * WIDTH, CHANNELS], "uint8")
    halves[:HEIGHT] = [200, 10, 60]
    halves[HEIGHT:] = [200, 10, 60]
    halves[:, :, 1] = 90
    Image.fromarray(halves).save(tmp_path / "x.png")
    expected = np.broadcast_to(np.array([200, 90, 60]) / 255, models.SHAPE)
    agrees(found(file("dense.tflite"), "x.png", cwd=tmp_path), models.scores(expected[None]))
    ramp = np.repeat(np.repeat(pixels(), 2, 0), 2, 1)
    Image.fromarray(ramp).save(tmp_path / "y.png")
    by_hand = np.asarray(Image.fromarray(ramp).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
    agrees(found(file("dense.tflite"), "y.png", cwd=tmp_path), models.scores(by_hand[None] / 255))


def test_a_photo_is_turned_as_its_camera_was_held(file, tmp_path):
    upright = pixels()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    lying = np.ascontiguousarray(np.rot90(upright))
    Image.fromarray(lying).save(tmp_path / "x.png", exif=exif)
    agrees(found(file("dense.tflite"), "x.png", cwd=tmp_path), models.scores(upright[None] / 255))


def test_grey(file, tmp_path):
    """A picture of colors becomes grey; an array may leave out the one channel."""
    grey = pixels(shape=(HEIGHT, WIDTH))
    expected = models.scores(grey[None] / 255, models.kernel((HEIGHT, WIDTH, 1)))
    Image.fromarray(np.stack([grey] * 3, -1)).save(tmp_path / "x.png")
    np.save(tmp_path / "x.npy", grey)
    np.save(tmp_path / "many.npy", grey[None])
    for name in ("x.png", "x.npy", "many.npy"):
        agrees(found(file("grey.tflite"), name, cwd=tmp_path), expected)


def test_channels_first(file, tmp_path):
    Image.fromarray(pixels()).save(tmp_path / "x.png")
    turned = pixels().transpose(2, 0, 1)
    np.save(tmp_path / "x.npy", turned)
    expected = models.scores(turned[None] / 255, models.kernel(turned.shape))
    for name in ("x.png", "x.npy"):
        agrees(found(file("channels_first.tflite"), name, cwd=tmp_path), expected)
    shifted = found(file("channels_first.tflite"), "x.npy", "--scale", "1/255,1/51,1", cwd=tmp_path)
    factors = np.array([1 / 255, 1 / 51, 1]).reshape(3, 1, 1)
    agrees(shifted, models.scores((turned * factors)[None], models.kernel(turned.shape)))


def test_every_array_of_an_npz(file, tmp_path):
    np.savez(tmp_path / "x.npz", one=pixels(seed=4), two=pixels(2, seed=5))
    received = found(file("dense.tflite"), "x.npz", cwd=tmp_path)
    assert [name for name, *_ in received] == ["x.npz:one", "x.npz:two[0]", "x.npz:two[1]"]
    agrees(received, models.scores(np.concatenate([pixels(seed=4)[None], pixels(2, seed=5)]) / 255))


@pytest.mark.parametrize("name", ["batch3", "any_batch"])
def test_other_batches(file, tmp_path, name):
    """Five images of which three fit at once: the last two are as good as the others."""
    np.save(tmp_path / "x.npy", pixels(5))
    agrees(found(file(f"{name}.tflite"), "x.npy", cwd=tmp_path), models.scores(pixels(5) / 255))


@pytest.mark.parametrize("kind", ["int8", "int16"])
def test_quantized_models(file, tmp_path, kind):
    np.save(tmp_path / "x.npy", pixels(4))
    received = found(file(f"{kind}.tflite"), "x.npy", cwd=tmp_path)
    expected = models.scores(pixels(4) / 255)
    for (_, classes, scores), row in zip(received, expected):
        assert classes[0] == row.argmax()
        assert np.abs(np.array(scores) - row[classes]).max() < 0.02 * np.abs(row).max()


def test_integers_of_the_models_own_dtype(file, tmp_path):
    """Quantized by the user: the same as the floats that they stand for."""
    integers = (pixels().astype("int16") - 128).astype("int8")
    np.save(tmp_path / "q.npy", integers)
    np.save(tmp_path / "x.npy", pixels())
    assert (
        found(file("int8.tflite"), "q.npy", cwd=tmp_path)[0][1:]
        == found(file("int8.tflite"), "x.npy", cwd=tmp_path)[0][1:]
    )


def test_a_model_that_takes_bytes_gets_bytes(file, tmp_path):
    np.save(tmp_path / "x.npy", pixels())
    agrees(found(file("bytes.tflite"), "x.npy", cwd=tmp_path), models.scores(pixels()[None]))
    message = "'image' takes plain uint8; leave out --scale and --offset"
    refused(message, "classify", file("bytes.tflite"), "x.npy", "--scale", "1/255", cwd=tmp_path)


def test_labels_and_words(file, tmp_path):
    np.save(tmp_path / "x.npy", pixels())
    labels = ["ant", "bee", "cat", "dog", "eel", "fünf"]
    (tmp_path / "labels.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")
    told = printed("classify", file("dense.tflite"), "x.npy", "--labels", "labels.txt", "--top", 2, cwd=tmp_path)
    (row,) = models.scores(pixels()[None] / 255)
    first, second = np.argsort(-row)[:2]
    lines = told.splitlines()
    assert lines[0] == "x.npy"
    assert [line.split()[1:] for line in lines[1:]] == [[str(first), labels[first]], [str(second), labels[second]]]
    assert float(lines[1].split()[0]) == pytest.approx(row[first], abs=1e-4)


def test_equal_scores_in_the_order_of_the_classes(file, tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(models.SHAPE, "float32"))
    ((_, classes, _),) = found(file("dense.tflite"), "x.npy", cwd=tmp_path)
    assert classes == list(range(models.CLASSES))


def test_the_output_with_the_scores(file, tmp_path):
    """A model of several outputs: which one must be said. `pair` gives the mean of its input and that negated."""
    np.save(tmp_path / "x.npy", np.array([1.0, 3.0, 2.0], "float32"))
    told = result("classify", file("pair.tflite"), "x.npy", "--output", "minus", "--top", 3, cwd=tmp_path)
    assert [each["class"] for each in told["images"][0]["top"]] == [0, 2, 1]
    message = r"the outputs \['minus', 'plus'\]"
    refused(f"{message}; say which one", "classify", file("pair.tflite"), "x.npy", cwd=tmp_path)
    refused(
        f"{message}. Received: --output 'y'", "classify", file("pair.tflite"), "x.npy", "--output", "y", cwd=tmp_path
    )


def test_without_pillow(file, tmp_path):
    Image.fromarray(pixels()).save(tmp_path / "x.png")
    np.save(tmp_path / "x.npy", pixels())
    message = "^run.py: needs Pillow to read 'x.png': pip install pillow, or give the image as .npy"
    refused(message, "classify", file("dense.tflite"), "x.png", cwd=tmp_path, hidden=["PIL"])
    printed("classify", file("dense.tflite"), "x.npy", cwd=tmp_path, hidden=["PIL"])


@pytest.mark.parametrize(
    "model, path, message",
    [
        ("dense", "missing.png", "there is no file 'missing.png'"),
        ("dense", "text.png", "cannot read an image from 'text.png'"),
        ("dense", "missing.npy", "cannot read an array from 'missing.npy'"),
        ("dense", "small.npy", r"images must have shape \(4, 5, 3\).* Received: an array of shape \(2, 5, 3\)"),
        ("dense", "none.npy", "no images in"),
        ("two", "small.npy", r"has the inputs \['image', 'kind'\], and classify wants one image; see predict"),
        ("pair", "text.png", r"input 'x' of shape \(1, 3\) is no image of 1, 3 or 4 channels"),
        ("log", "negative.npy", r"the model gives NaN for 'negative.npy\[1\]'"),
    ],
)
def test_images_that_do_not_fit(file, tmp_path, model, path, message):
    (tmp_path / "text.png").write_text("no picture")
    np.save(tmp_path / "small.npy", pixels()[:2])
    np.save(tmp_path / "none.npy", np.zeros([0, *models.SHAPE]))
    np.save(tmp_path / "negative.npy", np.array([[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]]))
    output = ["--output", "plus"] if model == "pair" else []
    refused(f"^run.py: .*{message}", "classify", file(f"{model}.tflite"), path, *output, cwd=tmp_path)


def test_other_things_that_do_not_fit(file, tmp_path):
    np.save(tmp_path / "x.npy", pixels())
    (tmp_path / "short.txt").write_text("ant\nbee\n")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\xff")
    for options, message in [
        (["--labels", "short.txt"], "'short.txt' must have one label on each line, 6 for this model. Received: 2"),
        (["--labels", "missing.txt"], "cannot read labels from 'missing.txt'"),
        (["--labels", "bytes.txt"], "cannot read labels from 'bytes.txt'"),
        (["--scale", "1,2"], "--scale takes one number or one for each of 3 channels. Received: 2"),
        (["--offset", "1,2,3,4"], "--offset takes one number or one for each of 3 channels. Received: 4"),
    ]:
        refused(f"^run.py: {re.escape(message)}", "classify", file("dense.tflite"), "x.npy", *options, cwd=tmp_path)
