"""A dry run does everything and keeps nothing: no row, no mail, no file, no cached value."""

import base64

import pytest
from database import Database
from everywhere import look_everywhere
from exactness import ITEM, assert_counters, call, create, creates
from kills import kill_at
from mail_app import stop_mail_queue
from rpc import Watcher
from smtp_sink import SmtpSink

# what a dry run may change: the job itself, and what tells runners and watchers about it
MAY_CHANGE = {
    "batch_job",
    "batch_job_chunk",
    "batch_job_event",
    "batch_job_operation",
    "bus_bus",
    "ir_cron",
    "ir_cron_progress",
    "ir_cron_trigger",
}
PARAMETER = "acceptance.dry"
SAME = ("index", "state", "op", "model", "error")
ENDS = {2: [968, 30, 2], 6: [2905, 89, 6]}  # rounds -> done, failed, skipped
MAILS = {2: 5, 6: 15}  # rounds -> mails of calls that do not fail


@pytest.fixture(scope="module")
def sink():
    with SmtpSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server_options(sink, data_folder):
    return {
        "options": [
            "--smtp=127.0.0.1",
            f"--smtp-port={sink.port}",
            "--email-from=jobs@example.com",
            f"--data-dir={data_folder}",
        ]
    }


@pytest.fixture(scope="module")
def template(with_mail):
    return with_mail


@pytest.fixture(scope="module")
def database(database: Database):
    """With mail, and without any scheduled action but the runners'."""
    stop_mail_queue(database)
    database.leave_runners_only()
    return database


def contents(database):
    """A fingerprint of each table."""
    tables = database.column(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    )
    prints = [
        f"SELECT '{name}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{name}\" t"
        for name in tables
        if name not in MAY_CHANGE
    ]
    assert len(prints) > 150
    return dict(database.rows(" UNION ALL ".join(prints)))


def files(data_folder):
    return {path.name for path in data_folder.glob("filestore/*/[0-9a-f][0-9a-f]/*")}


def prepared(rpc, prefix):
    """Ids of partners to change, of one who gets mail, and of a mail to be sent."""
    names = [{"name": f"{prefix} old {n}", "ref": f"{prefix} {n}"} for n in range(700)]
    known = rpc.call("res.partner", "create", vals_list=names)
    customer = {"name": f"{prefix} customer", "email": "customer@example.com"}
    (customer,) = rpc.call("res.partner", "create", vals_list=[customer])
    mail = {"subject": f"{prefix} at once", "email_to": "zoe@example.com", "body_html": "x"}
    (mail,) = rpc.call("mail.mail", "create", vals_list=[mail])
    return known, customer, mail


def mixed_operations(rpc, prefix, rounds):
    """500 operations a round, of every kind in blocks of 50."""
    known, customer, mail = prepared(rpc, prefix)
    kinds = [
        lambda n: partner("create", ref=f"n{n}", values=named(f"{prefix} {n}", bad=n % 50 == 0)),
        lambda n: partner("write", ids=[known[n]], values=named(f"write {n}", bad=n % 25 == 3)),
        lambda n: partner("create", values={"name": f"{n}", "parent_id": {"$ref": f"n{n}"}}),
        lambda n: partner(
            "upsert",
            key=["ref"],
            values={"ref": f"{prefix} {n // 2 + 200}", **named(f"upsert {n}", bad=n % 25 == 5)},
        ),
        lambda n: row(f"{'base.' if n % 25 == 7 else ''}{prefix}_{n}", f"load {n}", "line 1"),
        lambda n: partner("unlink", ids=[known[400 + n]]),
        lambda n: create(f"{prefix} item {0 if n % 10 == 1 else n}"),
        lambda n: attachment(f"{prefix} {n}"),
        lambda n: (
            call("mail_now", partner=customer, subject=f"{prefix} {n}", fail=n % 60 == 0)
            if n % 15 == 0
            else call("create_gated", name=f"{prefix} call {n}")
        ),
    ]
    blocks = [
        [kind(n) for n in range(at, at + 50)] for at in range(0, 50 * rounds, 50) for kind in kinds
    ]
    operations = []
    for block in blocks:
        for operation in block:
            operations.append(operation)
            if operation["op"] == "load":
                operations.append(row("", "", "line 2"))
    operations[-1] = call("set_parameter", key=PARAMETER, value="new")
    operations[-2] = {"op": "call", "model": "mail.mail", "ids": [mail], "method": "send"}
    return operations


