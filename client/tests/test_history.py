"""Who did what to a job: `history` of both clients and of the command line."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from conftest import Run
from fake_odoo import FakeOdoo, event, odoo_error, reply, work
from helpers import async_client, blocking_client
from odoo_batch_job import JobEvent, UnexpectedReplyError

CAUSE = {"type": "required", "model": "m", "field": "f", "constraint": None, "message": "no f"}
MARC = {"id": 7, "name": "Marc Demo"}
EVENTS = [
    event("submit", by=MARC),
    event("pause", state="paused", reason="too\nmany", succeeded=1_200, failed=2, seconds=3.25),
    event("retry", by=MARC, again=2),
    event("end", state="partial", failed=2, causes=[{**CAUSE, "count": 2}]),
]


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.anyio
async def test_history_of_a_job() -> None:
    """Each event is a value with names; what Odoo did by itself names nobody."""
    odoo = FakeOdoo()
    odoo.events = EVENTS
    async with async_client(odoo) as client:
        submit, pause, retry, end = await client.history(7)
    assert odoo.requests == [("batch.job/history", {"ids": [7], "limit": 100})]
    at = datetime(2025, 1, 2, 3, 4, 5, 250_000, tzinfo=timezone.utc)
    assert submit == JobEvent(
        at, "submit", "Marc Demo", 7, "queued", None, 0, 0, 0, 0, seconds=0.0, causes=[]
    )
    assert (pause.by, pause.user_id, pause.reason, pause.seconds) == (None, None, "too\nmany", 3.25)
    assert (retry.again, end.causes[0]["count"]) == (2, 2)


def test_history_of_the_blocking_client() -> None:
    """The same, with a limit."""
    odoo = FakeOdoo()
    odoo.events = EVENTS
    with blocking_client(odoo) as client:
        assert [one.event for one in client.history(7, limit=2)] == ["retry", "end"]


@pytest.mark.parametrize("answer", [[], {}, {"events": [{}]}, {"events": [None]}])
def test_what_is_no_history(answer: Any) -> None:
    """An answer of another form is an error of its own."""
    odoo = FakeOdoo()
    odoo.answers["batch.job/history"] = answer
    with blocking_client(odoo) as client, pytest.raises(UnexpectedReplyError, match="history"):
        client.history(7)


LINES = [
    "2025-01-02 03:04:05  submitted by Marc Demo",
    "2025-01-02 03:04:05  paused by Odoo: 1,200 succeeded, 2 failed, 3.2 s at work (too many)",
    "2025-01-02 03:04:05  retried by Marc Demo: 2 again",
    "2025-01-02 03:04:05  ended partial by Odoo: 2 failed",
]


def test_history_in_text(run: Run, odoo: FakeOdoo) -> None:
    """`history` prints a line for each event, `status` the last three below the state."""
    odoo.events = EVENTS
    assert run("history", "7").output.splitlines() == LINES
    assert run("history", "7", "--limit", "1").output.splitlines() == LINES[-1:]
    assert run("status", "7").output.splitlines()[-3:] == LINES[-3:]


def test_history_tells_the_trial_from_the_real_run(run: Run, odoo: FakeOdoo) -> None:
    """What was tried only is marked; an addon that does not know this marks nothing."""
    odoo.events = [event("end", state="done", succeeded=2, dry_run=True), event("start", by=MARC)]
    assert run("history", "7").output.splitlines() == [
        "2025-01-02 03:04:05  ended done (dry run) by Odoo: 2 succeeded",
        "2025-01-02 03:04:05  started by Marc Demo",
    ]


def test_history_as_json(run: Run, odoo: FakeOdoo) -> None:
    """--json prints an object for each event; of `status` it is the status alone."""
    odoo.events = EVENTS
    shown = [json.loads(line) for line in run("history", "7", "--json").output.splitlines()]
    assert [(one["event"], one["by"], one["failed"]) for one in shown] == [
        ("submit", "Marc Demo", 0),
        ("pause", None, 2),
        ("retry", "Marc Demo", 0),
        ("end", None, 2),
    ]
    assert len(run("status", "7", "--json").output.splitlines()) == 1


def test_status_of_an_older_addon(run: Run, odoo: FakeOdoo) -> None:
    """An addon without a history still says where the job stands."""
    odoo.faults = iter([work, reply(odoo_error(404, "no method history"))])
    result = run("status", "7")
    assert (result.exit_code, result.output.splitlines()) == (0, ["Job 7 is done: 0 succeeded"])


def test_max_failures_is_sent(run: Run, odoo: FakeOdoo, tmp_path: Any) -> None:
    """A number or a share goes to Odoo as it is; without one nothing goes."""
    (tmp_path / "a.jsonl").write_text('{"name": "A"}\n')
    submit = ("submit", "a.jsonl", "--model", "res.partner")
    for options in (["--max-failures", "5%"], ["--max-failures", "100"], []):
        assert run(*submit, *options).exit_code == 0
    sent = [job.body.get("max_failures") for job in odoo.jobs]
    assert sent == ["5%", "100", None]
    with blocking_client(odoo) as client:
        client.submit([], max_failures=3, start=False)
    assert odoo.jobs[-1].body["max_failures"] == 3
