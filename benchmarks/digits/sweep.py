"""All trainings, spread over processes (a module of its own because their start imports it)."""

import multiprocessing
import statistics

import keras

from benchmarks.digits.network import layers, static_network, static_twin
from benchmarks.digits.training import digits_trainer, folds


def accuracies(name, policy, seeds, count, is_static=False):
    """For each seed the mean accuracy over folds, of a layer or of its static twin in the same network."""
    trainer = digits_trainer(name, static_twin(name) if is_static else layers()[name], policy)
    rows = folds(count)
    return [statistics.mean(trainer.train(seed, row) for row in rows) for seed in range(seeds)]


def one_thread():
    """These networks are too small for more; the processes share the cores."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def sweep(names, policies, seeds, count, jobs, known):
    """`{(name, policy): accuracies}`, growing from what is known; those of static networks under (`static_network`,
    "float32")."""
    tasks = {(name, policy): (name, policy, seeds, count) for name in names for policy in policies}
    for name in names:
        tasks[static_network(name), "float32"] = (name, "float32", seeds, count, True)
    tasks = {key: task for key, task in tasks.items() if key not in known}
    done, bar = dict(known), keras.utils.Progbar(len(tasks), unit_name="network")
    # new processes now and then: what a network was traced into stays in memory
    with multiprocessing.get_context("spawn").Pool(jobs, one_thread, maxtasksperchild=4) as pool:
        for key, result in pool.imap_unordered(run, sorted(tasks.items())):
            done[key] = result
            bar.add(1)
            yield done


def run(item):
    key, task = item
    return key, accuracies(*task)
