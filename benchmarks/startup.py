"""Print what the package adds before the first step: seconds of its import, and of tracing 50 layers, over a static twin.

python -m benchmarks.startup             # both, some four minutes
python -m benchmarks.startup --profile DynamicConv2D    # ops of the graphs, where the time of tracing goes

Every figure is the median of fresh processes, so that nothing is there from the time before. The model: five stages of ten 3x3
convolutions, the first of each at stride 2, with 8 to 48 filters; the batch is unknown, as `model.fit` traces it.
"""

import argparse
import cProfile
import json
import pstats
import statistics
import subprocess
import sys
import time

LAYERS = {"CondConv2D": {}, "DynamicConv2D": {}, "ODConv2D": {}}
TWINS = ("static", "dynamic")
STAGES = (8, 16, 24, 32, 48)
IMPORT = """
import time, tensorflow, keras
keras.layers, keras.Model  # TensorFlow loads Keras when it is used
begin = time.perf_counter()
import tfdynconv
print(time.perf_counter() - begin)
"""


def fresh(arguments):
    """What a new Python prints, as JSON."""
    done = subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def network(layer, **arguments):
    import keras

    x = inputs = keras.Input([64, 64, 3])
    for filters in STAGES:
        for i in range(10):
            x = layer(filters, 3, strides=1 if i else 2, padding="same", activation="relu", **arguments)(x)
    return keras.Model(inputs, x)


def traces(model):
    """Functions that trace a forward pass and a training step of the model."""
    import tensorflow as tf

    signature = tf.TensorSpec([None, *model.input_shape[1:]])
    weights = [getattr(weight, "value", weight) for weight in model.trainable_weights]
    weights = [weight() if callable(weight) else weight for weight in weights]

    def forward(x):
        return model(x, training=False)

    def training(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(model(x, training=True)))
        return tape.gradient(loss, weights)

    return {
        name: lambda function=function: tf.function(function, autograph=False).get_concrete_function(signature)
        for name, function in (("forward", forward), ("training", training))
    }


def models(name):
    import keras

    import tfdynconv

    return {"static": (keras.layers.Conv2D, {}), "dynamic": (getattr(tfdynconv, name), LAYERS[name])}


def seconds_of(name, twin):
    """`{kind: seconds}` of tracing, in this process."""
    for trace in traces(network_of_one()).values():
        trace()  # what TensorFlow loads at the first trace
    layer, arguments = models(name)[twin]
    times = {}
    for kind, trace in traces(network(layer, **arguments)).items():
        begin = time.perf_counter()
        trace()
        times[kind] = time.perf_counter() - begin
    return times


def network_of_one():
    import keras

    return keras.Sequential([keras.Input([8, 8, 3]), keras.layers.Conv2D(4, 3, activation="relu")])


def profile(name):
    for twin, (layer, arguments) in models(name).items():
        for kind, trace in traces(network(layer, **arguments)).items():
            profiler = cProfile.Profile()
            traced = profiler.runcall(trace).graph
            called = traced.as_graph_def().library.function
            inside = sum(len(function.node_def) for function in called)
            print(
                f"{name}, {twin}, {kind}: {len(traced.get_operations())} ops, {inside} in {len(called)} functions beneath"
            )
            if twin == "dynamic":
                pstats.Stats(profiler).sort_stats("cumulative").print_stats(60)


def rows(processes):
    for name in LAYERS:
        print(f"... {name}", file=sys.stderr, flush=True)
        runs = {twin: [] for twin in TWINS}
        for _ in range(processes):
            for twin, found in runs.items():
                found.append(fresh(["-m", "benchmarks.startup", "--layer", name, "--twin", twin]))
        for kind in ("forward", "training"):
            static, dynamic = (statistics.median(run[kind] for run in runs[twin]) for twin in TWINS)
            yield f"| {name}, {kind} | {static:.2f} | {dynamic:.2f} | {dynamic / static:.2f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=5)
    parser.add_argument("--profile", choices=LAYERS)
    parser.add_argument("--layer", choices=LAYERS, help=argparse.SUPPRESS)  # a process of its own, and for which twin
    parser.add_argument("--twin", choices=TWINS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.layer:
        print(json.dumps(seconds_of(asked.layer, asked.twin)))
    elif asked.profile:
        profile(asked.profile)
    else:
        imports = [fresh(["-c", IMPORT]) for _ in range(asked.processes)]
        print(f"import tfdynconv, beyond tensorflow and keras: {statistics.median(imports):.2f} s\n")
        print("| tracing 50 layers | static, s | dynamic, s | ratio |\n|---|---|---|---|")
        for row in rows(asked.processes):
            print(row, flush=True)


if __name__ == "__main__":
    main()
