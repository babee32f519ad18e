"""Workers on this machine: free ports, TF_CONFIG, and an end for every process that a test started."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if name != "TF_CONFIG"}
    return {**kept, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", **more}


def cluster(count):
    """The TF_CONFIG of each worker. The ports are free now; all are held until all are chosen, so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        workers = [f"localhost:{each.getsockname()[1]}" for each in sockets]
    tasks = ({"type": "worker", "index": index} for index in range(count))
    return [json.dumps({"cluster": {"worker": workers}, "task": task}) for task in tasks]


@contextlib.contextmanager
def started(commands, directory):
    """The processes of these (arguments, further environment); none of them outlives the block.

    What they say goes to `directory/NUMBER.log`, so that no full pipe can stop them.
    """
    running = []
    try:
        for number, (arguments, more) in enumerate(commands):
            with open(directory / f"{number}.log", "w") as log:
                command = [sys.executable, *arguments]
                running.append(
                    subprocess.Popen(command, cwd=ROOT, env=environment(**more), stdout=log, stderr=subprocess.STDOUT)
                )
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


def finish(running, directory, seconds=240):
    """Wait for all; each must end well."""
    for number, process in enumerate(running):
        code = process.wait(timeout=seconds)
        assert code == 0, f"process {number}:\n{(directory / f'{number}.log').read_text()[-3000:]}"
