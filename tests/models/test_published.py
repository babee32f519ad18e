"""Published weights: every tensor finds its weight, and what does not fit leaves the model as it was."""

import sys
import types

import numpy as np
import pytest

from tfdynconv import models
from tfdynconv.models.published_names import published_names


@pytest.fixture(scope="module")
def small():
    return models.resnet(18, models.odconv(2, temperature=30.0), input_shape=(32, 32, 3), classes=3, name="small")


def drawn(model, seed=0):
    """A state that fits, every tensor drawn."""
    rng = np.random.default_rng(seed)
    names = published_names(model)
    return {name: rng.uniform(0.5, 1.0, tensor.shape).astype("float32") for name, tensor in names.items()}


def test_every_tensor_reaches_a_weight_of_its_own(small):
    state = drawn(small)
    report = models.load_published(small, state)
    assert report.complete and set(report.used) == set(state)
    weights = [tensor.weight for tensor in published_names(small).values()]
    assert len({id(weight) for weight in weights}) == len(weights)
    loaded = sorted(float(np.sum(weight.numpy(), dtype="float64")) for weight in weights)
    assert np.allclose(loaded, sorted(float(np.sum(a, dtype="float64")) for a in state.values()), rtol=1e-6)
    left = [weight for weight in small.weights if id(weight) not in {id(one) for one in weights}]
    assert not any(weight.trainable or "moving" in weight.name for weight in left)


def test_layouts(small):
    """A kernel by its published indices."""
    state = drawn(small)
    models.load_published(small, state)
    kernel = small.get_layer("layer2.0.conv1").kernel.numpy()
    assert kernel[1, 0, 2, 5, 7] == state["layer2.0.conv1.weight"][1, 7, 5, 0, 2]
    assert small.get_layer("conv1").kernel.numpy()[1, 2, 0, 9] == state["conv1.weight"][9, 0, 1, 2]
    assert small.get_layer("fc").kernel.numpy()[8, 1] == state["fc.weight"][1, 8]


def test_temperatures_become_one(small):
    layer = small.get_layer("layer1.0.conv1")
    layer.routing.temperature.assign(30.0)
    models.load_published(small, drawn(small))
    assert float(layer.routing.temperature.numpy()) == 1.0


def without(state):
    del state["bn1.weight"]


def extra(state):
    state["head.weight"] = np.ones(3, "float32")


def transposed(state):
    state["fc.weight"] = state["fc.weight"].T


def text(state):
    state["fc.bias"] = np.array(["a", "b", "c"])


def nothing(state):
    state.clear()


WRONG = {
    without: r"1 missing: bn1\.weight",
    extra: r"1 unused: head\.weight",
    transposed: r"1 of another shape: fc\.weight \(expected \(3, 512\), received \(512, 3\)\)",
    text: r"fc\.bias \(expected \(3,\), received \(3,\) of <U1\)",
    nothing: "0 tensors used; .* missing",
}


@pytest.mark.parametrize("spoil", WRONG, ids=lambda spoil: spoil.__name__)
def test_what_does_not_fit_changes_nothing(small, spoil):
    state, before = drawn(small, seed=1), small.get_weights()
    spoil(state)
    with pytest.raises(ValueError, match=WRONG[spoil]) as raised:
        models.load_published(small, state)
    assert "not those of 'small'" in str(raised.value) and "strict=False" in str(raised.value)
    assert all(np.array_equal(a, b) for a, b in zip(before, small.get_weights()))


@pytest.mark.parametrize("spoil", [without, extra, transposed, text], ids=lambda spoil: spoil.__name__)
def test_what_fits_is_loaded_when_asked(small, spoil):
    state, before = drawn(small, seed=len(spoil.__name__)), small.get_layer("fc").get_weights()
    spoil(state)
    report = models.load_published(small, state, strict=False)
    assert not report.complete and len(report.used) > 90
    assert np.array_equal(small.get_layer("bn1").beta.numpy(), state["bn1.bias"])
    assert np.array_equal(small.get_layer("fc").kernel.numpy(), before[0]) == (spoil is transposed)


def test_nothing_fits(small):
    with pytest.raises(ValueError, match="0 tensors used"):
        models.load_published(small, {"other": np.ones(2)}, strict=False)


def test_lists_that_are_no_array(small):
    with pytest.raises(ValueError, match="load_published: 'the state' cannot be read as weights: .*inhomogeneous"):
        models.load_published(small, {"fc.weight": [[1.0], [1.0, 2.0]]})


def test_step_counters_are_told_apart(small):
    state = {**drawn(small), "bn1.num_batches_tracked": np.array(7)}
    report = models.load_published(small, state)
    assert report.complete and report.counters == ("bn1.num_batches_tracked",)


