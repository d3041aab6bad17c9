"""Rows that failed, corrected in their job."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import Run
from fake_odoo import FakeOdoo
from helpers import async_client, blocking_client, creates
from odoo_batch_job import Correction, UnexpectedReplyError

ROWS = [{"index": 1, "values": {"name": "B"}}]


def sent(odoo: FakeOdoo, method: str) -> list[dict[str, Any]]:
    """Return what all requests for a method of jobs sent."""
    return [body for path, body in odoo.requests if path == f"batch.job/{method}"]


@pytest.mark.anyio
async def test_corrected_rows_are_sent_as_given() -> None:
    """The rows go as they are, from any iterable; the answer says what became of them."""
    odoo = FakeOdoo()
    async with async_client(odoo) as client:
        job = await client.submit(creates(2))
        correction = await client.correct(job.id, iter(ROWS))
        looked = await client.correct(job.id, ROWS, check_only=True)
    assert isinstance(correction, Correction)
    assert (correction.job.id, correction.job.state) == (job.id, "queued")
    assert (correction.rows, correction.corrected, correction.again) == (1, 1, 1)
    assert correction.left == {"done": [], "cancelled": []}
    assert looked.rows == 1
    assert sent(odoo, "correct") == [
        {"ids": [job.id], "rows": ROWS, "check_only": False},
        {"ids": [job.id], "rows": ROWS, "check_only": True},
    ]


def test_file_is_sent_in_base64() -> None:
    """The bytes of the file go in base64."""
    odoo = FakeOdoo()
    with blocking_client(odoo) as client:
        job = client.submit(creates(2))
        client.correct(job.id, ROWS)
        assert client.correct_file(job.id, b"PK\x03\x04").again == 1
    (body,) = sent(odoo, "correct_file")
    assert base64.b64decode(body["file"]) == b"PK\x03\x04"


def test_it_is_repeated_after_a_lost_response() -> None:
    """Odoo knows the same correction again."""

    def lose(request: httpx.Request, serve: Any) -> httpx.Response:
        serve()
        raise httpx.ReadError("lost", request=request)

    odoo = FakeOdoo(lambda _request, serve: serve(), lose)
    with blocking_client(odoo) as client:
        client.submit(creates(2))
        assert client.correct(1, ROWS).corrected == 1
    assert len(sent(odoo, "correct")) == 2


def test_what_is_no_correction() -> None:
    """An answer of another shape is refused."""
    with pytest.raises(UnexpectedReplyError, match="a correction's report"):
        Correction.from_json({"id": 7})
    with pytest.raises(UnexpectedReplyError, match="not a correction"):
        Correction.from_json({"correction": {}})


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "-"])
def test_into_sends_the_file_as_given(run: Run, odoo: FakeOdoo, name: str) -> None:
    """A file goes as it is: Odoo reads it, whatever it is."""
    odoo._submit(creates(2), start=True, idempotency_key="x", dry_run=False)
    if name != "-":
        Path(name).write_bytes(b"Job,Row\n1,2\n")
    result = run("submit", name, "--into", "1", text="Job,Row\n1,2\n")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[0] == "Job 1, 1 rows: 1 corrected"
    assert "Job 1 is done" in result.output
    (body,) = sent(odoo, "correct_file")
    assert base64.b64decode(body["file"]) == b"Job,Row\n1,2\n"


def test_into_from_lines(run: Run, odoo: FakeOdoo) -> None:
    """JSON Lines of `results -o` become rows; own columns that are none are left out."""
    odoo._submit(creates(2), start=True, idempotency_key="x", dry_run=False)
    line = {"op": "create", "model": "m", "values": {"name": "B"}}
    own = {"__job": 1, "__index": 1, "__error": "no", "__state": "failed", "__ids": []}
    Path("a.jsonl").write_text(json.dumps({**line, **own}) + "\n\n")
    assert run("submit", "a.jsonl", "--into", "1", "--no-wait").exit_code == 0
    assert sent(odoo, "correct")[0]["rows"] == [{"index": 1, **line}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"__job": 2, "__index": 1}, "a.jsonl, line 1: this is a row of job 2, not of job 1."),
        ({"__index": 1}, "a.jsonl, line 1: no operation with __job and __index."),
        ([], "a.jsonl, line 1: no operation"),
    ],
)
def test_into_from_wrong_lines(run: Run, odoo: FakeOdoo, line: object, message: str) -> None:
    """They are named, and nothing is sent."""
    Path("a.jsonl").write_text(json.dumps(line))
    result = run("submit", "a.jsonl", "--into", "1")
    assert (result.exit_code, odoo.requests) == (2, [])
    assert message in result.output


@pytest.mark.parametrize(
    "options", [["--model", "m"], ["--op", "load"], ["--dry-run"], ["--lang", "fr_FR"]]
)
def test_into_takes_no_options_of_a_job(run: Run, odoo: FakeOdoo, options: list[str]) -> None:
    """They would be without effect."""
    Path("a.csv").write_text("Job,Row\n1,2\n")
    result = run("submit", "a.csv", "--into", "1", *options)
    assert (result.exit_code, odoo.requests) == (2, [])
    assert f"leave out {options[0]}." in result.output


def test_into_a_file_that_is_not_there(run: Run, odoo: FakeOdoo) -> None:
    """It says so."""
    result = run("submit", "none.csv", "--into", "1")
    assert (result.exit_code, odoo.requests) == (2, [])
    assert "cannot read none.csv" in result.output
