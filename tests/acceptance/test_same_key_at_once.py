"""The same request ten times at once over HTTP: one effect, ten equal answers."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from exactness import assert_exact, assert_records, call, create, creates

TIMES = 10


@pytest.fixture(scope="module")
def server_options():
    return {"workers": TIMES, "cron_workers": 1}


def at_once(rpc, method, bodies):
    """Send each body in a thread of its own, all at the same moment."""
    start = Barrier(len(bodies))

    def send(body):
        start.wait()
        return rpc.try_call("batch.job", method, **body)

    with ThreadPoolExecutor(len(bodies)) as threads:
        return list(threads.map(send, bodies))


def jobs_with(database, key):
    return database.column("SELECT id FROM batch_job WHERE idempotency_key = %s", key)


def without_progress(status):
    """What of a status does not change while the job runs."""
    return {key: status[key] for key in ("id", "name", "total", "created_at", "url", "parts")}


def test_ten_equal_submits_make_one_job(database, rpc):
    """Ten equal submissions make one job, which all answers name; its operations are done once."""
    operations = creates("submit", 50)
    body = {"operations": operations, "name": "ten", "idempotency_key": "submit"}
    replies = at_once(rpc, "submit", [body] * TIMES)
    assert [reply.code for reply in replies] == [200] * TIMES
    (job,) = jobs_with(database, "submit")
    answers = [without_progress(reply.body) for reply in replies]
    assert answers == [answers[0]] * TIMES
    assert (answers[0]["id"], answers[0]["total"]) == (job, 50)
    assert_exact(database, rpc, job, operations, "submit")


def test_ten_equal_drafts_get_equal_answers(database, rpc):
    """Nothing moves a draft: its ten answers are equal to the last letter."""
    body = {"operations": [create("never")], "idempotency_key": "draft", "start": False}
    replies = at_once(rpc, "submit", [body] * TIMES)
    assert [reply.code for reply in replies] == [200] * TIMES
    assert [reply.body for reply in replies] == [replies[0].body] * TIMES
    assert len(jobs_with(database, "draft")) == 1


def test_submit_ten_bodies(database, rpc):
    """One key with ten bodies: one is taken, nine are refused by a sentence that names its job."""
    bodies = [
        {"operations": [create(f"body {number}")], "idempotency_key": "bodies", "start": False}
        for number in range(TIMES)
    ]
    replies = at_once(rpc, "submit", bodies)
    (job,) = jobs_with(database, "bodies")
    assert sorted(reply.code for reply in replies) == [200] + [422] * (TIMES - 1)
    refusals = [reply.body["message"] for reply in replies if reply.code == 422]
    assert all(f"bodies belongs to job {job}" in refusal for refusal in refusals)
    assert database.value("SELECT count(*) FROM batch_job_operation WHERE job_id = %s", job) == 1


def test_ten_equal_executes_have_one_effect(database, rpc):
    """`execute` has its effects once and gives each caller the first one's results."""
    operations = creates("execute", 50)
    operations[7] = create("execute 7", no_such_field=1)
    body = {"operations": operations, "idempotency_key": "execute"}
    replies = at_once(rpc, "execute", [body] * TIMES)
    assert [reply.code for reply in replies] == [200] * TIMES
    assert [reply.body for reply in replies] == [replies[0].body] * TIMES
    answer = replies[0].body
    assert [answer["id"]] == jobs_with(database, "execute")
    assert (answer["state"], answer["succeeded"], answer["failed"]) == ("partial", 49, 1)
    assert_records(database, operations, answer["results"], "execute")


def test_execute_on_one_record(database, rpc):
    """Ten `execute` calls with ten keys that all change one record: each is done, once."""
    item = database.value(
        "INSERT INTO test_batch_item (name, value) VALUES ('contended', 0) RETURNING id"
    )
    bodies = [
        {"operations": [call("increment", ids=[item], each=True)], "idempotency_key": f"one {n}"}
        for n in range(4)
    ]
    replies = at_once(rpc, "execute", bodies)
    assert [(reply.code, reply.body["succeeded"]) for reply in replies] == [(200, 1)] * 4
    assert database.value("SELECT value FROM test_batch_item WHERE id = %s", item) == 4


def test_append_the_same_part(database, rpc):
    """Parts of a draft, each sent ten times at once, are in the job once and in order."""
    job = rpc.submit([], start=False, idempotency_key="append")
    operations = creates("append", 60)
    for part in range(3):
        share = operations[part * 20 : part * 20 + 20]
        replies = at_once(
            rpc, "append", [{"ids": [job], "operations": share, "part": part}] * TIMES
        )
        assert [reply.code for reply in replies] == [200] * TIMES
        assert [reply.body for reply in replies] == [replies[0].body] * TIMES
        assert (replies[0].body["parts"], replies[0].body["total"]) == (part + 1, part * 20 + 20)
    other = {"ids": [job], "operations": [create("append other")], "part": 1}
    assert rpc.try_call("batch.job", "append", **other).code == 422
    replies = at_once(rpc, "start", [{"ids": [job]}] * TIMES)
    assert [reply.code for reply in replies] == [200] * TIMES
    assert_exact(database, rpc, job, operations, "append")


def test_append_other_bodies(database, rpc):
    """One part with ten bodies at once: one is taken, the other nine are refused."""
    job = rpc.submit([], start=False)
    bodies = [
        {"ids": [job], "operations": [create(f"rival {number}")], "part": 0}
        for number in range(TIMES)
    ]
    replies = at_once(rpc, "append", bodies)
    assert sorted(reply.code for reply in replies) == [200] + [422] * (TIMES - 1)
    status = rpc.job("status", job)
    assert (status["total"], status["parts"]) == (1, 1)
