"""What a failed operation did beside its records: none of it stays, in any process."""

import pytest
from database import Database
from everywhere import ask_http_workers, look_everywhere
from exactness import ITEM, assert_counters, assert_nothing_runs, call, create, creates
from mail_app import stop_mail_queue
from smtp_sink import SmtpSink
from waiting import wait_until

SECRET = "Zebra Customer"  # in every payload here; it must not be in the log
COMMITTED = "It called cr.commit()"
REBUILT = "It changed the model registry"


@pytest.fixture(scope="module")
def sink():
    with SmtpSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def server_options(sink):
    return {
        "options": [
            "--smtp=127.0.0.1",
            f"--smtp-port={sink.port}",
            "--email-from=jobs@example.com",
        ]
    }


@pytest.fixture(scope="module")
def template(with_mail):
    """With Odoo's own app for messages: what it does when an operation is over is what counts."""
    return with_mail


@pytest.fixture(scope="module")
def database(database: Database):
    stop_mail_queue(database)
    return database


def failures(rpc, job):
    """(index, error type, message) of what failed."""
    return [
        (outcome["index"], outcome["error"]["type"], outcome["error"]["message"])
        for outcome in rpc.results(job)
        if outcome["state"] == "failed"
    ]


def test_mail_of_a_failure_stays_unsent(database, rpc, sink):
    """The mail of a failed operation does not leave; that of its neighbours does, once."""
    customer = {"name": SECRET, "email": "zebra@example.com"}
    (partner,) = rpc.call("res.partner", "create", vals_list=[customer])
    operations = [
        call("mail_now", partner=partner, subject=f"subject-{number}", fail=number % 3 == 1)
        for number in range(9)
    ]
    job = rpc.submit(operations)
    assert_counters(rpc.wait(job), "partial", succeeded=6, failed=3)
    wait_until("the good mails", lambda: len(sink.messages) >= 6)
    assert [sink.holds(f"Subject: subject-{number}") for number in range(9)] == [1, 0, 1] * 3
    posted = [["model", "=", "res.partner"], ["subject", "like", "subject-"]]
    assert rpc.call("mail.message", "search_count", domain=posted) == 6


def test_what_waits_for_the_commit(rpc, sink):
    """What a failed operation had asked for at the commit is not done; of its neighbours, once."""
    operations = [
        call("mail_at_commit", subject=f"committed-{number}", fail=number % 3 == 1)
        for number in range(9)
    ]
    job = rpc.submit(operations)
    assert_counters(rpc.wait(job), "partial", succeeded=6, failed=3)
    sent = [f"Subject: committed-{number}" for number in range(9)]
    wait_until("the good mails", lambda: sum(map(sink.holds, sent)) >= 6)
    assert list(map(sink.holds, sent)) == [1, 0, 1] * 3


def test_parameter_of_a_running_job(server, database, rpc, gates):
    """What a chunk changed is known to other processes when it has landed, not when its job or
    its runner ends."""
    key = "acceptance.running"
    rpc.call(ITEM, "set_parameter", key=key, value="old")
    assert {a["parameter"] for a in look_everywhere(server, rpc, key).values()} == {"old"}
    gates.shut(401)
    operations = [
        call("set_parameter", key=key, value="new"),
        call("create_gated", name="running", before=401),
    ]
    job = rpc.submit(operations, chunk_size=1)
    gates[0].wait_for_one()
    answers = ask_http_workers(server, rpc, key)
    assert [answer["parameter"] for answer in answers] == ["new", "new"]
    gates[0].open()
    assert_counters(rpc.wait(job), "done", succeeded=2)


