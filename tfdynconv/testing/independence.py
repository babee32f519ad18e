"""At inference no sample of a batch knows of the others."""

import numpy as np

from tfdynconv.testing.compare import expect_close


def check_samples_independent(case):
    """A batch gives what its samples give one by one, and changing one sample changes no other's output."""
    for arguments in case.sets():
        layer, x = case.made(arguments), case.inputs(4, arguments)
        together = np.asarray(layer(x, training=False))
        alone = np.concatenate([layer(x[i : i + 1], training=False) for i in range(4)])
        expect_close(together, alone, case, f"a batch against its samples one by one, {arguments}")
        changed = np.concatenate([x[:2], 5 * case.inputs(1, arguments, seed=9), x[3:]])
        outputs = np.asarray(layer(changed, training=False))
        others = [0, 1, 3]
        expect_close(outputs[others], together[others], case, f"after a change of another sample, {arguments}", 1e-6)
