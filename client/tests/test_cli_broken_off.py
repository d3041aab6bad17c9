"""The command line: a submission that Odoo refuses, or that breaks off."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from conftest import Run
from fake_odoo import FakeOdoo, odoo_error, reply, work


def test_large_submission_prints_its_id_before_it_is_sent(run: Run, odoo: FakeOdoo) -> None:
    """A client killed on the way is found again; the draft that was refused is cancelled."""
    Path("a.jsonl").write_text((json.dumps({"name": "x" * 90_000}) + "\n") * 30)
    odoo.faults = iter([work, work, work, reply(odoo_error(422, "Operation 4: no"))])
    result = run("submit", "a.jsonl", "--model", "m")
    assert result.exit_code == 2
    assert result.output.splitlines() == [
        "Job 1  http://odoo.test/odoo/batch-jobs/1",
        "Not all was sent; job 1 is cancelled.",
        "Error: a.jsonl, line 5: Operation 4: no",
    ]
    assert odoo.jobs[0].state == "cancelled"


@pytest.mark.parametrize(("index", "line"), [(0, 2), (1, 4), (2, 5), (3, 7)])
def test_refused_operation_is_named_with_its_line(
    run: Run, odoo: FakeOdoo, index: int, line: int
) -> None:
    """Empty lines and texts of two lines are no reason to count; JSON has the index too."""
    Path("a.csv").write_text('name\nA\n\nB\n"C\nC"\nD\n')
    refusal = reply(odoo_error(422, f"Operation {index}: no"))
    odoo.faults = iter([work, refusal])  # it asks for the fields first
    result = run("submit", "a.csv", "--op", "create", "--model", "res.partner", "--json")
    error = json.loads(result.output)
    assert error["error"] == f"a.csv, line {line}: Operation {index}: no"
    assert error["index"] == index


def test_last_is_no_earlier_job_after_a_refusal(run: Run, odoo: FakeOdoo) -> None:
    """Who goes on with --last after a refused submission would correct another job's rows."""
    Path("a.jsonl").write_text("{}\n")
    Path("b.jsonl").write_text("{")
    assert run("submit", "a.jsonl", "--model", "m").exit_code == 0
    assert run("status", "--last").exit_code == 0
    assert run("submit", "b.jsonl", "--model", "m").exit_code == 2
    result = run("status", "--last")
    assert (result.exit_code, "submission from here was refused" in result.output) == (2, True)


def interrupt(request: object, serve: Callable[[], Any]) -> Any:
    """Fault: Ctrl-C while the request is being carried out."""
    answer = serve()
    os.kill(os.getpid(), signal.SIGINT)
    return answer


def test_ctrl_c_while_sending_leaves_no_draft_behind(run: Run, odoo: FakeOdoo) -> None:
    """Half a submission is of no use, unless it can be continued under its key."""
    Path("a.jsonl").write_text((json.dumps({"name": "x" * 90_000}) + "\n") * 30)
    odoo.faults = iter([work, work, interrupt])
    result = run("submit", "a.jsonl", "--model", "m")
    assert result.exit_code == 130
    assert result.output.splitlines()[-1] == "Not all was sent; job 1 is cancelled."
    assert odoo.jobs[0].state == "cancelled"
    odoo.faults = iter([work, work, interrupt])
    result = run("submit", "a.jsonl", "--model", "m", "--idempotency-key", "nightly")
    assert result.exit_code == 130
    assert result.output.splitlines()[-1] == (
        "Not all was sent; job 2 stays a draft. Submit again with --idempotency-key nightly to go "
        "on."
    )
    assert odoo.jobs[1].state == "draft"
    assert run("submit", "a.jsonl", "--model", "m", "--idempotency-key", "nightly").exit_code == 0
    assert [len(job.operations) for job in odoo.jobs][1:] == [30]


def test_whole_submission_is_not_called_half(run: Run, odoo: FakeOdoo) -> None:
    """All was sent, and only the answer to the start went wrong: the job is left alone."""
    Path("a.jsonl").write_text((json.dumps({"name": "x" * 90_000}) + "\n") * 30)

    def start_and_fail(request: object, serve: Callable[[], Any]) -> Any:
        serve()
        return httpx.Response(500, text="<html>Internal Server Error</html>")

    odoo.faults = iter([*[work] * 5, start_and_fail])
    result = run("submit", "a.jsonl", "--model", "m")
    assert odoo.requests[-1][0] == "batch.job/start"
    assert "See what has become of job 1: odoo-batch status 1." in result.output
    assert (result.exit_code, odoo.jobs[0].state) == (3, "queued")


def test_other_rows_under_a_used_key(run: Run, odoo: FakeOdoo) -> None:
    """To submit them once more would be refused again."""
    Path("a.jsonl").write_text((json.dumps({"name": "x" * 90_000}) + "\n") * 30)
    odoo.faults = iter([work, work, reply(odoo_error(422, "Part 0 was appended before"))])
    result = run("submit", "a.jsonl", "--model", "m", "--idempotency-key", "nightly")
    assert "stays a draft that nobody can go on with: odoo-batch cancel 1" in result.output


def test_empty_key_is_none(run: Run, odoo: FakeOdoo) -> None:
    """A variable of the shell that is not set would let a submission be doubled."""
    Path("a.jsonl").write_text("{}\n")
    result = run("submit", "a.jsonl", "--model", "m", "--idempotency-key", "")
    assert (result.exit_code, odoo.jobs) == (2, [])


def test_refused_row_of_a_keyed_submission_says_how_to_go_on(run: Run, odoo: FakeOdoo) -> None:
    """Half of the file is in a draft: corrected and submitted again, it is all there once."""
    good = json.dumps({"name": "x" * 90_000}) + "\n"
    Path("a.jsonl").write_text(good * 299 + "{\n")
    keyed = ["submit", "a.jsonl", "--model", "m", "--idempotency-key", "nightly"]
    result = run(*keyed)
    assert result.exit_code == 2
    said = "Not all was sent; job 1 stays a draft. Submit again with --idempotency-key nightly"
    assert said in result.output
    assert odoo.jobs[0].state == "draft"
    Path("a.jsonl").write_text(good * 300)
    assert run(*keyed).exit_code == 0
    assert [len(job.operations) for job in odoo.jobs] == [300]


def test_ctrl_c_while_watching_leaves_the_job(run: Run, odoo: FakeOdoo) -> None:
    """It says how to come back."""
    Path("a.jsonl").write_text("{}\n")
    odoo.states = ["running"] * 9
    odoo.faults = iter([work, work, work, interrupt])
    result = run("submit", "a.jsonl", "--model", "m")
    assert result.exit_code == 130
    assert "Job 1 goes on in Odoo. Watch it again: odoo-batch watch 1" in result.output
    assert odoo.jobs[0].state == "running"


def test_last_after_ctrl_c_was_not_refused(run: Run, odoo: FakeOdoo) -> None:
    """Nobody has refused it: what is said is what happened, and the job that is gone."""
    Path("a.jsonl").write_text((json.dumps({"name": "x" * 90_000}) + "\n") * 30)
    odoo.faults = iter([interrupt])
    assert run("submit", "a.jsonl", "--model", "m").exit_code == 130
    assert run("status", "--last").output == (
        "Error: the last submission from here was broken off before Odoo had named a job: see "
        "`odoo-batch list`, or give the id of a job.\n"
    )
    odoo.faults = iter([work, work, interrupt])
    assert run("submit", "a.jsonl", "--model", "m").exit_code == 130
    assert run("status", "--last").output == (
        "Error: the last submission from here was broken off, and its job 1 is cancelled; give "
        "the id of a job.\n"
    )
