"""`kill -9` amid a load: each row is one record, its lines with it, and refers to the right one."""

import pytest
from exactness import assert_counters, assert_nothing_runs, call
from kills import kill_at
from rpc import Watcher

ROW = "test.batch.row"
COLUMNS = ["id", "name", "code", "parent_id/id", "line_ids/name"]
EVERY = 20  # records between two operations that wait


def rows_of(prefix, records):
    """Records of one to three rows; all but the first refer to one before."""
    rows = []
    for number in range(records):
        parent = f"{prefix}_{number // 2}" if number else ""
        first = [f"{prefix}_{number}", f"{prefix} {number}", f"{prefix} {number}", parent]
        rows.append([[*first, f"line {number}.0"]])
        rows[-1] += [["", "", "", "", f"line {number}.{one + 1}"] for one in range(number % 3)]
    return rows


def load_with_gates(gates, prefix, kills):
    """Rows, and amid them calls that wait: each in the middle of a chunk."""
    operations = []
    for number, rows in enumerate(rows_of(prefix, EVERY * (kills + 1))):
        if number % EVERY == EVERY // 2 and len(gates) < kills:
            gate = 300 + number
            gates.shut(gate)
            operations.append(call("create_gated", name=f"{prefix} gate {gate}", before=gate))
        operations += [{"op": "load", "model": ROW, "fields": COLUMNS, "row": row} for row in rows]
    return operations


def kill_and_check(server, database, rpc, gates, prefix, kills):
    operations = load_with_gates(gates, prefix, kills)
    job = rpc.submit(operations, chunk_size=25)
    with Watcher(rpc, job):
        for gate in gates:
            kill_at(server, job, gate)
        status = rpc.wait(job, 120)
    assert_counters(status, "done", succeeded=len(operations))
    assert_nothing_runs(database, job)
    found = database.rows(
        "SELECT r.name, p.name, array_agg(l.name ORDER BY l.id), d.name"
        " FROM test_batch_row r"
        " LEFT JOIN test_batch_row p ON p.id = r.parent_id"
        " JOIN test_batch_row_line l ON l.row_id = r.id"
        " JOIN ir_model_data d ON d.res_id = r.id AND d.model = %s AND d.module = '__import__'"
        " WHERE r.name LIKE %s GROUP BY r.id, p.name, d.name ORDER BY r.id",
        ROW,
        f"{prefix} %",
    )
    expected = [
        (
            f"{prefix} {number}",
            f"{prefix} {number // 2}" if number else None,
            [row[-1] for row in rows],
            f"{prefix}_{number}",
        )
        for number, rows in enumerate(rows_of(prefix, EVERY * (kills + 1)))
    ]
    assert found == expected
    called = "SELECT count(*) FROM test_batch_item WHERE name LIKE %s"
    assert database.value(called, f"{prefix} gate %") == kills


def test_three_kills_leave_each_row_once(server, database, rpc, gates):
    """Three workers die amid a load of records with lines: all is there, nothing twice."""
    kill_and_check(server, database, rpc, gates, "three", 3)


@pytest.mark.long
def test_ten_kills_leave_each_row_once(server, database, rpc, gates):
    """The same holds when ten workers die."""
    kill_and_check(server, database, rpc, gates, "ten", 10)
