"""Worker: compile HLO for a TPU that need not be there. Run as a script; it imports JAX alone, with libtpu's compiler.

Reads a JSON file `{"topology": name, "options": {...}, "programs": [files]}`, prints as JSON `{"figures": [...]}`, one dict
for each program, `{"error": text}` in the place of one that does not compile; or `{"unsuitable": text}` where JAX or libtpu
is missing or another than this file knows. JAX has no public way to compile HLO of another program: every private name of
JAX that the package uses is in this file, and setup.cfg pins the versions that have them.
"""

import json
import os
import re
import sys

os.environ["JAX_PLATFORMS"] = "cpu"  # libtpu is asked for its compiler alone
os.environ["ALLOW_MULTIPLE_LIBTPU_LOAD"] = "1"
os.environ.setdefault("TPU_SKIP_MDS_QUERY", "1")  # or it looks for a TPU on the network


class Unsuitable(Exception):
    pass


class Compiler:
    """libtpu's, for one core of a topology."""

    def __init__(self, topology, options):
        try:
            from jax._src.interpreters import mlir
            from jax._src.lib import _jax, xla_client
            from jax.experimental import topologies
            from jaxlib.mlir import ir

            self.to_stablehlo, self.context = _jax.mlir.hlo_to_stablehlo, mlir.make_ir_context
            self.parse, self.computation = ir.Module.parse, xla_client.XlaComputation
            self.from_text = xla_client.hlo.hlo_module_from_text
            self.options = xla_client.CompileOptions()
            self.options.env_option_overrides = list(options.items())
            self.device_list, self.Error = xla_client.DeviceList, _jax.JaxRuntimeError
        except (ImportError, AttributeError, TypeError) as error:
            raise Unsuitable(f"{type(error).__name__}: {error}") from error
        try:
            self.device = topologies.get_topology_desc(platform="tpu", topology_name=topology).devices[0]
        except (RuntimeError, ValueError, NotImplementedError) as error:
            raise Unsuitable(f"topology {topology!r}: {error}") from error

    def compiled(self, hlo):
        if b"\x12\x04copy" in hlo:  # the opcode
            hlo = self.without_copies(hlo)
        with self.context():
            module = self.parse(self.to_stablehlo(hlo))
        return self.device.client.compile(module, self.device_list((self.device,)), self.options)

    def without_copies(self, hlo):
        """TensorFlow returns an updated variable as a copy, an op that StableHLO lacks; a reshape to the same shape is none."""
        text = self.computation(hlo).as_hlo_text(print_large_constants=True)
        return self.from_text(text.replace(" copy(", " reshape(")).as_serialized_hlo_module_proto()

    def figures(self, hlo):
        try:
            executable = self.compiled(hlo)
        except self.Error as error:
            return {"error": str(error)}
        cost, memory = executable.cost_analysis(), executable.get_compiled_memory_stats()
        text = executable.hlo_modules()[0].to_string()
        seconds, uncosted = float(cost.get("optimal_seconds", 0.0)), 0
        while seconds < 0:  # an op that the compiler cannot cost counts as minus one second
            seconds, uncosted = seconds + 1, uncosted + 1
        return {
            "flops": float(cost.get("flops", 0.0)),
            "bytes": float(cost.get("bytes accessed", 0.0)),
            "seconds": seconds,
            "uncosted": uncosted,
            "cycles": cycles(text),
            "loops": len(re.findall(r"\) while\(", text)),
            "arguments": memory.argument_size_in_bytes,
            "outputs": memory.output_size_in_bytes,
            "temporary": memory.temp_size_in_bytes,
        }


def cycles(text):
    """The sum of what the compiler's scheduler takes for the ops of the program, one after another; loops not counted."""
    entry = text[text.index("\nENTRY ") :]
    return sum(int(found) for found in re.findall(r'"estimated_cycles":"(\d{1,12})"', entry))


def main(path):
    with open(path) as file:
        asked = json.load(file)
    try:
        compiler = Compiler(asked["topology"], asked["options"])
    except Unsuitable as error:
        print(json.dumps({"unsuitable": str(error)}))
        return
    figures = []
    for program in asked["programs"]:
        with open(program, "rb") as file:
            figures.append(compiler.figures(file.read()))
    print(json.dumps({"figures": figures}))


if __name__ == "__main__":
    main(*sys.argv[1:])
