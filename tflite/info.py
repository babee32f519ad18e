"""The command `info`: what a file takes, gives and is made of."""

import partitions
from model import Model
from options import positive

NOTES = """\
XNNPACK computes the ops of one part without leaving it. Ops outside run on LiteRT's own kernels, and each new part costs
copies; a convolution whose kernel is computed is such an op, which is why `to_tflite` writes it in another form.
"""


def add(commands):
    parser = commands.add_parser("info", help="inputs, outputs, signatures, ops and size", epilog=NOTES)
    parser.add_argument("model", help="the .tflite file")
    parser.add_argument("--threads", type=positive, default=1, help="of the interpreter (default: 1)")
    return parser


def run(asked):
    model = Model(asked.model, asked.threads)
    ops = partitions.ops(model)
    parts, outside = partitions.left_out(model)
    return {
        "model": asked.model,
        "bytes": model.size,
        "inputs": [tensor.as_dict() for tensor in model.inputs.values()],
        "outputs": [tensor.as_dict() for tensor in model.outputs.values()],
        "signatures": model.interpreter.get_signature_list(),
        "ops": ops,
        "delegate": {"parts": parts, "ops_outside": outside},
    }


def show(result):
    print(f"{result['model']}: {result['bytes']:,} bytes")
    for kind in ("inputs", "outputs"):
        for tensor in result[kind]:
            print(f"{kind[:-1]:6} {described(tensor)}")
    for name, signature in result["signatures"].items():
        print(f"signature {name}: {', '.join(signature['inputs'])} -> {', '.join(signature['outputs'])}")
    print("ops:", listed(result["ops"]))
    delegate = result["delegate"]
    print(f"XNNPACK: {delegate['parts']} part(s); outside of it: {listed(delegate['ops_outside']) or 'nothing'}")


def described(tensor):
    quantization = tensor["quantization"]
    stands_for = f", {quantization['scale']:.6g} * (q - {quantization['zero_point']})" if quantization else ""
    return f"{tensor['name']}: {tensor['dtype']} {tuple(tensor['shape'])}{stands_for}"


def listed(ops):
    return ", ".join(f"{name} {count}" for name, count in ops.items())
