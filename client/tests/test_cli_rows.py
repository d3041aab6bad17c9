"""The command line: files to operations, and outcomes to files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Run
from fake_odoo import FakeOdoo, outcome, status
from odoo_batch_job._cli._cells import cell, check_cell, typed
from odoo_batch_job._cli._convert import row_of
from odoo_batch_job._cli._settings import InputError

CSV = 'name,active,color,category_id,ref\nAcme,true,3,"[[6, 0, [1]]]",A-1\nBolt,no,x,,\n'


@pytest.mark.parametrize(
    ("options", "bodies"),
    [
        (
            ["--op", "load"],
            [
                {
                    "fields": ["name", "active", "color", "category_id", "ref"],
                    "row": ["Acme", "true", "3", "[[6, 0, [1]]]", "A-1"],
                },
                {
                    "fields": ["name", "active", "color", "category_id", "ref"],
                    "row": ["Bolt", "no", "x", "", ""],
                },
            ],
        ),
        (
            ["--op", "create"],
            [
                {
                    "values": {"name": "Acme", "active": True, "color": 3, "ref": "A-1"}
                    | {"category_id": [[6, 0, [1]]]}
                },
                {"values": {"name": "Bolt", "active": False, "color": "x"}},
            ],
        ),
        (
            ["--op", "upsert", "--key", "name"],
            [
                {
                    "key": ["name"],
                    "values": {"name": "Acme", "active": True, "color": 3, "ref": "A-1"}
                    | {"category_id": [[6, 0, [1]]]},
                },
                {"key": ["name"], "values": {"name": "Bolt", "active": False, "color": "x"}},
            ],
        ),
    ],
)
def test_rows_of_csv_become_operations(
    run: Run, odoo: FakeOdoo, options: list[str], bodies: Any
) -> None:
    """Texts become what the fields take; what does not look right stays for Odoo to refuse."""
    Path("rows.csv").write_text(CSV)
    result = run("submit", "rows.csv", "--model", "res.partner", *options)
    assert result.exit_code == 0, result.output
    op = {"op": options[1], "model": "res.partner"}
    assert odoo.jobs[0].operations == [{**op, **body} for body in bodies]
    assert result.output.splitlines()[0] == "Job 1  http://odoo.test/odoo/batch-jobs/1"


@pytest.mark.parametrize(
    ("file", "more", "name", "context"),
    [
        ("in/rows.csv", [], None, {"batch_job_default_name": "rows.csv"}),
        ("in/rows.csv", ["--name", "Contacts"], "Contacts", None),
        ("-", [], None, None),
    ],
)
def test_job_has_the_name_of_its_file(
    run: Run, odoo: FakeOdoo, file: str, more: list[str], name: str | None, context: object
) -> None:
    """In a list of jobs people find theirs by what they have submitted.

    The file's name is a default, which an idempotency key does not compare.
    """
    Path("in").mkdir()
    Path("in/rows.csv").write_text(CSV)
    assert run("submit", file, "--model", "res.partner", *more, text=CSV).exit_code == 0
    (body,) = (body for path, body in odoo.requests if path.endswith("/submit"))
    assert (body["name"], body.get("context")) == (name, context)


def test_load_is_what_becomes_of_csv(run: Run, odoo: FakeOdoo) -> None:
    """Without --op a CSV file is imported as Odoo would, whatever its delimiter; from stdin too."""
    text = '\ufeffid;name\n\nmy.a;"Two\nlines"\n'
    assert run("submit", "-", "--model", "res.partner", text=text).exit_code == 0
    assert odoo.jobs[0].operations == [
        {
            "op": "load",
            "model": "res.partner",
            "fields": ["id", "name"],
            "row": ["my.a", "Two\nlines"],
        }
    ]


def test_columns_of_load_are_those_of_an_import(run: Run, odoo: FakeOdoo) -> None:
    """A path begins with a field, however the rest is written; ids have no field."""
    columns = ["id", "country_id/code", "country_id:id", "country_id.id", "name"]
    Path("a.csv").write_text(f"{','.join(columns)}\n{','.join('12345')}\n")
    assert run("submit", "a.csv", "--model", "res.partner").exit_code == 0
    Path("b.csv").write_text(".id,name\n1,2\n")
    assert run("submit", "b.csv", "--model", "res.partner").exit_code == 0
    assert [job.operations[0]["fields"] for job in odoo.jobs] == [columns, [".id", "name"]]


def test_write_and_unlink_take_the_id_column(run: Run, odoo: FakeOdoo) -> None:
    """An empty cell of a write clears the field."""
    Path("rows.csv").write_text("id,name,ref\n7,Acme,\n")
    run("submit", "rows.csv", "--model", "res.partner", "--op", "write")
    run("submit", "rows.csv", "--model", "res.partner", "--op", "unlink")
    written, removed = (job.operations for job in odoo.jobs)
    values = {"name": "Acme", "ref": False}
    assert written == [{"op": "write", "model": "res.partner", "ids": [7], "values": values}]
    assert removed == [{"op": "unlink", "model": "res.partner", "ids": [7]}]


def test_json_lines_are_rows_or_operations(run: Run, odoo: FakeOdoo) -> None:
    """A line with “op” is an operation as it is; columns of an earlier result are left out."""
    lines = [
        {"name": "Acme", "color": 3, "__index": 4, "__error": "why"},
        {"op": "unlink", "model": "res.users", "ids": [9]},
    ]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    assert run("submit", "rows.jsonl", "--model", "res.partner").exit_code == 0
    assert odoo.jobs[0].operations == [
        {"op": "create", "model": "res.partner", "values": {"name": "Acme", "color": 3}},
        lines[1],
    ]


UPSERT = ["--op", "upsert", "--key", "name"]


@pytest.mark.parametrize(
    ("name", "text", "options", "reason"),
    [
        ("a.csv", "name\nA,B\n", [], "a.csv, line 2: the row has 2 cells, the header 1"),
        ("a.csv", "", [], "a.csv is empty"),
        ("a.csv", "name\n", [], "a.csv has no rows"),
        ("a.csv", "active\nmaybe\n", ["--op", "create"], "line 2: the column “active” holds"),
        ("a.jsonl", '{"op": "frob", "model": "m"}', [], "line 1: op 'frob' is unknown"),
        ("a.csv", "name,,ref\n", [], "column 2 has no name"),
        ("a.csv", "name,name\n", [], "column name is there twice"),
        ("a.csv", 'name\nA\n"B\nC\n', [], "line 3: a quotation mark of the row that begins here"),
        ("a.csv", '\n\nname\n"A\nB"\nC,D\n', [], "a.csv, line 6: the row has 2 cells"),
        ("a.csv", "\n\nname\nA,B\n", [], "a.csv, line 4: the row has 2 cells"),
        ("a.csv", "id,name\n1,A\n", ["--op", "create"], "“id” means nothing to create: use --op"),
        ("a.csv", ".id,name\n1,A\n", UPSERT, "“.id” means nothing to upsert by --key"),
        (
            "a.jsonl",
            '{"id": 1, "name": "A"}',
            [],
            "line 1: the column “id” means nothing to create",
        ),
        ("a.csv", "color\n1\n", UPSERT, "line 1: the column “name”, which --key names, is missing"),
        ("a.csv", "id,name\n,A\n", ["--op", "upsert"], "line 2: give --key FIELD, or the external"),
        ("a.jsonl", '\n\n{"a": tru}', [], "line 3: not JSON: Expecting value (character 7)"),
        ("a.csv", "name\nA\n", ["--op", "write"], "line 1: the column “id” is missing"),
        ("a.csv", "id\nx\n", ["--op", "unlink"], "line 2: the column “id” holds 'x'"),
        ("a.csv", "name\nA\n", ["--op", "upsert"], "line 1: give --key FIELD"),
        (
            "a.csv",
            "colour\n\n1\n",
            ["--op", "create"],
            "line 1: the column “colour” is no field of res.partner",
        ),
        (
            "a.csv",
            "\n\ncountry_id/code\nBE\n",
            ["--op", "create"],
            "line 3: the column “country_id/code” is no",
        ),
        ("a.csv", "land_id/code\nBE\n", [], "“land_id/code” is no field of res.partner"),
        ("a.jsonl", "{}\n{", [], "a.jsonl, line 2: not JSON"),
        ("a.jsonl", "{}\n[]", [], "a.jsonl, line 2: a line is an object"),
        ("a.csv", b"name\n\xe9\n", [], "a.csv is not UTF-8: line 2 has the bytes e9 at its beg"),
        (
            "a.csv",
            b"name\r\nA\r\n" * 9000 + b"Caf\xe9\n",
            [],
            "line 18001 has the bytes e9 after “Caf”; save it as UTF-8",
        ),
        ("a.jsonl", b'{}\n{"a": "\xff\xfe"}', [], "line 2 has the bytes ff fe after “{"),
        ("a.xlsx", b"PK\x03\x04\x14\x00\xe9\n", [], "a.xlsx is a workbook, and no text: save it"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", [], "save it as “CSV UTF-8” in the spread"),
    ],
)
def test_bad_input_is_named_with_its_line(
    run: Run, odoo: FakeOdoo, name: str, text: Any, options: list[str], reason: str
) -> None:
    """Exit code 2, and nothing is submitted."""
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    result = run("submit", name, "--model", "res.partner", *options)
    assert result.exit_code == 2
    assert reason in result.output
    assert odoo.jobs == []


def test_columns_of_csv_are_no_operations(run: Run, odoo: FakeOdoo) -> None:
    """A model may have fields of these names; only a line of JSON can be an operation."""
    Path("rows.csv").write_text("op,model\nunlink,x\n")
    assert run("submit", "rows.csv", "--model", "res.partner", "--op", "load").exit_code == 2
    odoo.answers["res.partner/fields_get"] = {name: {"type": "char"} for name in ("op", "model")}
    assert run("submit", "rows.csv", "--model", "res.partner", "--op", "create").exit_code == 0
    assert odoo.jobs[0].operations[0]["values"] == {"op": "unlink", "model": "x"}


@pytest.mark.parametrize("text", ["NaN", "-inf", "1_000", "1_0e1", "1e400"])
def test_number_to_python_only(text: str) -> None:
    """Odoo would store it, or something else; nobody means it."""
    with pytest.raises(InputError, match="it takes a number such as"):
        check_cell("x", text, "float")
    check_cell("x", text, "char")
    check_cell("x", "1000.5", "float")


def test_truth_values_of_json(run: Run, odoo: FakeOdoo) -> None:
    """Any text is true to Odoo; other values are left to it, and names that are no fields."""
    Path("a.jsonl").write_text('{"name": "A", "active": false, "colour": 1}\n{"active": "nope"}\n')
    result = run("submit", "a.jsonl", "--model", "res.partner")
    assert (result.exit_code, odoo.jobs) == (2, [])
    assert "a.jsonl, line 2: the column “active” holds 'nope'" in result.output
    Path("a.jsonl").write_text('{"name": "A", "active": false, "colour": 1}\n')
    assert run("submit", "a.jsonl", "--model", "res.partner").exit_code == 0
    assert odoo.jobs[0].operations[0]["values"] == {"name": "A", "active": False, "colour": 1}
    Path("a.jsonl").write_text('{"active": "false"}\n{"active": "yes"}\n{"active": ""}\n')
    assert run("submit", "a.jsonl", "--model", "res.partner").exit_code == 0
    sent = [operation["values"]["active"] for operation in odoo.jobs[1].operations]
    assert sent == [False, True, False]


def test_rows_that_are_done_are_not_done_again(run: Run, odoo: FakeOdoo) -> None:
    """`results` without --failed writes them too."""
    Path("all.csv").write_text("name,__index,__error,__state,__ids\nA,0,,failed,\nB,1,,done,[7]\n")
    result = run("submit", "all.csv", "--model", "res.partner")
    assert (result.exit_code, odoo.jobs) == (2, [])
    assert "all.csv, line 3: the row is done already" in result.output


def test_columns_of_others_that_begin_as_ours(run: Run, odoo: FakeOdoo) -> None:
    """They are not dropped without a word."""
    Path("a.csv").write_text("name,__note\nA,B\n")
    result = run("submit", "a.csv", "--model", "res.partner")
    assert (result.exit_code, "“__note” is no field" in result.output) == (2, True)


def test_bad_input_of_standard_input(run: Run, odoo: FakeOdoo) -> None:
    """Errors name it as people do."""
    result = run("submit", "-", "--model", "res.partner", text="name\nA,B\n")
    assert result.exit_code == 2
    assert "standard input, line 2: the row has 2 cells" in result.output


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


def test_failed_rows_as_a_file_to_correct_and_submit_again(run: Run, odoo: FakeOdoo) -> None:
    """The original columns come back with index and reason, and are accepted as they are."""
    error = {"type": "bad_value", "message": "Color is, like, wrong"}
    odoo.outcomes = [outcome(0), outcome(1, state="failed", ids=[], error=error)]
    values = {"name": "Bolt", "active": True, "color": "x", "category_id": [[6, 0, [1]]]}
    odoo.answers["batch.job.operation/search_read"] = [stored(1, {"values": values})]
    result = run("results", "1", "--failed", "-o", "failed.csv")
    assert "submit failed.csv --op create --model res.partner" in result.output
    assert Path("failed.csv").read_text().splitlines() == [
        "name,active,color,category_id,__index,__error",
        'Bolt,true,x,"[[6, 0, [1]]]",1,"Color is, like, wrong"',
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
    assert [line.rpartition(",1,")[0] or line for line in lines] == [
        "ref,name,active,__index,__error",
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


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("char", "A"),
        ("char", False),
        ("integer", 3),
        ("integer", 0),
        ("float", 1.5),
        ("boolean", True),
        ("boolean", False),
        ("many2many", [[6, 0, [1]]]),
    ],
)
def test_cell_is_read_as_it_was_written(kind: str, value: Any) -> None:
    """A value survives the way through a CSV file."""
    assert typed(cell(value, kind), kind) == value
