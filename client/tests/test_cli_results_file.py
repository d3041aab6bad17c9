"""The command line: results as lines, and as a file to correct and submit again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Run
from fake_odoo import FakeOdoo, outcome, status
from odoo_batch_job._cli._convert import row_of


def test_results_as_lines(run: Run, odoo: FakeOdoo) -> None:
    """Tabs for people's tools, JSON for programs; --failed leaves out what is in."""
    failed = {"state": "failed", "ids": [], "error": {"type": "unique", "message": "Twice"}}
    rolled_back = {"state": "rolled_back", "ids": []}
    odoo.outcomes = [outcome(0), outcome(1, **failed), outcome(2, **rolled_back)]
    lines = run("results", "1").output.splitlines()
    assert lines[0] == "0\tdone\tcreate\tres.partner\t100\t"
    assert lines[1] == "1\tfailed\tcreate\tres.partner\t\tTwice"
    shown = [
        json.loads(line) for line in run("results", "1", "--failed", "--json").output.splitlines()
    ]
    assert [(one["index"], one["state"]) for one in shown] == [(1, "failed"), (2, "rolled_back")]
    assert shown[0]["error"] == {"type": "unique", "message": "Twice", "field": None}


def test_results_say_what_a_key_has_found(run: Run, odoo: FakeOdoo) -> None:
    """`created` and `updated` of upserts and loads stand where a failure has its reason."""
    odoo.outcomes = [
        outcome(0, op="load", value="created"),
        outcome(1, op="upsert", value="updated"),
        outcome(2, op="call", value="done"),
        outcome(3, op="load", state="failed", error={"type": "access", "message": "No"}),
    ]
    lines = run("results", "1").output.splitlines()
    assert [line.split("\t")[5] for line in lines] == ["created", "updated", "", "No"]


def test_failed_rows_as_a_file_to_correct_and_submit_again(run: Run, odoo: FakeOdoo) -> None:
    """The original columns come back with index and reason, and are accepted as they are."""
    error = {"type": "bad_value", "message": "Color is, like, wrong"}
    odoo.outcomes = [outcome(0), outcome(1, state="failed", ids=[], error=error)]
    values = {"name": "Bolt", "active": True, "color": "x", "category_id": [[6, 0, [1]]]}
    odoo.answers["batch.job.operation/search_read"] = [stored(1, {"values": values})]
    result = run("results", "1", "--failed", "-o", "failed.csv")
    assert "submit failed.csv --op create --model res.partner" in result.output
    assert Path("failed.csv").read_text().splitlines() == [
        "name,active,color,category_id,__job,__index,__error",
        'Bolt,true,x,"[[6, 0, [1]]]",1,1,"Color is, like, wrong"',
    ]
    run("submit", "failed.csv", "--op", "create", "--model", "res.partner")
    assert odoo.jobs[0].operations == [{"op": "create", "model": "res.partner", "values": values}]


def test_nothing_of_a_row_is_lost_in_the_file(run: Run, odoo: FakeOdoo) -> None:
    """A column empty in all rows that failed is there; a false stays one; the hint works."""
    odoo.outcomes = [outcome(1, op="upsert", state="failed", ids=[])]
    key = {"key": ["ref"]}
    odoo.answers["batch.job.operation/search_read"] = [
        stored(0, {**key, "values": {"ref": "A", "name": "Acme"}}, op="upsert"),
        stored(1, {**key, "values": {"ref": "B", "active": False}}, op="upsert"),
    ]
    result = run("results", "1", "--failed", "-o", "failed.csv")
    assert "submit failed.csv --op upsert --model res.partner --key ref" in result.output
    lines = Path("failed.csv").read_text().splitlines()
    assert [line.rpartition(",1,1,")[0] or line for line in lines] == [
        "ref,name,active,__job,__index,__error",
        "B,,false",
    ]
    run("submit", "failed.csv", "--op", "upsert", "--model", "res.partner", "--key", "ref")
    assert odoo.jobs[0].operations[0]["values"] == {"ref": "B", "active": False}


def test_after_a_dry_run_the_whole_file_is_to_be_submitted(run: Run, odoo: FakeOdoo) -> None:
    """Nothing of it is in: whoever submits the failed rows only has lost the good ones."""
    counts = {"total": 3, "succeeded": 2, "failed": 1, "remaining": 0}
    ended = status(id=7, state="partial", started_at="2025-01-02T03:04:05Z", **counts)
    odoo.answers["batch.job/status"] = {**ended, "dry_run": True}
    odoo.outcomes = [outcome(1, state="failed", ids=[])]
    odoo.answers["batch.job.operation/search_read"] = [stored(1, {"values": {"name": "A"}})]
    assert run("results", "7", "--failed", "-o", "failed.csv").output.splitlines() == [
        "1 row in failed.csv. Nothing of it is in: correct your own file and submit the whole of "
        "it, or run the job for real as it is: odoo-batch start 7"
    ]
    assert run("status", "7").output.splitlines()[1:] == [
        "Which and why: odoo-batch results 7 --failed",
        "Nothing of it is in: correct your own file and submit the whole of it, or run the job "
        "for real as it is: odoo-batch start 7",
    ]


