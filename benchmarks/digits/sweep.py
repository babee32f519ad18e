"""All trainings, spread over processes (a module of its own because their start imports it)."""

import concurrent.futures
import multiprocessing
import statistics

import keras

from benchmarks.digits.network import layers, static_network, static_twin
from benchmarks.digits.training import Trainer, folds


def accuracies(name, policy, seeds, count, is_static=False):
    """For each seed the mean accuracy over folds, of a layer or of its static twin in the same network."""
    trainer = Trainer(name, static_twin(name) if is_static else layers()[name], policy)
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
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, spawn, one_thread, max_tasks_per_child=8) as pool:
        futures = {pool.submit(accuracies, *task): key for key, task in sorted(tasks.items())}
        for future in concurrent.futures.as_completed(futures):
            done[futures[future]] = future.result()
            bar.add(1)
            yield done