def test_parameter_of_a_failure_is_undone(server, rpc):
    """A changed system parameter goes with its operation, in the cache of every process too; and a
    good one before it in the same chunk is known to every process."""
    keys = ("acceptance.kept", "acceptance.failed")
    for key in keys:
        rpc.call(ITEM, "set_parameter", key=key, value="old")
    before = [look_everywhere(server, rpc, key) for key in keys]
    assert {answer["parameter"] for known in before for answer in known.values()} == {"old"}
    operations = [
        call("set_parameter", key=keys[0], value="new"),
        call("set_parameter", key=keys[1], value=SECRET, fail=True),
        call("set_parameter", key=keys[0], value=SECRET, fail=True),
        call("look", key=keys[0]),
        call("look", key=keys[1]),
    ]
    job = rpc.submit(operations)
    assert_counters(rpc.wait(job), "partial", succeeded=3, failed=2)
    seen = [outcome["value"]["parameter"] for outcome in rpc.results(job)[3:]]
    assert seen == ["new", "old"]
    for key, value in zip(keys, ("new", "old"), strict=True):
        known = look_everywhere(server, rpc, key)
        assert {answer["parameter"] for answer in known.values()} == {value}


def test_operation_that_commits_fails_alone(database, rpc):
    """An operation that calls `cr.commit()` fails and leaves nothing; its neighbours are done."""
    operations = creates(f"{SECRET} commit", 10)
    operations[5] = call("commit_then_fail", name=f"{SECRET} commit 5")
    job = rpc.submit(operations)
    assert_counters(rpc.wait(job), "partial", succeeded=9, failed=1)
    ((index, kind, message),) = failures(rpc, job)
    assert (index, kind) == (5, "error") and message.startswith(COMMITTED)
    kept = database.column("SELECT name FROM test_batch_item WHERE name LIKE %s", f"{SECRET} com%")
    assert sorted(kept) == [f"{SECRET} commit {number}" for number in range(10) if number != 5]


def test_operation_that_adds_a_field_fails(server, database, rpc):
    """An operation that adds a field to a model fails; no process and no table has the field."""
    operations = creates(f"{SECRET} registry", 10)
    operations[5] = call("add_field", name="x_zebra")
    job = rpc.submit(operations)
    assert_counters(rpc.wait(job), "partial", succeeded=9, failed=1)
    ((index, kind, message),) = failures(rpc, job)
    assert (index, kind) == (5, "error") and message.startswith(REBUILT)
    known = look_everywhere(server, rpc, "acceptance.none")
    assert {tuple(answer["fields"]) for answer in known.values()} == {()}
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
    assert "x_zebra" not in database.column(columns, "test_batch_item")
    assert database.value("SELECT count(*) FROM ir_model_fields WHERE name = 'x_zebra'") == 0


def test_nothing_of_a_payload_in_the_log(server, database, rpc):
    """However an operation fails or is refused, the log has nothing of what it was about."""
    item = database.value(
        "INSERT INTO test_batch_item (name, value) VALUES (%s, 0) RETURNING id", f"{SECRET} taken"
    )
    operations = [
        create(f"{SECRET} taken"),
        create(f"{SECRET} a", value=SECRET),
        create(f"{SECRET} b", no_such_field=SECRET),
        create(None, value=1),
        call("bad_query", text=SECRET),
        call("fail", ids=[item], text=SECRET),
        call("commit_then_fail", name=SECRET),
        {"op": "write", "model": ITEM, "ids": [item], "values": {"name": None}},
        create(f"{SECRET} good"),
    ]
    for policy in ("isolate", "chunk", "stop", "all"):
        job = rpc.submit(operations, policy=policy, chunk_size=4)
        rpc.wait(job)
        if policy == "isolate":
            assert len(failures(rpc, job)) == 8
            assert_nothing_runs(database, job)
    executed = rpc.call("batch.job", "execute", operations=operations[:-1])
    assert executed["failed"] == 8
    for bad in ({"ids": SECRET}, {"ids": [SECRET]}, {SECRET: 1}, {"op": SECRET}, {"model": SECRET}):
        operation = {"op": "unlink", "model": ITEM, "ids": [item], **bad}
        assert rpc.try_call("batch.job", "submit", operations=[operation]).code == 422
    found = [line for line in server.log_text().splitlines() if SECRET in line]
    assert found == []
