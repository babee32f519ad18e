"""A layer survives being written down: its config, its `.keras` file, and that file in another process."""

import importlib
import json
import os
import subprocess
import sys
import tempfile

import keras
import numpy as np

from tfdynconv.testing.case import redraw
from tfdynconv.testing.compare import expect, expect_close, fail

LOADER = """
import importlib, json, sys
import keras, numpy as np
for module in json.loads(sys.argv[2]):
    importlib.import_module(module)
for name in json.loads(sys.argv[3]):
    model = keras.models.load_model(f"{sys.argv[1]}/{name}.keras")
    inputs = np.load(f"{sys.argv[1]}/{name}.inputs.npy")
    np.save(f"{sys.argv[1]}/{name}.loaded.npy", np.asarray(model(inputs)))
"""


def check_config(case):
    """Every `__init__` argument is in the config, and no value is lost on the way out and back in."""
    expect_variants_cover(case)
    registered = keras.saving.get_registered_name(case.layer)
    expect(
        ">" in registered,
        case,
        "not registered. Decorate it with @keras.saving.register_keras_serializable(package=...), so that models with "
        "it load without custom_objects.",
    )
    plain = case.make().get_config()
    for arguments in case.sets():
        layer = case.make(arguments, name="named", trainable=False, dtype="float64")
        config = layer.get_config()
        missing = {*case.parameters(), "name", "trainable", "dtype"} - set(config)
        expect(not missing, case, f"get_config lacks {sorted(missing)}.")
        for name in given(case, arguments):
            same = written(config[name]) == written(plain[name]) and name not in case.arguments
            expect(not same, case, f"config[{name!r}] keeps its default, though the layer has {arguments[name]!r}.")
        serialized = written(layer)
        revived = keras.saving.deserialize_keras_object(json.loads(serialized))
        expect(revived.name == "named", case, f"the name is lost in the config. Received: {revived.name!r}.")
        expect(not revived.trainable, case, "trainable=False is lost in the config.")
        expect(revived.compute_dtype == "float64", case, "the dtype policy is lost in the config.")
        expect(
            written(revived) == serialized,
            case,
            f"the config changes when a layer is made from it:\n{serialized}\nbecomes\n{written(revived)}",
        )


def check_keras_file(case):
    """Saved to `.keras` and loaded again, for every set of arguments, a model gives the same outputs."""
    with tempfile.TemporaryDirectory() as directory:
        for i, arguments in enumerate(case.sets()):
            path = os.path.join(directory, f"{i}.keras")
            model = model_of(case, arguments)
            model.save(path)
            loaded = keras.models.load_model(path)
            x = case.inputs(3, arguments)
            expect_close(loaded(x), model(x), case, f"outputs after loading, {arguments}", tolerance=1e-6)
            for before, after in zip(model.weights, loaded.weights):
                expect(np.array_equal(before.numpy(), after.numpy()), case, f"weight {before.name} is not restored.")


def check_fresh_process(cases):
    """Models of all these layers load in a new Python that has imported their modules, without `custom_objects`."""
    with tempfile.TemporaryDirectory() as directory:
        names, outputs = [], {}
        for case in cases:
            model, x = model_of(case, case.arguments), case.inputs(3)
            names.append(str(case))
            outputs[str(case)] = np.asarray(model(x))
            model.save(os.path.join(directory, f"{case}.keras"))
            np.save(os.path.join(directory, f"{case}.inputs.npy"), x)
        modules = sorted({case.layer.__module__ for case in cases})
        for module in modules:
            importlib.import_module(module)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        command = [sys.executable, "-c", LOADER, directory, json.dumps(modules), json.dumps(names)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            fail(", ".join(names), f"loading in a fresh process failed:\n{done.stderr[-2000:]}")
        for case in cases:
            loaded = np.load(os.path.join(directory, f"{case}.loaded.npy"))
            expect_close(loaded, outputs[str(case)], case, "outputs in a fresh process", tolerance=1e-6)


def model_of(case, arguments, **more):
    """A model of the layer alone, weights drawn at random."""
    layer = case.make(arguments, **more)
    model = keras.Sequential([keras.Input(case.sample_shape(arguments)), layer])
    redraw(layer)
    return model


def expect_variants_cover(case):
    covered = set().union(*(given(case, arguments) for arguments in case.sets()))
    left = set(case.parameters()) - covered
    expect(
        not left,
        case,
        f"no variant of its LayerCase gives {sorted(left)} a value that is not the default: the config check would "
        "see nothing.",
    )


def given(case, arguments):
    """Names of the arguments whose value is not the default."""
    parameters = case.parameters()
    return {name for name, value in arguments.items() if name in parameters and value != parameters[name].default}


def written(value):
    return json.dumps(keras.saving.serialize_keras_object(value), sort_keys=True)
