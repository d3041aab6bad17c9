"""What an operation costs on its way from a client to the tables and back, beside the ORM's work.

CPU time, Python's and PostgreSQL's: other programs on the machine change it little. No network and
no runner takes part; the steps are those of the client and of the server's methods.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from statistics import median

from jobs import owner_env
from machine import cpu_of
from odoo_batch_job._models import OperationResult
from odoo_batch_job._packing import PART_BYTES, pack
from odoo_batch_job._rpc import PAGE
from workloads import MODEL, _values

from odoo.tools.json import json_default

MICROSECONDS = 1e6


def path(registry, user_id: int, size: int, chunk_size: int, repeat: int) -> dict:
    """Microseconds of CPU of each step, for one operation: the median of `repeat` rounds."""
    rounds = []
    for _number in range(repeat + 1):
        with registry.cursor() as cr:
            rounds.append(_Way(owner_env(cr, user_id), size, chunk_size).go())
    steps = {step: median(one[step] for one in rounds[1:]) for step in rounds[0]}
    return {"name": "path", "operations": size, "chunk_size": chunk_size, "steps": steps}


class _Way:
    """The steps of one round; `spent`: microseconds of CPU for one operation, by step."""

    def __init__(self, env, size: int, chunk_size: int):
        self.env = env
        self.size, self.chunk_size = size, chunk_size
        self.spent: dict[str, float] = {}

    def go(self) -> dict[str, float]:
        parts = self._step("client: pack the operations", lambda: asyncio.run(self._pack()))
        bodies = self._step("server: read the bodies", lambda: [json.loads(one) for one in parts])
        jobs = self._step("server: check and store", lambda: [self._submit(one) for one in bodies])
        chunks = self._step("runner: read the operations", lambda: list(self._read(jobs)))
        self._step("runner: write the outcomes", lambda: self._record(chunks))
        pages = self._step("server: read and send results", lambda: list(self._pages(jobs)))
        results = self._step("client: read the results", lambda: self._results(pages))
        assert len(results) == self.size
        self.env["batch.job"].browse([job_id for job_id, _total in jobs]).unlink()
        self.env.cr.commit()
        return self.spent

    def _step(self, name: str, act):
        with self._measured(name):
            return act()

    @contextmanager
    def _measured(self, name: str):
        pid = self.env.cr.connection.info.backend_pid
        begin = time.process_time() + cpu_of(pid)
        yield
        self.env.cr.commit()  # as the transactions of real calls and chunks do
        spent = time.process_time() + cpu_of(pid) - begin
        self.spent[name] = MICROSECONDS * spent / self.size

    async def _pack(self) -> list[bytes]:
        generated = (
            {"op": "create", "model": MODEL, "values": _values()} for _n in range(self.size)
        )
        return [part async for part in pack(generated, PART_BYTES)]

    def _submit(self, operations: list[dict]) -> tuple[int, int]:
        status = self.env["batch.job"].submit(operations, start=False)
        return status["id"], status["total"]

    def _read(self, jobs) -> Iterator[tuple[int, list]]:
        for job_id, total in jobs:
            for first in range(0, total, self.chunk_size):
                last = first + self.chunk_size - 1
                yield job_id, self.env["batch.job.operation"]._pending(job_id, first, last)

    def _record(self, chunks) -> None:
        outcome = import_module("odoo.addons.batch_job.engine.outcomes").Outcome
        for job_id, operations in chunks:
            done = [outcome(one.position, "done", ids=[one.position + 1]) for one in operations]
            self.env["batch.job.operation"]._record(job_id, done)

    def _pages(self, jobs) -> Iterator[str]:
        for job_id, _total in jobs:
            job, following = self.env["batch.job"].browse(job_id), -1
            while following is not None:
                page = job.results(after=following, limit=PAGE)
                following = page["next"]
                yield json.dumps(page, ensure_ascii=False, default=json_default)

    def _results(self, pages: list[str]) -> list[OperationResult]:
        return [
            OperationResult.from_json(one) for page in pages for one in json.loads(page)["results"]
        ]
