"""The command line: a context for all rows, a part of a job, the first rows, other encodings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conftest import Run
from fake_odoo import CAUSES, FakeOdoo, outcome
from odoo_batch_job._cli import main
from odoo_batch_job._cli._rows import first_rows

SUBMIT = ("submit", "a.csv", "--model", "res.partner", "--no-wait")


def submitted(odoo: FakeOdoo) -> dict[str, Any]:
    """Return what the last submission sent."""
    return [body for path, body in odoo.requests if path.endswith("/submit")][-1]


def bodies(odoo: FakeOdoo, method: str) -> list[dict[str, Any]]:
    """Return what all requests for a method of jobs sent."""
    return [body for path, body in odoo.requests if path == f"batch.job/{method}"]


@pytest.mark.parametrize(
    ("options", "context"),
    [
        ([], {}),
        (["--lang", "fr_FR"], {"lang": "fr_FR"}),
        (["--no-tracking"], {"tracking_disable": True}),
        (
            ["--context", '{"default_ref": 1}', "--lang", "nl_BE", "--no-tracking"],
            {"default_ref": 1, "lang": "nl_BE", "tracking_disable": True},
        ),
        (["--context", '{"lang": "nl_BE"}', "--lang", "nl_BE"], {"lang": "nl_BE"}),
    ],
)
def test_context_options_make_one_context(
    run: Run, odoo: FakeOdoo, options: list[str], context: dict[str, Any]
) -> None:
    """The options make one context for the whole job, beside the file's name and first row."""
    Path("a.csv").write_text("name\nA\n")
    assert run(*SUBMIT, *options).exit_code == 0
    of_file = {"batch_job_default_name": "a.csv", "batch_job_first_row": 2}
    assert submitted(odoo)["context"] == {**context, **of_file}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--context", "{"], "--context is not JSON: "),
        (["--context", "[1]"], "--context is a JSON object, such as"),
        (
            ["--context", '{"lang": "fr_FR"}', "--lang", "nl_BE"],
            "--lang and --context give two values for “lang”.",
        ),
        (
            ["--context", '{"tracking_disable": false}', "--no-tracking"],
            "--no-tracking and --context give two values for “tracking_disable”.",
        ),
    ],
)
def test_bad_context_sends_nothing(
    run: Run, odoo: FakeOdoo, options: list[str], message: str
) -> None:
    """What is no context, or contradicts another option, is refused before anything is sent."""
    Path("a.csv").write_text("name\nA\n")
    result = run(*SUBMIT, *options)
    assert (result.exit_code, odoo.requests) == (2, [])
    assert message in result.output


def test_limit_submits_the_first_rows_only(run: Run, odoo: FakeOdoo) -> None:
    """With --limit the first rows are submitted, whatever is wrong with those after them."""
    Path("a.csv").write_text("name\nA\nB\nC\nD,too,many\n")
    assert run(*SUBMIT, "--limit", "2").exit_code == 0
    assert [one["row"] for one in submitted(odoo)["operations"]] == [["A"], ["B"]]
    assert run(*SUBMIT).exit_code == 2
    assert run(*SUBMIT, "--limit", "0").exit_code == 2


def test_limit_cuts_no_record(run: Run, odoo: FakeOdoo) -> None:
    """Rows with values of lines only belong to the row before, as for Odoo."""
    odoo.answers["res.partner/fields_get"] = {
        "name": {"type": "char"},
        "child_ids": {"type": "one2many"},
    }
    Path("a.csv").write_text("name,child_ids/name\nA,1\n,2\n,3\nB,4\n,5\n")
    assert run(*SUBMIT, "--limit", "1").exit_code == 0
    sent = [one["row"] for one in submitted(odoo)["operations"]]
    assert sent == [["A", "1"], ["", "2"], ["", "3"]]


def test_first_rows_need_not_be_read_further() -> None:
    """A file of any length is read to the row after the last, and no further."""
    read = []

    def rows() -> Any:
        for line in range(100):
            read.append(line)
            yield line, {}

    assert [line for line, _row in first_rows(rows(), 3, lambda row: False)] == [0, 1, 2]
    assert read == [0, 1, 2, 3]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-8", "UTF8"])
