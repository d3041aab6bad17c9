"""The command line: exit codes, and what the commands say."""

from __future__ import annotations

import io
import json
import os
import socketserver
import subprocess
import sys
import threading
from dataclasses import fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from conftest import KEY, Run
from fake_odoo import FakeOdoo, odoo_error, outcome, reply, status
from odoo_batch_job import JobStatus
from odoo_batch_job._cli import main
from odoo_batch_job._cli._listing import table_of
from odoo_batch_job._cli._show import duration, ending, line


def test_bad_usage_exits_with_2(run: Run) -> None:
    """What the command line does not know ends it with exit code 2."""
    Path("a.jsonl").write_text("{}\n")
    assert "which model" in run("submit", "a.jsonl").output
    wrong = (["submit", "none.csv"], ["watch"], ["watch", "1", "--last"], ["no"])
    for arguments in (*wrong, ["list", "--state", "bogus"]):
        assert run(*arguments).exit_code == 2
    assert run("status", "--last").exit_code == 2
    Path("a.csv").write_text("name\nA\n")
    asked = "Error: which model? Give --model, such as --model res.partner.\n"
    assert run("submit", "a.csv").output == asked  # no line of the file is at fault
    options = ["--op", "write", "--key", "name"]
    result = run("submit", "a.csv", "--model", "res.partner", *options)
    assert (result.exit_code, "add --op load or --op upsert" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("options", "number"), [([], 1), (["--parallel"], 0), (["--max-parallel", "4"], 4)]
)
def test_how_many_chunks_at_once(run: Run, odoo: FakeOdoo, options: list[str], number: int) -> None:
    """One after another unless asked; --parallel leaves the number to Odoo."""
    Path("a.jsonl").write_text("{}\n")
    assert run("submit", "a.jsonl", "--model", "m", "--no-wait", *options).exit_code == 0
    assert odoo.jobs[0].body["max_parallel"] == number


def test_parallel_names_no_number(run: Run, odoo: FakeOdoo) -> None:
    """--parallel and --max-parallel contradict each other: refused before anything is sent."""
    Path("a.jsonl").write_text("{}\n")
    result = run("submit", "a.jsonl", "--model", "m", "--parallel", "--max-parallel", "4")
    assert (result.exit_code, odoo.jobs) == (2, [])
    assert "--parallel leaves the number to Odoo: leave --max-parallel out." in result.output


@pytest.mark.parametrize(
    ("state", "code"), [("done", 0), ("partial", 1), ("failed", 3), ("cancelled", 3), ("paused", 6)]
)
def test_exit_code_says_how_the_job_ended(run: Run, odoo: FakeOdoo, state: str, code: int) -> None:
    """A script knows without reading."""
    Path("a.jsonl").write_text("{}\n")
    odoo.states = ["running", state]
    assert run("submit", "a.jsonl", "--model", "m").exit_code == code
    odoo.states = [state]
    assert run("watch", "--last").exit_code == code


@pytest.mark.parametrize(("status", "code"), [(401, 5), (403, 5), (404, 2), (422, 2), (500, 3)])
def test_exit_code_of_a_refusal(run: Run, odoo: FakeOdoo, status: int, code: int) -> None:
    """Odoo's words are shown; with --json as JSON, with the operation's index."""
    odoo.faults = iter([reply(odoo_error(status, "Operation 3: no"))] * 2)
    assert run("status", "1").exit_code == code
    result = run("status", "1", "--json")
    error = json.loads(result.output)
    assert error["error"].endswith("Operation 3: no")
    assert error["index"] == 3


def test_time_out_says_how_to_come_back(run: Run, odoo: FakeOdoo) -> None:
    """Exit code 4; the job goes on."""
    Path("a.jsonl").write_text("{}\n")
    odoo.states = ["running"] * 100
    result = run("submit", "a.jsonl", "--model", "m", "--timeout", "0.01")
    assert result.exit_code == 4
    assert "odoo-batch watch 1" in result.output


def test_no_wait_leaves_at_once_and_last_finds_the_job(run: Run, odoo: FakeOdoo) -> None:
    """The id is printed and kept."""
    Path("a.jsonl").write_text("{}\n")
    result = run("submit", "a.jsonl", "--model", "m", "--no-wait", "--json")
    assert json.loads(result.output)["id"] == 1
    assert odoo.requests[-1][0] == "batch.job/submit"
    odoo.states = ["queued"]
    assert json.loads(run("status", "--last", "--json").output)["state"] == "queued"
    for verb in ("pause", "resume", "retry", "cancel"):
        assert run(verb, "--last").exit_code == 0
        options: dict[str, dict[str, object]] = {
            "resume": {"skip": False, "index": None},
            "retry": {"cancelled": False},
        }
        assert odoo.requests[-1] == (f"batch.job/{verb}", {"ids": [1], **options.get(verb, {})})


def test_help_of_every_command(run: Run) -> None:
    """Each says what it does, and no key."""
    for name in main.commands:
        result = run(name, "--help")
        assert result.exit_code == 0
        assert KEY not in result.output
    verbs = {"cancel", "duplicate", "pause", "resume", "retry", "start"}
    others = {"history", "list", "login", "results", "status", "submit", "watch"}
    assert set(main.commands) == verbs | others