@pytest.mark.parametrize(
    ("op", "payloads", "reason"),
    [
        ("write", [{"values": {"phone": "1"}}, {"values": {"email": "a"}}], "different columns"),
        ("load", [{"fields": ["a"], "row": ["1"]}, {"fields": ["b"], "row": ["1"]}], "different"),
        ("create", [{"values": {"phone": False}}, {"values": {"phone": "1"}}], "“phone” is to be"),
        ("create", [{"values": {"phone": ""}}, {"values": {"phone": "1"}}], "“phone” is to be"),
        ("create", [{"values": {"phone": {"$blanked": True}}}, {"values": {}}], "was blanked"),
        ("write", [{"values": {"phone": {"$blanked": True}}}, {"values": {}}], "was blanked"),
        ("upsert", [{"values": {"phone": {"$blanked": True}}}, {"values": {}}], "was blanked"),
        (
            "load",
            [
                {"fields": ["a"], "row": [{"$blanked": True}]},
                {"fields": ["a"], "row": ["1"]},
            ],
            "was blanked",
        ),
        ("create", [{"values": {"phone": {"$ref": "p"}}}, {"values": {}}], "refers to a record"),
        ("upsert", [{"values": {"phone": None}}, {"values": {"phone": "1"}}], "“phone” is to be"),
    ],
)
def test_rows_that_a_csv_file_would_change_go_to_json_lines(
    run: Run, odoo: FakeOdoo, op: str, payloads: list[dict[str, Any]], reason: str
) -> None:
    """An empty cell of `write` and `load` empties a field, one of the others is left out."""
    rest: dict[str, dict[str, Any]] = {"write": {"ids": [3]}, "upsert": {"key": ["ref"]}}
    more = rest.get(op, {})
    Path("failed.csv").write_text("of an earlier job")
    odoo.outcomes = [outcome(index, op=op, state="failed", ids=[]) for index in range(2)]
    odoo.answers["batch.job.operation/search_read"] = [
        stored(index, {**more, **payload}, op=op) for index, payload in enumerate(payloads)
    ]
    result = run("results", "1", "--failed", "-o", "failed.csv")
    assert (result.exit_code, reason in result.output) == (2, True)
    assert Path("failed.csv").read_text() == "of an earlier job"
    assert run("results", "1", "--failed", "-o", "failed.jsonl").exit_code == 0
    assert run("submit", "failed.jsonl").exit_code == 0
    assert odoo.jobs[0].operations == [
        {"op": op, "model": "res.partner", **more, **payload} for payload in payloads
    ]


def test_name_of_the_file_says_what_is_written(run: Run, odoo: FakeOdoo) -> None:
    """A spreadsheet program could not open CSV under the name of a workbook."""
    result = run("results", "1", "-o", "failed.xlsx")
    assert (result.exit_code, ".csv or .jsonl" in result.output) == (2, True)
    assert not Path("failed.xlsx").exists()


def stored(index: int, payload: Any, op: str = "create", ref: str | bool = False) -> dict[str, Any]:
    """Return an operation as Odoo's model of them gives it."""
    text = json.dumps(payload)
    return {"index": index, "op": op, "model": "res.partner", "ref": ref, "payload_text": text}


def test_operations_that_are_no_rows_go_to_json_lines(run: Run, odoo: FakeOdoo) -> None:
    """A call has no columns; as JSON Lines it comes back whole."""
    odoo.outcomes = [outcome(0, op="call", state="failed", ids=[])]
    payload = {"method": "go", "ids": [1], "args": [], "kwargs": {}}
    odoo.answers["batch.job.operation/search_read"] = [stored(0, payload, op="call", ref="r")]
    assert run("results", "1", "-o", "failed.csv").exit_code == 2
    run("results", "1", "--failed", "-o", "failed.jsonl")
    assert run("submit", "failed.jsonl").exit_code == 0
    assert odoo.jobs[0].operations == [
        {"op": "call", "model": "res.partner", "ref": "r", **payload}
    ]


@pytest.mark.parametrize(
    ("operation", "row"),
    [
        ({"op": "load", "fields": ["a"], "row": ["1"]}, {"a": "1"}),
        ({"op": "write", "ids": [3], "values": {"a": 1}}, {"id": 3, "a": 1}),
        ({"op": "write", "ids": [3, 4], "values": {}}, None),
        ({"op": "unlink", "ids": [3]}, {"id": 3}),
        ({"op": "upsert", "xml_id": "x", "values": {"a": 1}}, {"id": "x", "a": 1}),
        ({"op": "upsert", "key": ["a"], "values": {"a": 1}}, {"a": 1}),
        ({"op": "create", "values": [{}]}, None),
        ({"op": "create", "values": {}, "ref": "r"}, None),
        ({"op": "create", "values": {}, "context": {}}, None),
    ],
)
def test_row_of_an_operation(operation: dict[str, Any], row: Any) -> None:
    """What a row cannot say is not said by half."""
    assert row_of(operation) == row