def test_encoding_keeps_the_texts_of_a_file(run: Run, odoo: FakeOdoo, encoding: str) -> None:
    """The texts of a file are what they say, with a byte order mark or without."""
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-8") else ""
    Path("a.csv").write_bytes(f"{mark}name\nSøren\n".encode(encoding))
    assert run(*SUBMIT, "--encoding", encoding).exit_code == 0
    assert submitted(odoo)["operations"][0]["fields"] == ["name"]
    assert submitted(odoo)["operations"][0]["row"] == ["Søren"]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"name\nS\xf8ren\n", [], "save it as UTF-8 (“CSV UTF-8” in a spreadsheet), or give its"),
        (b"name\nS\xf8ren\n", [], "or give its encoding, such as --encoding cp1252."),
        (
            b"name\nS\x81ren\n",
            ["--encoding", "cp1252"],
            "a.csv is not cp1252: line 2 has the bytes 81 after “S”",
        ),
        (b"name\nA", ["--encoding", "utf-16"], "a.csv is not utf-16, after line 0: UTF-16 stream"),
        (b"n\0\n\0\0\xd8\n\0", ["--encoding", "utf-16-le"], "is not utf-16-le, after line 0: "),
        (b"name\nA\n", ["--encoding", "latin1000"], "there is no encoding “latin1000”: give one"),
        (b"name\nA\n", ["--encoding", "hex"], "there is no encoding “hex”: give one such as"),
    ],
)
def test_wrong_encoding_is_named(
    run: Run, odoo: FakeOdoo, content: bytes, options: list[str], message: str
) -> None:
    """A file that is not in its encoding, and an encoding that is none, are named."""
    Path("a.csv").write_bytes(content)
    result = run(*SUBMIT, *options)
    assert (result.exit_code, message in result.output, odoo.jobs) == (2, True, []), result.output


@pytest.mark.parametrize(
    ("header", "options", "message"),
    [
        ("nmae", [], "“nmae” is no field of res.partner: correct the name (did you mean “name”?)."),
        ("Country", [], "correct the name (did you mean “country_id”?)."),
        ("contry_id/code", [], "correct the name (did you mean “country_id/code”?)."),
        ("Credit Limit", ["--op", "create"], "(did you mean “credit_limit”?), or use --op load"),
        ("zzz", [], "“zzz” is no field of res.partner: correct the name."),
        ("name", ["--op", "upsert", "--key", "nam"], "is missing (did you mean “name”?)."),
    ],
)
def test_did_you_mean(run: Run, header: str, options: list[str], message: str) -> None:
    """A mistyped column is answered with the field that is most like it."""
    Path("a.csv").write_text(f"{header}\nA\n")
    result = run(*SUBMIT, *options)
    assert (result.exit_code, message in result.output) == (2, True), result.output


def test_results_of_a_part(run: Run, odoo: FakeOdoo) -> None:
    """By state, by index, or both; --failed is several states."""
    states = ["done", "failed", "rolled_back", "done"]
    odoo.outcomes = [outcome(index, state=state) for index, state in enumerate(states)]

    def shown(*options: str) -> list[str]:
        return [line.split("\t")[0] for line in run("results", "1", *options).stdout.splitlines()]

    assert shown("--state", "failed") == ["1"]
    assert shown("--index", "3", "--index", "0") == ["0", "3"]
    assert shown("--index", "3", "--index", "1", "--state", "done") == ["3"]
    assert shown("--failed", "--index", "2", "--index", "3") == ["2"]
    assert shown() == ["0", "1", "2", "3"]
    for wrong in (["--state", "odd"], ["--index", "-1"], ["--failed", "--state", "failed"]):
        assert run("results", "1", *wrong).exit_code == 2


def test_retry_of_a_part(run: Run, odoo: FakeOdoo) -> None:
    """What is asked for is sent; a state and indexes together are refused before."""
    Path("a.jsonl").write_text("{}\n")
    run("submit", "a.jsonl", "--model", "m")
    assert run("retry", "--last", "--index", "3", "--index", "5").exit_code == 0
    assert run("retry", "--last", "--state", "rolled_back").exit_code == 0
    assert run("retry", "--last", "--cancelled").exit_code == 0
    assert run("retry", "--last", "--state", "done").exit_code == 2
    result = run("retry", "--last", "--state", "failed", "--index", "1")
    assert (result.exit_code, "--state and --index: give one" in result.output) == (2, True)
    assert bodies(odoo, "retry") == [
        {"ids": [1], "cancelled": False, "indexes": [3, 5]},
        {"ids": [1], "cancelled": False, "state": "rolled_back"},
        {"ids": [1], "cancelled": True},
    ]


