"""The client's side of `scripts/bench scale`, a process of its own: submits, then reads back.

It writes a line of JSON for each tenth of the submission, for the job, and, once told to go on, for
each tenth of the results.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import client_sides
from odoo_batch_job import AsyncClient

TENTHS = 10


class ClientProcess:
    """The client beside this process, from entry to exit."""

    def __init__(self, *arguments: str):
        self._command = [sys.executable, __file__, *arguments]

    def __enter__(self) -> ClientProcess:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True)
        return self

    def __exit__(self, *_error) -> None:
        self._process.kill()
        self._process.wait()

    def next(self) -> dict:
        """What it says next."""
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the client has ended")
        return json.loads(line)

    def go_on(self) -> None:
        self._process.stdin.write("\n")
        self._process.stdin.flush()


async def _run(url: str, database: str, key: str, size: int) -> None:
    async with AsyncClient(url, database=database, api_key=key) as client:
        _say(kind="ready")
        sys.stdin.readline()
        job = await client.submit(_operations(size))
        _say(job=job.id)
        sys.stdin.readline()
        read, begin = 0, time.perf_counter()
        async for result in client.results(job.id):
            assert result.index == read and result.success, result
            read += 1
            if read % (size // TENTHS) == 0:
                _say(seconds=time.perf_counter() - begin)
                begin = time.perf_counter()
        _say(read=read)


def _operations(size: int) -> Iterator[dict]:
    begin = time.perf_counter()
    for number, operation in enumerate(client_sides.operations(size), 1):
        yield operation
        if number % (size // TENTHS) == 0:
            _say(seconds=time.perf_counter() - begin)
            begin = time.perf_counter()


def _say(**what) -> None:
    print(json.dumps({**what, "pid": os.getpid()}), flush=True)


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:4], int(sys.argv[4])))
