"""The command line: rows of a file become operations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Run
from fake_odoo import FakeOdoo

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


BELOW_HEADER = {"batch_job_first_row": 2}


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("name\nA\n", BELOW_HEADER),
        ("\n\nname\nA\n", {"batch_job_first_row": 4}),
        ('{"name": "A"}\n', None),
        ('\n{"name": "A"}\n', BELOW_HEADER),
    ],
)
def test_rows_are_counted_as_in_the_file(
    run: Run, odoo: FakeOdoo, text: str, context: object
) -> None:
    """Odoo is told in which row of the file the first operation stands, unless it is the first."""
    assert run("submit", "-", "--model", "res.partner", text=text).exit_code == 0
    (body,) = (body for path, body in odoo.requests if path.endswith("/submit"))
    assert body.get("context") == context


@pytest.mark.parametrize(
    ("file", "more", "name", "context"),
    [
        ("in/rows.csv", [], None, {"batch_job_default_name": "rows.csv", **BELOW_HEADER}),
        ("in/rows.csv", ["--name", "Contacts"], "Contacts", BELOW_HEADER),
        ("-", [], None, BELOW_HEADER),
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
    assert (body.get("name"), body.get("context")) == (name, context)


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
        (
            "a.jsonl",
            '{"op": "create", "values": {"id": 1, "name": "A"}}',
            [],
            "line 1: “id” means nothing among the values of create: use op write",
        ),
        (
            "a.jsonl",
            '{}\n{"op": "create", "values": [{"name": "A"}, {"id": 1}]}',
            [],
            "line 2: “id” means nothing among the values of create: use op write",
        ),
        (
            "a.jsonl",
            '{"op": "upsert", "key": ["name"], "values": {"id": 1, "name": "A"}}',
            [],
            "line 1: “id” means nothing among the values of upsert: use op write",
        ),
        (
            "a.jsonl",
            '{"op": "write", "ids": [1], "values": {"id": 1, "name": "A"}}',
            [],
            "line 1: “id” means nothing among the values of write: name the records in “ids”",
        ),
        ("a.csv", "id,name\n1,A\n", UPSERT, "line 1: the column “id” means nothing to upsert by"),
        ("a.csv", "id,name\n1,A\n", UPSERT[2:], "line 1: the column “id” says which record, and"),
        ("a.csv", "color\n1\n", UPSERT[2:], "“name”, which --key names, is missing"),
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


def test_rows_with_a_key(run: Run, odoo: FakeOdoo) -> None:
    """`--key` is enough: rows of CSV become a load with that key, lines included."""
    Path("rows.csv").write_text("ref,country_id/code,child_ids/ref\nA,BE,1\n,,2\n")
    keys = ["--key", "ref", "--key", "child_ids/ref"]
    result = run("submit", "rows.csv", "--model", "res.partner", "--no-wait", *keys)
    assert (result.exit_code, result.stderr) == (0, "")
    base = {"op": "load", "model": "res.partner", "key": ["ref", "child_ids/ref"]}
    base["fields"] = ["ref", "country_id/code", "child_ids/ref"]
    rows = (["A", "BE", "1"], ["", "", "2"])
    assert odoo.jobs[0].operations == [{**base, "row": row} for row in rows]


@pytest.mark.parametrize(
    ("header", "options", "said"),
    [
        ("name", [], 1),
        ("name", ["--key", "name"], 0),
        ("name,id", [], 0),
        ("name,.id", [], 0),
        ("name", ["--op", "create"], 0),
    ],
)
def test_what_a_second_run_would_double(
    run: Run, odoo: FakeOdoo, header: str, options: list[str], said: int
) -> None:
    """Rows that name no record: the command line says once that each run makes them again."""
    cells = ",".join("A" for _column in header.split(","))
    Path("rows.csv").write_text(f"{header}\n{cells}\n{cells}\n")
    result = run("submit", "rows.csv", "--model", "res.partner", "--no-wait", *options)
    assert result.exit_code == 0
    assert result.stderr.count("a second run of this file would make each of them again") == said


def test_columns_of_csv_are_no_operations(run: Run, odoo: FakeOdoo) -> None:
    """A model may have fields of these names; only a line of JSON can be an operation."""
    Path("rows.csv").write_text("op,model\nunlink,x\n")
    assert run("submit", "rows.csv", "--model", "res.partner", "--op", "load").exit_code == 2
    odoo.answers["res.partner/fields_get"] = {name: {"type": "char"} for name in ("op", "model")}
    assert run("submit", "rows.csv", "--model", "res.partner", "--op", "create").exit_code == 0
    assert odoo.jobs[0].operations[0]["values"] == {"op": "unlink", "model": "x"}


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