def test_a_layer_without_published_names():
    with pytest.raises(ValueError, match="no published form is known of the weights of DyMobileBlock 'block1'"):
        models.load_published(models.dy_mobile(input_shape=(32, 32, 3), classes=3), {"stem.weight": np.ones(2)})


def test_safetensors(small, tmp_path):
    from safetensors.numpy import save_file

    state = drawn(small, seed=3)
    save_file(state, str(tmp_path / "model.safetensors"))
    assert models.load_published(small, tmp_path / "model.safetensors").complete
    assert np.array_equal(small.get_layer("fc").bias.numpy(), state["fc.bias"])


@pytest.mark.parametrize("kept", [0.999, 0.5, 0.01, 0.0])
def test_a_safetensors_file_that_is_cut_off(small, tmp_path, kept):
    from safetensors.numpy import save

    whole, before = save(drawn(small, seed=4)), small.get_weights()
    (tmp_path / "model.safetensors").write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(ValueError, match="cannot be read as weights: .*; the model is unchanged"):
        models.load_published(small, str(tmp_path / "model.safetensors"))
    assert all(np.array_equal(a, b) for a, b in zip(before, small.get_weights()))


@pytest.fixture
def torch(monkeypatch):
    """Stands in for PyTorch: `loaded` is what its `load` gives, or raises; `calls` are its arguments."""
    module = types.ModuleType("torch")
    module.calls, module.loaded = [], {}

    def load(path, **arguments):
        module.calls.append(arguments)
        if isinstance(module.loaded, Exception):
            raise module.loaded
        return module.loaded

    module.load = load
    monkeypatch.setitem(sys.modules, "torch", module)
    return module


@pytest.mark.parametrize("nested", ["", "state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("ending", [".pth", ".pth.tar"])
def test_torch_files_hold_tensors_alone(small, tmp_path, torch, nested, prefix, ending):
    path = tmp_path / f"model{ending}"
    path.touch()
    state = drawn(small, seed=5)
    renamed = {prefix + name: array for name, array in state.items()}
    torch.loaded = {"epoch": 90, nested: renamed} if nested else renamed
    assert models.load_published(small, path).complete
    assert torch.calls == [{"map_location": "cpu", "weights_only": True}]
    assert np.array_equal(small.get_layer("fc").bias.numpy(), state["fc.bias"])


@pytest.mark.parametrize("loaded", [RuntimeError("PytorchStreamReader failed"), EOFError("Ran out of input"), [1, 2]])
def test_torch_files_that_cannot_be_read(small, tmp_path, torch, loaded):
    (tmp_path / "model.pth").touch()
    torch.loaded = loaded
    with pytest.raises(ValueError, match="model.pth' cannot be read as weights"):
        models.load_published(small, tmp_path / "model.pth")


@pytest.mark.parametrize(
    "library, name, extra", [("torch", "model.pth", "peers"), ("safetensors", "model.safetensors", "weights")]
)
def test_a_library_that_is_not_there(small, tmp_path, monkeypatch, library, name, extra):
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / name).touch()
    with pytest.raises(ImportError, match=rf"needs the library {library}.*tfdynconv\[{extra}\]"):
        models.load_published(small, tmp_path / name)


def test_files_that_are_none(small, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*none.safetensors"):
        models.load_published(small, tmp_path / "none.safetensors")
    with pytest.raises(ValueError, match="expected a file ending in one of .*h5"):
        models.load_published(small, tmp_path / "model.h5")


@pytest.mark.parametrize(
    "given, asked", [("timm/small", "timm/small.in1k"), ("timm/small.sw_in1k", "timm/small.sw_in1k")]
)
def test_the_hub(small, tmp_path, monkeypatch, given, asked):
    from safetensors.numpy import save_file

    state, calls, hub = drawn(small, seed=6), [], types.ModuleType("huggingface_hub")
    save_file(state, str(tmp_path / "model.safetensors"))
    hub.hf_hub_download = lambda *arguments: calls.append(arguments) or str(tmp_path / "model.safetensors")
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    build = {"input_shape": (32, 32, 3), "classes": 3, "weights": given}
    loaded = models.resnet(18, models.odconv(2, temperature=30.0), **build)
    assert calls == [(asked, "model.safetensors")]
    assert np.array_equal(loaded.get_layer("fc").bias.numpy(), state["fc.bias"])


@pytest.mark.parametrize("error", [OSError("no connection"), ValueError("no name")], ids=str)
def test_the_hub_out_of_reach(small, monkeypatch, error):
    hub = types.ModuleType("huggingface_hub")

    def hf_hub_download(repository, file):
        raise error

    hub.hf_hub_download = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    with pytest.raises(ValueError, match=f"load_published: 'timm/small.in1k' cannot be downloaded: {error}"):
        models.load_published(small, "timm/small")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"needs the library huggingface_hub.*tfdynconv\[hub\]"):
        models.load_published(small, "timm/small")