def test_causes_are_shown_with_numbers(run: Run, odoo: FakeOdoo) -> None:
    """`status` says why operations failed, in words, with the number that `retry` takes."""
    Path("a.jsonl").write_text("{}\n")
    run("submit", "a.jsonl", "--model", "m", "--no-wait")
    odoo.jobs[0].state, odoo.causes = "partial", CAUSES
    assert run("status", "1").output.splitlines()[-3:] == [
        "   1. 1,000 x Country: no such record, e.g. 9999 (3 values)",
        "   2. 2 x Name is missing",
        "Run what failed of one of them again: odoo-batch retry 1 --cause N",
    ]
    assert json.loads(run("status", "1", "--json").output)["causes"] == CAUSES
    odoo.causes = CAUSES * 4
    assert run("watch", "1").output.splitlines()[-2:] == [
        "      and 3 more: odoo-batch status 1",
        "Run what failed of one of them again: odoo-batch retry 1 --cause N",
    ]


def test_retry_of_a_cause(run: Run, odoo: FakeOdoo) -> None:
    """`--cause N` sends the cause that `status` shows with this number, and nothing else of it."""
    Path("a.jsonl").write_text("{}\n")
    run("submit", "a.jsonl", "--model", "m", "--no-wait")
    odoo.causes = CAUSES
    result = run("retry", "1", "--cause", "2")
    assert (result.exit_code, "Retrying 2 x Name is missing" in result.stderr) == (0, True)
    cause = {"type": "required", "model": "res.partner", "field": "name", "constraint": None}
    assert bodies(odoo, "retry") == [{"ids": [1], "cancelled": False, "cause": cause}]
    for wrong, message in (
        (["--cause", "3"], "Job 1 has 2 causes; see: odoo-batch status 1"),
        (["--cause", "1", "--index", "1"], "Give --cause alone"),
        (["--cause", "1", "--cancelled"], "Give --cause alone"),
        (["--cause", "0"], "0 is not in the range x>=1"),
    ):
        result = run("retry", "1", *wrong)
        assert (result.exit_code, message in result.output) == (2, True), result.output
    assert len(bodies(odoo, "retry")) == 1


@pytest.mark.parametrize("verb", ["retry", "resume", "start"])
def test_wait_exits_as_the_job_ended(run: Run, odoo: FakeOdoo, verb: str) -> None:
    """With --wait the command watches, and its exit code says how the job ended."""
    Path("a.jsonl").write_text("{}\n")
    run("submit", "a.jsonl", "--model", "m", "--no-wait")
    odoo.states = ["queued", "running", "partial"]
    result = run(verb, "--last", "--wait", "--timeout", "600")
    assert (result.exit_code, "Job 1 is partial" in result.output) == (1, True)
    odoo.states = ["running"]
    result = run(verb, "--last")
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "Watch it: odoo-batch watch 1")
    result = run(verb, "--last", "--timeout", "3")
    assert (result.exit_code, "add --wait" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("odoo-batch re", {"plain,results", "plain,resume", "plain,retry"}),
        ("odoo-batch submit --enc", {"plain,--encoding"}),
        ("odoo-batch retry --state ro", {"plain,rolled_back"}),
        ("odoo-batch submit a.", {"file,a."}),
        ("odoo-batch results -o a.", {"file,a."}),
    ],
)
def test_completion_offers_what_fits_the_words(words: str, answer: set[str]) -> None:
    """A shell that asks is told commands, options, their values, and where a file's name goes."""
    asked = {"_ODOO_BATCH_COMPLETE": "bash_complete", "COMP_WORDS": words}
    asked["COMP_CWORD"] = str(len(words.split()) - 1)
    said = CliRunner().invoke(main, env=asked, prog_name="odoo-batch")
    assert set(said.output.split()) == answer


def test_results_file_of_a_part(run: Run, odoo: FakeOdoo) -> None:
    """Failed rows by state are rows to correct, as those of --failed are."""
    Path("a.csv").write_text("name\nA\nB\n")
    run("submit", "a.csv", "--model", "res.partner")
    failed = {"state": "failed", "error": {"type": "error", "message": "no", "field": None}}
    odoo.outcomes = [outcome(0), outcome(1, **failed)]
    odoo.answers["batch.job.operation/search_read"] = [
        {
            "index": index,
            "op": "load",
            "model": "res.partner",
            "ref": False,
            "payload_text": json.dumps({"fields": ["name"], "row": [name]}),
        }
        for index, name in enumerate("AB")
    ]
    result = run("results", "--last", "--state", "failed", "-o", "failed.csv")
    assert Path("failed.csv").read_text().splitlines() == ["name,__job,__index,__error", "B,1,1,no"]
    said = "Correct it and: odoo-batch submit failed.csv --into 1, or as a new job: "
    assert said + "odoo-batch submit failed.csv --op load" in result.output
    run("results", "--last", "--index", "0", "-o", "one.csv")
    header, row = Path("one.csv").read_text().splitlines()
    assert (header, row[:6]) == ("name,__job,__index,__error,__state,__ids", "A,1,0,")