def test_list_prints_one_job_a_line(run: Run, odoo: FakeOdoo) -> None:
    """`list` prints one job a line; with --json each line is an object with fields of a status."""
    job = {"id": 3, "name": "J", "state": "done", "total": 2, "succeeded": 2, "failed": 0}
    job |= {"skipped": 0, "progress": 100.0, "remaining": 0, "rate": 2.5, "dry_run": True}
    times = {"create_date": "2026-11-26 01:02:03", "eta": "2026-11-26 02:00:00"}
    odoo.answers["batch.job/search_read"] = [{**job, **times, "started_at": False}]
    line = run("list", "--state", "done").output
    assert line == "3\tJ\tdone\t2\t2\t0\t0\t100.0\tdry run\t2026-11-26T02:00:00+00:00\n"
    assert odoo.requests[-1][1]["domain"] == [["state", "=", "done"]]
    odoo.answers["batch.job/search_read"] = [{**job, **times, "started_at": False}]
    listed = json.loads(run("list", "--json").output)
    assert listed == {
        **job,
        "created_at": "2026-11-26T01:02:03+00:00",
        "eta": "2026-11-26T02:00:00+00:00",
        "started_at": None,
    }
    assert listed.keys() < {field.name for field in fields(JobStatus)}


def test_list_fits_a_terminal() -> None:
    """Names are told apart at 80 columns."""
    job = {"id": 123, "name": "suppliers [/of] the north.csv", "state": "partial", "total": 30_000}
    job |= {"succeeded": 29_997, "failed": 3, "skipped": 0, "progress": 100.0, "dry_run": True}
    job |= {"eta": "2030-01-31T12:00:00+00:00", "started_at": "2030-01-31T12:00:01+00:00"}
    later = {**job, "id": 124, "state": "queued", "dry_run": False, "started_at": None}
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(table_of([job, later]))
    shown = console.export_text()
    for text in ("suppliers [/of]", "north.csv", "partial (dry run)", "29,997 of 30,000"):
        assert text in shown
    assert shown.count("until 0") == 1  # 01-31 or, in a zone of the east, 02-01


def test_options_of_the_time_and_the_end(run: Run, odoo: FakeOdoo) -> None:
    """A time with a zone is sent in UTC, one without is the user's; on_end is sent as it is."""
    Path("a.jsonl").write_text("{}\n")
    arguments = ["submit", "a.jsonl", "--model", "m", "--no-wait"]
    on_end = {"model": "m", "method": "told", "ids": [7]}
    for eta, moment in (
        ("2030-01-31T18:00:00+02:00", "2030-01-31T16:00:00+00:00"),
        ("2030-01-31T18:00Z", "2030-01-31T18:00:00+00:00"),
        ("2030-01-31", datetime(2030, 1, 31).astimezone(timezone.utc).isoformat()),
    ):
        assert run(*arguments, "--eta", eta, "--on-end", json.dumps(on_end)).exit_code == 0
        sent = odoo.requests[-1][1]
        assert (sent["eta"], sent["on_end"]) == (moment, on_end)
    for option, value in (("--eta", "soon"), ("--on-end", "{"), ("--on-end", "[]")):
        refused = run(*arguments, option, value)
        assert refused.exit_code == 2
        assert "say it like" in refused.output or "not JSON" in refused.output


def test_when_it_begins_and_what_it_calls() -> None:
    """A job that waits for its time says so; one that has ended, what became of on_end."""
    waits = JobStatus.from_json(status(eta="2030-01-31T12:00:00Z"))
    assert waits.eta
    local = waits.eta.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    assert line(waits) == f"Job 1 0 %: 0 of 3, queued, begins {local}"
    begun = status(eta="2030-01-31T12:00:00Z", started_at="2030-01-31T12:00:01Z", state="running")
    assert line(JobStatus.from_json(begun)) == "Job 1 0 %: 0 of 3"
    done = {"state": "done", "total": 2, "succeeded": 2, "remaining": 0}
    for state, said in (
        ("pending", "\non_end has not been called yet"),
        ("done", "\non_end was called"),
        ("failed", "\non_end failed: No."),
        ("skipped", ""),
    ):
        end = {"state": state, "value": None, "error": "No." if state == "failed" else None}
        job = JobStatus.from_json(status(**done, on_end=end))
        assert ending(job) == f"Job 1 is done: 2 succeeded{said}"


