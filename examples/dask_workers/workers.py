"""workers.py: dask beyond one process: a scheduler and two workers of two interpreters each.

    python workers.py               starts all on the loopback interface, kills a worker, goes on
    python workers.py --tasks 400   more of them

It needs distributed and cloudpickle: pip install 'hpystate[pool]'. Each task calls the HPy
extension `atlas` of the folder beside this one, whose statics have one value per interpreter.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import time

import hpystate

INTERPRETERS = 2


def task(number: int, seconds: float = 0.01) -> tuple[int, int, int, int]:
    """Runs in an interpreter of a worker. (number, process, interpreter, loads that were wrong)"""
    import os
    import time

    import atlas

    from hpystate import _native

    interpreter = _native.state()["interpreter"]
    nonce = os.getpid() & 0xFFFF
    if "nothing" in atlas.report().values():
        atlas.start(interpreter, nonce)
    wrong, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        wrong += atlas.work(50, interpreter, nonce)[1]
    return number, os.getpid(), interpreter, wrong


async def serve(address: str) -> None:
    """A worker process: what `dask worker` starts, with an executor of ours."""
    from distributed import Worker

    from hpystate.pool.dask import DaskExecutor

    with hpystate.InterpreterPool(INTERPRETERS, modules=["atlas"]) as pool:
        async with Worker(address, nthreads=INTERPRETERS, executor=DaskExecutor(pool)) as worker:
            await worker.finished()


def drive(tasks: int) -> int:
    from distributed import Client, LocalCluster, as_completed

    # no workers of its own: this is the scheduler
    cluster = LocalCluster(n_workers=0, host="127.0.0.1", protocol="tcp", dashboard_address=":0")
    here = os.path.abspath(__file__)
    command = [sys.executable, here, "--serve", cluster.scheduler_address]
    workers = [subprocess.Popen(command) for _ in range(2)]
    try:
        with Client(cluster) as client:
            client.wait_for_workers(2, timeout=60)
            begin = time.monotonic()
            # by value: the workers do not have this file as a module
            futures = client.map(task, range(tasks), pure=False)
            killed = None
            places = set()
            for count, future in enumerate(as_completed(futures), 1):
                if killed is None:
                    places.add(future.result()[1:3])
                    if count >= tasks // 4:
                        killed = workers[0].pid
                        workers[0].send_signal(signal.SIGKILL)
            # what the worker that is gone had done is done again by the other one
            answers = client.gather(futures)
        wrong = sum(answer[3] for answer in answers)
        complete = [answer[0] for answer in answers] == list(range(tasks))
        print(
            f"{len(answers)} tasks in {time.monotonic() - begin:.1f} s; {len(places)} interpreters "
            f"of {len({process for process, _ in places})} processes worked until {killed} was "
            f"killed; "
            f"complete: {complete}; wrong loads: {wrong}"
        )
        return 0 if complete and wrong == 0 else 1
    finally:
        cluster.close()
        for worker in workers:
            worker.kill()
            worker.wait(30)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--serve", metavar="ADDRESS", help="be a worker of that scheduler")
    options = parser.parse_args()
    from hpystate.demo import build_extensions

    sys.path.insert(0, str(build_extensions()))
    hpystate.install()
    if options.serve is None:
        return drive(options.tasks)
    asyncio.run(serve(options.serve))
    return 0


if __name__ == "__main__":
    sys.exit(main())