def partner(op, **rest):
    return {"op": op, "model": "res.partner", **rest}


def named(name, bad):
    return {"name": name, "nome": name} if bad else {"name": name}


def row(*cells):
    return partner("load", fields=["id", "name", "child_ids/name"], row=list(cells))


def attachment(name):
    datas = base64.b64encode(f"{name} in a file".encode()).decode()
    return {"op": "create", "model": "ir.attachment", "values": {"name": name, "datas": datas}}


@pytest.mark.parametrize("rounds", [2, pytest.param(6, marks=pytest.mark.long)])
def test_nothing_is_kept(server, database, rpc, sink, data_folder, say, rounds):
    """Operations with messages, files, a system parameter and failures leave nothing but the
    report; each of them comes out in the real run as the dry run has said."""
    rpc.call(ITEM, "set_parameter", key=PARAMETER, value="old")
    sink.messages.clear()
    prefix = f"dry{rounds}"
    operations = mixed_operations(rpc, prefix, rounds)
    assert len(operations) == 500 * rounds
    assert seen_everywhere(server, rpc) == {"old"}
    before, files_before = contents(database), files(data_folder)
    job = rpc.submit(operations, dry_run=True)
    status = rpc.wait(job, 120)
    assert contents(database) == before
    assert files(data_folder) - files_before
    assert sink.messages == []
    assert seen_everywhere(server, rpc) == {"old"}
    collect_files(rpc, database)
    assert files(data_folder) <= files_before
    dry = rpc.results(job)
    states = [one["state"] for one in dry]
    say(f"{status['rate']:.0f}/s; { ({one: states.count(one) for one in set(states)}) }")
    assert status["state"] == "partial" and status["dry_run"]
    assert [states.count(one) for one in ("done", "failed", "skipped")] == ENDS[rounds]
    assert {one["ids"] and 1 for one in dry} == {None}
    rpc.job("start", job)
    real = rpc.wait(job, 120)
    assert [comparable(one) for one in rpc.results(job)] == [comparable(one) for one in dry]
    assert_counters(real, "partial", *(states.count(one) for one in ("done", "failed", "skipped")))
    assert seen_everywhere(server, rpc) == {"new"}
    assert len(sink.messages) == MAILS[rounds] + 1
    assert sink.holds(f"Subject: {prefix} at once") == 1


def comparable(outcome):
    """What a call gave may be the id of a record, another one each time."""
    same = [outcome[key] for key in SAME]
    return same if outcome["op"] == "call" else [*same, outcome["value"]]


def seen_everywhere(server, rpc):
    """The values of the parameter that any process knows."""
    known = look_everywhere(server, rpc, PARAMETER)
    return {answer["parameter"] for answer in known.values()}


def collect_files(rpc, database):
    """Odoo's daily cleaning, which removes files that belong to no attachment."""
    cron = "SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'autovacuum_job'"
    rpc.call("ir.cron", "method_direct_trigger", ids=[database.value(cron)])


def gated_job(rpc, gates, prefix, numbers):
    """A dry run with an operation that waits for each of the gates."""
    places = range(10, 60, 15)
    operations = creates(prefix, 60, before=zip(places, numbers, strict=False))
    gates.shut(*numbers)
    return rpc.submit(operations, dry_run=True, policy="chunk", chunk_size=10)


def test_killed_dry_run_begins_anew(server, database, rpc, gates):
    """A dry run whose worker is killed half-way is begun anew, and keeps nothing."""
    before = contents(database)
    job = gated_job(rpc, gates, "once", [201])
    with Watcher(rpc, job):
        kill_at(server, job, gates[0])
        status = rpc.wait(job)
    assert_counters(status, "done", succeeded=60)
    assert contents(database) == before


def test_killed_three_times(server, database, rpc, gates):
    """A dry run that loses a third worker has failed: it says so, and keeps nothing."""
    before = contents(database)
    job = gated_job(rpc, gates, "three times", [202, 203, 204])
    with Watcher(rpc, job):
        for gate in gates:
            kill_at(server, job, gate)
        status = rpc.wait(job)
    assert_counters(status, "failed", failed=1, skipped=59)
    text = "The worker died 3 times, and nothing was kept; it had reached operation 40."
    assert status["error"] == text
    assert contents(database) == before
    rpc.job("start", job)
    assert_counters(rpc.wait(job), "done", succeeded=60)
