"""Machines that are made up."""

from tfdynconv.ops import machine


def paces(multiply_add=0.0, byte=0.0, sample=0.0, slow=()):
    """On which every lowering takes so many nanoseconds, those in `slow` a thousand times as many, and "unrolled" too: with
    bytes alone it would be taken nearly everywhere."""
    nanoseconds = dict(zip(machine.UNITS, (multiply_add, byte, sample)))

    def pace(name):
        return {
            unit: 1e-9 * (value or 1e-6) * (1000 if name in (*slow, "unrolled") else 1)
            for unit, value in nanoseconds.items()
        }

    return machine.Machine({where: {name: pace(name) for name in names} for where, names in machine.LOWERINGS.items()})
