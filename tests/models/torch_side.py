"""PyTorch's half of `test_peers.py`, in a process of its own: some versions of PyTorch crash behind TensorFlow.

python tests/models/torch_side.py timm tf_efficientnet_cc_b0_4e FOLDER weights.safetensors

Leaves in the folder: the weights, `images.npy` (channels last) and `logits.npy`.
"""

import pathlib
import sys

import numpy as np
import torch


def network(package, name):
    if package == "timm":
        import timm

        return timm.create_model(name)
    import torchvision

    return getattr(torchvision.models, name)(weights=None)


def settle(model, images):
    """Running statistics of these images, as after a training."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # the mean of all batches
    with torch.no_grad():
        model.train()(images)
    model.eval()


class Trap:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def main(package, name, folder, file):
    folder = pathlib.Path(folder)
    if package == "trap":
        torch.save({"fc.bias": Trap(name)}, folder / file)
        return
    torch.manual_seed(0)
    model, images = network(package, name), torch.randn(4, 3, 224, 224)
    settle(model, images)
    with torch.no_grad():
        np.save(folder / "logits.npy", model(images).numpy())
    np.save(folder / "images.npy", images.numpy().transpose(0, 2, 3, 1))
    if file.endswith(".safetensors"):
        from safetensors.torch import save_file

        save_file(model.state_dict(), str(folder / file))
    else:  # as a training script on several GPUs does
        torch.save(
            {"state_dict": {f"module.{key}": tensor for key, tensor in model.state_dict().items()}}, folder / file
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
