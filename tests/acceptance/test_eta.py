"""When a job begins whose time has come."""

import time
from datetime import timedelta

import pytest
from exactness import call, create, creates
from rpc import Watcher
from waiting import wait_until

# seconds, while a runner works or somebody watches: 2 on an idle machine (see the long test), here
# as long as a busy one may take, and not the minute that it takes without
SOON, AT_LAST = 2.0, 15.0
LATEST = 75.0  # seconds, else
JOBS = 100
GATE = 301
LATE = """
    SELECT extract(epoch FROM started_at - eta)::float
      FROM batch_job WHERE id = ANY(%s) ORDER BY id
"""


@pytest.fixture(scope="module", autouse=True)
def warm(rpc):
    """The workers have loaded Odoo: at the first job of a new worker, that takes seconds."""
    assert rpc.wait(rpc.submit([create("first")]))["state"] == "done"


def submit(rpc, database, name, seconds):
    """A job that may begin in so many seconds, rounded up: an eta has whole seconds."""
    eta = database.now() + timedelta(seconds=seconds + 1)
    return rpc.submit([create(name)], eta=eta.isoformat(timespec="seconds"))


def watch_each(rpc, since):
    """Ask for the status of each job, every second from a moment on until the job has begun. A
    hundred jobs that are asked for from the beginning would keep the whole machine busy.

    :param since: job -> monotonic seconds
    """
    waiting = dict(since)
    while waiting:
        began = time.monotonic()
        for job in [job for job, moment in waiting.items() if moment <= began]:
            if rpc.job("status", job)["started_at"]:
                del waiting[job]
        time.sleep(max(0.0, 1.0 - (time.monotonic() - began)))


def seconds_late(database, jobs, patience):
    """Wait until all have begun."""

    def late():
        found = database.column(LATE, jobs)
        return found if None not in found else None

    return wait_until("all have begun", late, patience, every=0.2)


def test_status_and_list(server, database, rpc):
    """The status says when a job begins, before and after."""
    eta = (database.now() + timedelta(days=1)).isoformat(timespec="seconds")
    job = rpc.submit([create("tomorrow")], eta=eta)
    assert rpc.job("status", job)["eta"] == f"{eta}+00:00"
    rpc.job("cancel", job)
    assert rpc.job("status", job)["eta"] == f"{eta}+00:00"


def test_watched_job_begins_at_its_time(server, database, rpc, say):
    """Each of five jobs that somebody watches begins soon after its time."""
    jobs = [submit(rpc, database, f"watched {n}", 1 + n) for n in range(5)]
    watchers = [Watcher(rpc, job) for job in jobs]
    for watcher in watchers:
        watcher.__enter__()
    late = seconds_late(database, jobs, 30)
    for watcher in watchers:
        watcher.__exit__()
    say(f"began {max(late):.2f} s late at the latest")
    assert 0 <= min(late) and max(late) < AT_LAST


def test_beside_a_long_chunk(server, database, rpc, gates, say):
    """One runner is amid a chunk; the other one, idle, begins a watched job at its time."""
    gate = gates.shut(GATE)
    long_job = rpc.submit(creates("long", 1, before={0: GATE}))
    gate.wait_for_one()
    job = submit(rpc, database, "beside", 7)
    with Watcher(rpc, job):
        (late,) = seconds_late(database, [job], 30)
    say(f"began {late:.2f} s late")
    gate.open()
    assert rpc.wait(long_job)["state"] == "done"
    assert 0 <= late < AT_LAST


def test_while_a_runner_works(server, database, rpc, say):
    """A job that nobody watches begins at its time while another job is at work."""
    work = rpc.submit(
        [call("create_slowly", name=f"slow {number}", seconds=0.1) for number in range(600)]
    )
    jobs = [submit(rpc, database, f"beside work {n}", 4 + 2 * n) for n in range(3)]
    late = seconds_late(database, jobs, 30)
    say(f"began {max(late):.2f} s late at the latest")
    assert database.value("SELECT state FROM batch_job WHERE id = %s", work) == "running"
    rpc.job("cancel", work)
    rpc.wait(work)
    assert 0 <= min(late) and max(late) < AT_LAST


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("watched", [True, False])
def test_a_hundred_jobs(server, database, rpc, chance, say, watched):
    """A hundred jobs at different times within five minutes: the worst begins within 2 s of its
    time if somebody watches, else within 75 s."""
    begun = time.monotonic()
    times = [chance.uniform(15, 300) for _job in range(JOBS)]
    jobs = [submit(rpc, database, f"{watched} {n}", after) for n, after in enumerate(times)]
    end = begun + 320 + (0 if watched else LATEST)
    if watched:
        watch_each(rpc, {job: begun + after - 5 for job, after in zip(jobs, times, strict=True)})
    late = sorted(seconds_late(database, jobs, max(1.0, end - time.monotonic())))
    middle = late[len(late) // 2]
    say(f"{'watched' if watched else 'unwatched'}: worst {late[-1]:.2f} s, median {middle:.2f} s")
    assert 0 <= late[0] and late[-1] < (SOON if watched else LATEST)
