"""The TPU compiler of libtpu, in a process of its own: TensorFlow and libtpu in one are a risk."""

import dataclasses
import json
import os
import tempfile

from tfdynconv.export import child

# generation: the smallest part of it that the compiler has a name for
TOPOLOGIES = {"v2": "2x2", "v3": "2x2", "v4": "2x2x1", "v5e": "2x2", "v5p": "2x2x1", "v6e": "2x2"}


@dataclasses.dataclass(frozen=True)
class Figures:
    """What the compiler says of one program on one core.

    Attributes:
        flops: floating-point operations.
        bytes: read and written by all ops; an argument that is fetched ahead into fast memory counts several times.
        seconds: the compiler's estimate of the time. An op that it cannot cost counts as minus one second in its own sum;
            these are added back, as long as the rest is below a second.
        uncosted: how many such ops there are.
        cycles: another estimate, the scheduler's: the sum of the clock cycles of all ops, loops left out.
        loops: how many loops it has; the compiler counts each body once, however often it runs.
        arguments, outputs, temporary: bytes of memory; the arguments have the weights among them.
        error: what the compiler said, where it does not compile; then there is nothing else.
    """

    flops: float = 0.0
    bytes: float = 0.0
    seconds: float = 0.0
    uncosted: int = 0
    cycles: int = 0
    loops: int = 0
    arguments: int = 0
    outputs: int = 0
    temporary: int = 0
    error: str | None = None


def topology_named(name, caller):
    """`"v5e"` as `"v5e:2x2"`, and a name in full as it is."""
    generation = name.partition(":")[0] if isinstance(name, str) else None
    if generation not in TOPOLOGIES:
        accepted = ", ".join(f"{generation}:{shape}" for generation, shape in TOPOLOGIES.items())
        raise ValueError(
            f"{caller}: unknown TPU topology. Expected a generation and its shape, one of {accepted}, or a larger shape. "
            f"Received: topology={name!r}."
        )
    return name if ":" in name else f"{name}:{TOPOLOGIES[name]}"


def compile_programs(programs, topology, caller, options=None):
    """`Figures` of each of several HLO programs, serialized, in the order given; `options` are the compiler's own."""
    topology = topology_named(topology, caller)
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f"{index}.hlo") for index in range(len(programs))]
        for path, program in zip(paths, programs):
            with open(path, "wb") as file:
                file.write(program)
        jobs = os.path.join(folder, "jobs.json")
        with open(jobs, "w") as file:
            json.dump({"topology": topology, "options": options or {}, "programs": paths}, file)
        try:
            answer = json.loads(child.run("worker_tpu.py", jobs, caller=caller).splitlines()[-1])
        except child.ChildError as error:
            raise ValueError(f"{caller}: the TPU compiler ended without an answer {error}") from error
    if "unsuitable" in answer:
        raise ValueError(
            f"{caller}: needs the TPU compiler of libtpu, through JAX, in the versions that the extra names: "
            f"pip install 'tfdynconv[tpu]'. What is installed here said: {answer['unsuitable'][:500]}"
        )
    return [Figures(**found) for found in answer["figures"]]
