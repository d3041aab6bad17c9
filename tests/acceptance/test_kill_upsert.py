"""`kill -9` amid upserts and references: each key has one record, each child its own parent."""

from collections import Counter

import pytest
from database import Database
from exactness import assert_counters, assert_nothing_runs
from kills import COMMIT_GATE, draw, kill_at, operations_for, submit_for
from rpc import Watcher

KEY = "test.batch.key"
PHASES = ["before", "during", "after"]
MORE_PHASES = [*PHASES * 2, "outcomes", "outcomes", "commit", "commit"]


@pytest.fixture(scope="module")
def database(database: Database):
    database.rows(COMMIT_GATE)
    return database


def upserts(prefix, chunk, place):
    """A key of this chunk, or that of the chunk before."""
    born = chunk if place % 2 else max(chunk - 1, 0)
    values = {"code": f"{prefix} {born}.{place // 2}", "name": f"{chunk}.{place}"}
    return {"op": "upsert", "model": KEY, "key": ["code"], "values": values}


def references(prefix, chunk, place):
    """A record that the next ones refer to, also those of the next chunk."""
    name = f"{prefix} {chunk}.{place}"
    operation = {"op": "create", "model": KEY, "values": {"name": name}, "ref": name}
    parent = parent_of(chunk, place)
    if parent:
        operation["values"]["parent_id"] = {"$ref": f"{prefix} {parent[0]}.{parent[1]}"}
    return operation


def parent_of(chunk, place):
    """No place where a kill may put an operation of its own is anybody's parent."""
    if place in (2, 4, 10):
        return (chunk - 1, place) if chunk else None
    return (chunk, 2) if place > 2 else None


def kill_all(server, database, rpc, gates, chance, say, phases, make, prefix):
    """Run a job whose workers are killed on the way; give its operations and outcomes."""
    kills = draw(chance, phases)
    operations = operations_for(kills, prefix, make)
    job = submit_for(kills, operations, database, rpc, gates)
    with Watcher(rpc, job):
        for gate in gates:
            kill_at(server, job, gate)
        status = rpc.wait(job, patience=180)
    say(f"{prefix}: {', '.join(kill.phase for kill in kills)}: {status['state']}")
    assert_counters(status, "done", succeeded=len(operations))
    assert_nothing_runs(database, job)
    items = "SELECT name, count(*) FROM test_batch_item WHERE name LIKE %s GROUP BY 1"
    named = [name_of(one) for one in operations if one["model"] != KEY]
    assert dict(database.rows(items, f"{prefix} %")) == dict.fromkeys(named, 1)
    return operations, rpc.results(job)


def name_of(operation):
    return (operation.get("values") or operation.get("kwargs"))["name"]


def check_upserts(database, operations, outcomes, prefix):
    """Each key has one record: the first operation made it, the last one named it."""
    rows = database.rows(
        "SELECT code, id, name FROM test_batch_key WHERE code LIKE %s", f"{prefix} %"
    )
    last, ids, values = {}, {}, Counter()
    for operation, outcome in zip(operations, outcomes, strict=True):
        if operation["op"] == "upsert":
            code = operation["values"]["code"]
            assert outcome["value"] == ("updated" if code in ids else "created")
            assert ids.setdefault(code, outcome["ids"]) == outcome["ids"]
            last[code] = operation["values"]["name"]
            values[outcome["value"]] += 1
    assert values["updated"] > 20
    assert sorted((code, [one], name) for code, one, name in rows) == sorted(
        (code, ids[code], last[code]) for code in last
    )


def check_references(database, operations, outcomes, prefix):
    """Each record exists once and has the parent that it refers to."""
    rows = database.rows(
        "SELECT k.name, k.id, p.name FROM test_batch_key k"
        " LEFT JOIN test_batch_key p ON p.id = k.parent_id WHERE k.name LIKE %s",
        f"{prefix} %",
    )
    expected = [
        (name_of(one), *outcome["ids"], (one["values"].get("parent_id") or {}).get("$ref"))
        for one, outcome in zip(operations, outcomes, strict=True)
        if one["model"] == KEY
    ]
    assert sorted(rows, key=str) == sorted(expected, key=str)


def test_three_kills_leave_one_record_a_key(server, database, rpc, gates, chance, say):
    """Three workers die before, amid and after the upserts of a chunk."""
    done = kill_all(server, database, rpc, gates, chance, say, PHASES, upserts, "u")
    check_upserts(database, *done, "u")


def test_three_kills_leave_each_its_parent(server, database, rpc, gates, chance, say):
    """Three workers die in chunks whose operations refer to each other and to the chunk before."""
    done = kill_all(server, database, rpc, gates, chance, say, PHASES, references, "r")
    check_references(database, *done, "r")


@pytest.mark.long
def test_ten_kills_leave_one_record_a_key(server, database, rpc, gates, chance, say):
    """The same with ten, some of them while outcomes are written and within the commit."""
    done = kill_all(server, database, rpc, gates, chance, say, MORE_PHASES, upserts, "uu")
    check_upserts(database, *done, "uu")


@pytest.mark.long
def test_ten_kills_leave_each_its_parent(server, database, rpc, gates, chance, say):
    """The same with ten, some of them while outcomes are written and within the commit."""
    done = kill_all(server, database, rpc, gates, chance, say, MORE_PHASES, references, "rr")
    check_references(database, *done, "rr")
