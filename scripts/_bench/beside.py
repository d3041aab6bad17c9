"""As many chunks at once as pay against one at a time, where side by side cannot pay: on a real
server with two cron processes."""

from __future__ import annotations

import time
from contextlib import contextmanager
from statistics import median

from jobs import ENDED, net_seconds, owner_env
from parallel import server
from workloads import MODEL, Create, delete_partners, make_partners

from odoo.modules.registry import Registry

WAIT = 600  # seconds for a job

NO_GAP = """
    CREATE TABLE batch_job_bench_no_gap (next int);
    INSERT INTO batch_job_bench_no_gap VALUES (1);
    CREATE FUNCTION batch_job_bench_no_gap() RETURNS trigger LANGUAGE plpgsql AS '
        BEGIN
            -- as a sequence of Odoo without gaps does
            PERFORM next FROM batch_job_bench_no_gap FOR UPDATE NOWAIT;
            UPDATE batch_job_bench_no_gap SET next = next + 1;
            RETURN NEW;
        END';
    CREATE TRIGGER batch_job_bench_no_gap BEFORE INSERT ON res_partner
        FOR EACH ROW EXECUTE FUNCTION batch_job_bench_no_gap();
"""
NO_NO_GAP = """
    DROP TRIGGER batch_job_bench_no_gap ON res_partner;
    DROP FUNCTION batch_job_bench_no_gap();
    DROP TABLE batch_job_bench_no_gap;
"""


def beside(database: str, user_id: int, size: int, chunk_size: int, repeat: int) -> dict:
    """Run each kind of job with `max_parallel` 1 and 0, in turn."""
    kinds = {"clean": _clean, "one_row": _one_row, "no_gap": _no_gap}
    kinds |= {"bad_0.5%": _bad(200), "bad_10%": _bad(10), "alternating": _alternating}
    registry, rounds, ratios = Registry(database), [], {}
    with server(database, 2):
        for kind, prepared in kinds.items():
            found = []
            for number in range(repeat + 1):
                rates = [
                    _rate(registry, user_id, prepared, size, chunk_size, parallel)
                    for parallel in ((1, 0) if number % 2 else (0, 1))
                ]
                one, pay = rates if number % 2 else rates[::-1]
                if number:  # the first round warms the server and is not counted
                    found.append({"kind": kind, "one": one, "as_many_as_pay": pay})
            ratios[kind] = median(one["as_many_as_pay"] / one["one"] for one in found)
            rounds += found
    return {"name": "beside", "operations": size, "rounds": rounds, "median": ratios}


def _rate(registry, user_id, prepared, size, chunk_size, parallel) -> float:
    """Operations per second from the first claim to the last commit."""
    with registry.cursor() as cr:
        env = owner_env(cr, user_id)
        with prepared(env, size) as operations:
            options = {"chunk_size": chunk_size, "max_parallel": parallel}
            job_id = env["batch.job"].submit(operations, **options)["id"]
            cr.commit()
            _wait_for(cr, job_id)
            seconds = net_seconds(cr, job_id)
        delete_partners(env)
    return len(operations) / seconds


def _wait_for(cr, job_id: int) -> None:
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        cr.execute("SELECT state, error, cause_counts FROM batch_job WHERE id = %s", [job_id])
        state, error, causes = cr.fetchone()
        cr.rollback()
        if state in ENDED:
            if any(cause["type"] == "conflict" for cause in causes or ()):
                raise AssertionError(f"job {job_id}: {error}")
            return
        time.sleep(0.02)
    raise TimeoutError(f"job {job_id} has not ended within {WAIT} s")


@contextmanager
def _clean(env, size):
    work = Create(size, 0)
    yield work.operations(work.prepare(env))


@contextmanager
def _one_row(env, size):
    (one,) = make_partners(env, 1)
    write = {"op": "write", "model": MODEL, "ids": [one]}
    yield [{**write, "values": {"function": f"F {number}"}} for number in range(size)]


@contextmanager
def _no_gap(env, size):
    env.cr.execute(NO_GAP)
    env.cr.commit()
    with _clean(env, size) as operations:
        yield operations
    env.cr.execute(NO_NO_GAP)
    env.cr.commit()


def _bad(every: int):
    @contextmanager
    def prepared(env, size):
        with _clean(env, size) as operations:
            for number in range(every // 2, size, every):
                # a check of the database: nobody knows it beforehand
                operations[number]["values"]["name"] = False
            yield operations

    return prepared


@contextmanager
def _alternating(env, size):
    ids = make_partners(env, size // 2)
    with _clean(env, size // 2) as creates:
        write = {"op": "write", "model": MODEL}
        yield [
            operation
            for one, create in zip(ids, creates, strict=True)
            for operation in (create, {**write, "ids": [one], "values": {"function": f"F {one}"}})
        ]
