"""Rows that failed, downloaded, corrected and uploaded on a real server."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest
from exactness import assert_counters, call, create
from files import Browser, encoded
from kills import kill_at
from rpc import Rpc
from waiting import wait_until

ROW = "test.batch.row"
GATE = 471
COLUMNS = ["name", "code", "number", "country_id/code", "ratio"]
LARGE, BAD = 20_000, 3_000


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


def http_workers(server):
    """The children of the master that are neither cron workers nor the one for websockets."""
    others = set(server.cron_workers())
    for process in server.processes():
        with open(f"/proc/{process}/cmdline") as command:
            if process not in others and "gevent" not in command.read().split("\0"):
                yield process


def kill_before_it_runs(server, database, gates, correct):
    """The process that corrects dies, with all that serve requests, when the rows are replaced and
    not yet queued."""
    gates.lock("LOCK TABLE batch_job_event IN EXCLUSIVE MODE")
    with ThreadPoolExecutor(1) as pool:
        correction = pool.submit(correct)
        (session,) = wait_until("the correction waits", database.sessions_that_wait)
        for process in http_workers(server):
            server.kill(process)
        gates[-1].open()
        with pytest.raises(httpx.TransportError):
            correction.result()
    alive = "SELECT FROM pg_stat_activity WHERE pid = %s"
    wait_until("its session is gone", lambda: not database.rows(alive, session))


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
    kill_before_it_runs(server, database, gates, lambda: rpc.job("correct", job, rows=rows))
    assert contents(database, job) == before
    assert rpc.job("status", job)["state"] == "partial"

    gates.shut(GATE)
    assert rpc.job("correct", job, rows=rows)["correction"]["corrected"] == 2
    kill_at(server, job, gates[-1])
    assert_counters(rpc.wait(job, 120), "done", succeeded=3)
    assert names(database, prefix) == [f"{prefix} {number}" for number in range(3)]
    assert (database.needs_runner(job), database.chunk_locks()) == (False, 0)


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
def test_3000_of_20000(server, database, rpc, browser, gates, say):
    """Four causes of failures, one at a time, as XLSX and CSV, each uploaded in another way, until
    all records are there, each once."""
    job = rpc.submit([load(number) for number in range(LARGE)], name="large")
    assert_counters(rpc.wait(job, 600), "partial", succeeded=LARGE - BAD, failed=BAD)
    (record,) = rpc.call("batch.job", "read", ids=[job], fields=["causes"])
    causes = record["causes"]
    assert [cause["count"] for cause in causes] == [1000, 1000, 500, 500]

    def killed(file):
        """Nothing has changed, and the same file again is done once."""
        before = contents(database, job)
        kill_before_it_runs(server, database, gates, file.upload)
        assert contents(database, job) == before
        file.runs(file.upload())

    ways = ((in_parts, "xlsx"), (twice, "csv"), (two_at_once, "xlsx"), (killed, "csv"))
    for cause, (way, kind) in zip(causes, ways, strict=True):
        head, *lines = browser.rows(job, kind, cause)
        assert len(lines) == cause["count"]
        begun = time.monotonic()
        way(File(rpc, job, kind, head, [corrected(line) for line in reversed(lines)]))
        seconds = time.monotonic() - begun
        say(f"{len(lines)} rows as {kind}, {way.__name__}: {seconds:.1f} s")
    assert_counters(rpc.job("status", job), "done", succeeded=LARGE)
    found = database.rows(
        "SELECT r.name, r.code, r.number, c.code, r.ratio FROM test_batch_row r"
        " JOIN res_country c ON c.id = r.country_id WHERE r.name LIKE 'large %%'"
    )
    right = [right_cells(number) for number in range(LARGE)]
    expected = [(a, b, int(c), d, float(e)) for a, b, c, d, e in right]
    assert sorted(found) == sorted(expected)


@dataclass
class File:
    """The corrected rows of a cause, to be uploaded."""

    rpc: Rpc
    job: int
    kind: str
    head: list
    lines: list

    def send(self, *lines):
        """The answer to a file with these lines; default: all."""
        file = encoded([self.head, *(lines or self.lines)], self.kind)
        return self.rpc.try_call("batch.job", "correct_file", ids=[self.job], file=file)

    def upload(self, *lines):
        """What became of these lines; default: of all."""
        reply = self.send(*lines)
        assert reply.code == 200, reply
        return reply.body["correction"]

    def runs(self, report, count=None):
        """So many rows, by default all, were corrected, run now, and succeed."""
        count = len(self.lines) if count is None else count
        assert (report["corrected"], report["again"]) == (count, count)
        self.rpc.wait(self.job, 600)
        assert not self.failed() & {int(line[1]) - 1 for line in self.lines[:count]}

    def failed(self):
        """The indexes of the job's rows that have failed."""
        found = self.rpc.job("results", self.job, state="failed", limit=BAD)["results"]
        return {outcome["index"] for outcome in found}


def in_parts(file):
    """A row that is there twice is refused; those of another job are left out; those that a file
    does not have stay as they are."""
    reply = file.send(*file.lines, file.lines[0])
    assert reply.code == 422
    row = file.lines[0][1]
    assert f"Lines 2 and {len(file.lines) + 2} are both row {row}" in reply.body["message"]
    failed = len(file.failed())
    foreign = [str(file.job + 1), *file.lines[-1][1:]]
    report = file.upload(*file.lines[:300], foreign)
    assert report["foreign"] == 1
    file.runs(report, 300)
    assert len(file.failed()) == failed - 300
    file.lines = file.lines[300:]
    file.runs(file.upload())


def twice(file):
    """The second time it changes nothing, at work and at the end."""
    first, second = file.upload(), file.upload()
    assert second["again"] == 0
    file.runs(first)
    third = file.upload()
    assert (third["done"], third["again"]) == (len(file.lines), 0)


def two_at_once(file):
    """One of them runs the rows."""
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _turn: file.upload(), range(2)))
    other, first = sorted(reports, key=lambda report: report["again"])
    assert other["again"] == 0
    file.runs(first)


def corrected(line):
    return [*line[:3], *right_cells(int(line[1]) - 1)]


def right_cells(number):
    """Formula-like texts among them."""
    code = f"=1+{number}" if number % 2 else f"+32 {number}"
    return [f"large {number}", code, str(number % 999), "BE", "0.5"]


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
