"""Where the CPU time of a job goes, step by step."""

from __future__ import annotations

import functools
import time
from collections import Counter
from contextlib import contextmanager
from importlib import import_module
from statistics import median

from jobs import owner_env, run_job
from machine import cpu_of

# (model, or class of the queue; method; its name in the report); a step inside another is not
# counted in that one
STEPS = (
    ("claim.Claims", "claim", "claim a chunk, commit"),
    ("batch.job.chunk", "_is_ours", "lock the chunk"),
    ("batch.job.operation", "_pending", "read operations"),
    ("work.Work", "_run_chunk", "apply them (what a loop does, checks, savepoint)"),
    ("batch.job.outcome", "_record", "write outcomes"),
    ("batch.job.chunk", "_add_counts", "write counts"),
    ("chunk_lock.ChunkLocks", "release", "release the lock"),
    ("chunk_transaction.ChunkTransaction", "commit", "commit"),
    ("chunk_lock.ChunkLocks", "let_go", "make sure the lock is gone"),
    ("runner.Runner", "_report", "report progress, commit"),
    ("runner.Runner", "run", "the rest of the runner"),
)


def costs(registry, user_id: int, works: list, repeat: int) -> dict:
    """Milliseconds of CPU, Python's and PostgreSQL's, per chunk and step."""
    tables = {}
    for work in works:
        rounds = [_one_job(registry, user_id, work) for _number in range(repeat + 1)][1:]
        tables[work.name] = {step: median(one[step] for one in rounds) for step in rounds[0]}
    return {
        "name": "costs",
        "chunk_size": works[0].chunk_size,
        "tables": tables,
        "in_place": _updates_in_place(registry),
    }


def _one_job(registry, user_id, work) -> dict[str, float]:
    with registry.cursor() as cr:
        data = work.prepare(owner_env(cr, user_id))
        cr.commit()
    with _observed(registry) as steps:
        run_job(registry, user_id, work.operations(data), chunk_size=work.chunk_size)
    with registry.cursor() as cr:
        work.clean(owner_env(cr, user_id))
    chunks = -(-len(data) // work.chunk_size)
    return {name: 1e3 * steps.cpu[name] / chunks for _model, _method, name in STEPS}


class _Steps:
    """CPU seconds per step, of this process and of the database's side of the runner's cursor."""

    def __init__(self):
        self.cpu = Counter()
        self._stack = []
        self._last = 0.0
        self._pid = None

    @contextmanager
    def within(self, name, cr):
        self._book(cr)
        self._stack.append(name)
        try:
            yield
        finally:
            self._book(cr)
            self._stack.pop()

    def _book(self, cr):
        pid = None if cr.closed else cr.connection.info.backend_pid
        now = time.process_time() + (cpu_of(pid) if pid else 0.0)
        if self._stack and pid == self._pid:
            self.cpu[self._stack[-1]] += now - self._last
        self._last, self._pid = now, pid


@contextmanager
def _observed(registry):
    steps = _Steps()
    originals = []
    for holder, method, name in STEPS:
        one = _class_of(registry, holder)
        originals.append((one, method, vars(one).get(method)))
        setattr(one, method, _wrapped(getattr(one, method), name, steps))
    try:
        yield steps
    finally:
        for one, method, original in originals:
            if original is None:  # a model inherits it
                delattr(one, method)
            else:
                setattr(one, method, original)


def _class_of(registry, holder):
    if holder in registry:
        return registry[holder]
    module, name = holder.split(".")
    return getattr(import_module(f"odoo.addons.batch_job.dispatch.{module}"), name)


def _wrapped(original, name, steps):
    @functools.wraps(original)
    def step(self, *args, **kwargs):
        with steps.within(name, self.env.cr):
            return original(self, *args, **kwargs)

    return step


def _updates_in_place(registry) -> float:
    """Share of the outcomes that were written without touching an index."""
    with registry.cursor() as cr:
        cr.execute(
            "SELECT n_tup_hot_upd::float / n_tup_upd FROM pg_stat_user_tables"
            " WHERE relname = 'batch_job_operation'"
        )
        return cr.fetchone()[0]
