"""Rows that failed, downloaded, corrected and uploaded on a real server."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from exactness import assert_counters, call, create
from files import Browser, encoded
from gates import Gate
from kills import kill_at
from waiting import wait_until

ROW = "test.batch.row"
GATE = 471
COLUMNS = ["name", "code", "number", "country_id/code", "ratio"]
LARGE, BAD = 20_000, 3_000
WAITING = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'batch_job_event'::regclass"


@pytest.fixture(scope="module")
def server_options():
    """One HTTP worker, which has every request."""
    return {"workers": 1}


@pytest.fixture
def browser(server, database):
    person = Browser(server.url, database.name)
    yield person
    person.close()


def contents(database, job):
    return database.rows(
        "SELECT index, state, payload, replaced FROM batch_job_operation WHERE job_id = %s"
        " ORDER BY index",
        job,
    )


def http_worker(server):
    """The child of the master that is neither a cron worker nor the one for websockets."""
    others = set(server.cron_workers())
    for process in server.processes():
        with open(f"/proc/{process}/cmdline") as command:
            if process not in others and "gevent" not in command.read().split("\0"):
                return process
    raise AssertionError("no HTTP worker")


def names(database, prefix):
    query = "SELECT name FROM test_batch_item WHERE name LIKE %s ORDER BY name"
    return database.column(query, f"{prefix} %")


def test_killed_between_replacing_and_running(server, database, rpc, gates):
    """The process that corrects dies when the rows are replaced and not yet queued: nothing has
    changed. The same correction again is done once, also when the worker that runs it dies."""
    prefix = "corrected"
    operations = [create(f"{prefix} 0"), call("create_gated", name=False), create(False)]
    job = rpc.submit(operations)
    assert_counters(rpc.wait(job), "partial", succeeded=1, failed=2)
    rows = [
        {"index": 1, "kwargs": {"name": f"{prefix} 1", "before": GATE}},
        {"index": 2, "values": {"name": f"{prefix} 2"}},
    ]
    before = contents(database, job)
    gates.append(Gate(database, "LOCK TABLE batch_job_event IN EXCLUSIVE MODE"))
    with ThreadPoolExecutor(1) as pool:
        correction = pool.submit(rpc.try_call, "batch.job", "correct", ids=[job], rows=rows)
        (session,) = wait_until("the correction waits", lambda: database.column(WAITING))
        server.kill(http_worker(server))
        gates[-1].open()
        with pytest.raises(httpx.TransportError):
            correction.result()
    alive = "SELECT FROM pg_stat_activity WHERE pid = %s"
    wait_until("its session is gone", lambda: not database.rows(alive, session))
    assert contents(database, job) == before
    assert rpc.job("status", job)["state"] == "partial"

    gates.append(Gate.numbered(database, GATE))
    assert rpc.job("correct", job, rows=rows)["correction"]["corrected"] == 2
    kill_at(server, job, gates[-1])
    assert_counters(rpc.wait(job, 120), "done", succeeded=3)
    assert names(database, prefix) == [f"{prefix} {number}" for number in range(3)]
    needs_runner = "SELECT needs_runner FROM batch_job WHERE id = %s"
    assert (database.value(needs_runner, job), database.chunk_locks()) == (False, 0)


def test_a_file_over_http(database, rpc, browser):
    """What a browser downloads can be corrected and uploaded; a formula stays a text."""
    prefix = "over http"
    job = rpc.submit([create(f"{prefix} 0"), create(False, value=7), create(False, value=8)])
    rpc.wait(job)
    for turn, kind in enumerate(("xlsx", "csv")):
        table = browser.rows(job, kind)
        assert table[0] == ["Job", "Row", "Error", "name", "value"]
        table[1][3] = f"=1+{turn}"
        rpc.job("correct_file", job, file=encoded(table[:2], kind))
        rpc.wait(job)
    assert_counters(rpc.job("status", job), "done", succeeded=3)
    found = database.rows("SELECT name, value FROM test_batch_item WHERE name LIKE '=%%'")
    assert sorted(found) == [("=1+0", 7), ("=1+1", 8)]


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_3000_of_20000(database, rpc, browser, say):
    """Four causes of failures, one at a time, as XLSX and CSV, until all records are there."""
    job = rpc.submit([load(number) for number in range(LARGE)], name="large")
    assert_counters(rpc.wait(job, 600), "partial", succeeded=LARGE - BAD, failed=BAD)
    (record,) = rpc.call("batch.job", "read", ids=[job], fields=["causes"])
    causes = record["causes"]
    assert sorted(cause["count"] for cause in causes) == [500, 500, 1000, 1000]
    for turn, cause in enumerate(causes):
        kind = ("xlsx", "csv")[turn % 2]
        head, *lines = browser.rows(job, kind, cause)
        assert len(lines) == cause["count"]
        corrected = [[*line[:3], *right_cells(int(line[1]) - 1)] for line in reversed(lines)]
        report = rpc.job("correct_file", job, file=encoded([head, *corrected], kind))["correction"]
        assert (report["corrected"], report["again"]) == (len(lines), len(lines))
        status = rpc.wait(job, 600)
        say(f"{len(lines)} rows as {kind}: {status['succeeded']} of {LARGE}")
    assert_counters(rpc.job("status", job), "done", succeeded=LARGE)
    found = database.rows(
        "SELECT r.name, r.code, r.number, c.code, r.ratio FROM test_batch_row r"
        " JOIN res_country c ON c.id = r.country_id WHERE r.name LIKE 'large %%'"
    )
    right = [right_cells(number) for number in range(LARGE)]
    expected = [(a, b, int(c), d, float(e)) for a, b, c, d, e in right]
    assert sorted(found) == sorted(expected)


def right_cells(number):
    """A formula-like text among them."""
    return [f"large {number}", f"=1+{number}", str(number % 999), "BE", "0.5"]


def load(number):
    row = right_cells(number)
    if number % 20 == 0:
        row[0] = ""
    elif number % 20 == 7:
        row[2] = "5000"
    elif number % 20 == 14:
        place, cell = (3, "ZZ") if number % 40 == 14 else (4, "much")
        row[place] = cell
    return {"op": "load", "model": ROW, "fields": COLUMNS, "row": row}