def test_url_of_a_screen(run: Run, odoo: FakeOdoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """People copy it from their browser; Odoo answers with a page."""
    odoo.faults = iter([lambda *_: httpx.Response(400, text="<html>Session expired</html>")] * 2)
    monkeypatch.setenv("ODOO_URL", f"{os.environ['ODOO_URL']}/odoo/contacts")
    output = run("status", "1").output
    assert "the URL of the server goes without /odoo/contacts" in output


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"state": "cancelled", "skipped": 2}, "odoo-batch retry 7 --cancelled"),
        ({"state": "paused", "remaining": 2}, "odoo-batch resume 7"),
        (
            {"state": "paused", "failed": 1, "remaining": 1, "policy": "stop"},
            "Go on: odoo-batch resume 7, or without the operation that failed: odoo-batch resume 7 "
            "--skip",
        ),
        # an older addon does not say the policy
        (
            {"state": "paused", "failed": 1, "remaining": 1, "policy": None},
            "odoo-batch resume 7 --skip",
        ),
        # `max_failures` paused it: there is no operation to skip
        ({"state": "paused", "failed": 1, "remaining": 1}, "Go on: odoo-batch resume 7"),
        ({"state": "partial", "failed": 1}, "odoo-batch results 7 --failed -o failed.csv"),
        ({"state": "done", "succeeded": 2, "dry_run": True}, "Run it for real: odoo-batch start 7"),
        ({"state": "failed", "failed": 2, "dry_run": True}, "file and submit the whole of it."),
        # at the time limit: one is to blame for nothing, the others were rolled back
        (
            {"state": "failed", "failed": 1, "skipped": 1, "dry_run": True},
            "submit the whole of it, or run the job for real as it is: odoo-batch start 7",
        ),
    ],
)
def test_what_to_do_next(values: dict[str, Any], said: str) -> None:
    """The end of a job says how to go on."""
    counts: dict[str, Any] = {"succeeded": 0, "failed": 0, "skipped": 0, "remaining": 0, "total": 2}
    counts |= {"started_at": "2025-01-02T03:04:05Z", "error": "Operation 1 failed: no"}
    job = JobStatus.from_json(status(id=7, **{**counts, **values}))
    assert ending(job).splitlines()[-1].endswith(said)


@pytest.mark.parametrize(
    ("failed", "advice"),
    [
        (0, "Or run all of it for real, also what was not tried: odoo-batch start 7"),
        (
            5,
            "Nothing of it is in: correct your own file and submit the whole of it, or run the "
            "job for real as it is: odoo-batch start 7",
        ),
    ],
)
def test_dry_run_out_of_time(failed: int, advice: str) -> None:
    """The rest can be tried: nobody is sent to correct rows that were not tried."""
    counts = {"total": 34, "succeeded": 21 - failed, "failed": failed, "skipped": 13, "untried": 13}
    rest = {"state": "partial", "remaining": 0, "started_at": "2025-01-02T03:04:05Z"}
    said = {"dry_run": True, "error": "21 of 34 operations were tried."}
    job = JobStatus.from_json(status(id=7, **counts, **rest, **said))
    assert ending(job).splitlines()[1:] == [
        "21 of 34 operations were tried.",
        *["Which and why: odoo-batch results 7 --failed"] * bool(failed),
        "Try the rest: odoo-batch retry 7",
        advice,
    ]


def test_side_by_side_is_said() -> None:
    """How a job ended says whether chunks of it ran at once; an older addon does not tell."""
    counts = {"state": "done", "total": 2, "succeeded": 2, "remaining": 0}
    job = status(id=7, **counts)
    del job["side_by_side"]
    assert ending(JobStatus.from_json(job)) == "Job 7 is done: 2 succeeded"
    told = ending(JobStatus.from_json({**job, "side_by_side": True}))
    assert told == "Job 7 is done: 2 succeeded (chunks ran side by side)"


def test_reader_that_goes_ends_the_output(run: Run, odoo: FakeOdoo) -> None:
    """`results | head -1` is no error: no words, and the exit code of a broken pipe."""
    odoo.outcomes = [outcome(index) for index in range(5_000)]
    program = "from odoo_batch_job._cli import main; main()"
    for more in ([], ["--json"]):
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", program, "results", "1", *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr
        said = process.stderr.read()
        process.stderr.close()
        assert (process.wait(30), said) == (141, b"")


class HangsUp(socketserver.BaseRequestHandler):
    """What Odoo does where TLS begins."""

    def handle(self) -> None:
        """Read the greeting and say nothing."""
        self.request.recv(65_536)


@pytest.mark.parametrize("hangs_up", [False, True])
def test_server_without_tls_is_said_once(
    run: Run,
    odoo: FakeOdoo,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hangs_up: bool,
) -> None:
    """One sentence with the remedy, whether it answers in the clear or hangs up; no attempts."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangsUp) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        port = server.server_address[1] if hangs_up else os.environ["ODOO_URL"].rpartition(":")[2]
        monkeypatch.setenv("ODOO_URL", f"https://127.0.0.1:{port}")
        result = run("status", "1")
        server.shutdown()
    sentence = f"the server does not speak TLS there; try http://127.0.0.1:{port}/"
    assert result.output == f"Error: https://127.0.0.1:{port}/: {sentence} (batch.job/status)\n"
    assert (result.exit_code, caplog.records) == (7, [])


def test_duration_in_words() -> None:
    """As people say it."""
    assert [duration(s) for s in (59.2, 61, 3720)] == ["59 s", "1 min 1 s", "1 h 2 min"]
