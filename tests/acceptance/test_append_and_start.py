"""`append` and `start` of one draft at the same moment, each in an HTTP worker of its own."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from exactness import assert_exact, creates
from waiting import wait_until

JOB = "SELECT FROM batch_job WHERE id = %s FOR UPDATE"


@pytest.fixture
def at_once(database, rpc, gates):
    """Have two verbs wait for a job's row, in this order, then let them go."""

    def waiting():
        return len(database.sessions_that_wait())

    def run(job, *verbs):
        gate = gates.lock(JOB, job)
        with ThreadPoolExecutor(len(verbs)) as threads:
            replies = []
            try:
                for verb, arguments in verbs:
                    ask = (rpc.try_call, "batch.job", verb)
                    replies.append(threads.submit(*ask, ids=[job], **arguments))
                    wait_until("it waits", lambda: waiting() == len(replies))
            finally:
                gate.open()
            return [reply.result() for reply in replies]

    return run


def draft(rpc, prefix):
    """A draft with its first part, and the second part."""
    operations = creates(prefix, 20)
    job = rpc.submit([], start=False)
    rpc.job("append", job, operations=operations[:10], part=0)
    return job, operations[:10], operations[10:]


def test_append_before_start_is_run(database, rpc, at_once):
    """What was appended a moment before the start is part of the job that runs."""
    job, first, second = draft(rpc, "append first")
    append = ("append", {"operations": second, "part": 1})
    appended, started = at_once(job, append, ("start", {}))
    assert (appended.code, started.code) == (200, 200), (appended, started)
    assert (appended.body["total"], started.body["total"]) == (20, 20)
    assert_exact(database, rpc, job, first + second, "append first")


def test_append_after_start_is_refused(database, rpc, at_once):
    """What comes a moment after the start is refused, and none of it gets into the job."""
    job, first, second = draft(rpc, "start first")
    append = ("append", {"operations": second, "part": 1})
    started, appended = at_once(job, ("start", {}), append)
    assert (started.code, appended.code) == (200, 422), (started, appended)
    message = f"Job {job} is no draft any more; submit a new one."
    assert (started.body["total"], appended.body["message"]) == (10, message)
    assert_exact(database, rpc, job, first, "start first")


def test_same_part_twice_and_start(database, rpc, at_once):
    """A part that is sent again while its first sending is at work is stored once."""
    job, first, second = draft(rpc, "part twice")
    append = ("append", {"operations": second, "part": 1})
    one, other = at_once(job, append, append)
    assert (one.code, other.code) == (200, 200), (one, other)
    assert (one.body["total"], other.body["total"]) == (20, 20)
    rpc.job("start", job)
    assert_exact(database, rpc, job, first + second, "part twice")
