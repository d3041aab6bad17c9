"""Reading what Odoo answers."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import datetime, timezone

import pytest

from fake_odoo import CAUSES, outcome, status
from odoo_batch_job import JobStatus, OnEnd, OperationResult, UnexpectedReplyError


def test_status_is_read_whole() -> None:
    """Every key of the contract has its field, and times are in UTC."""
    data = status(state="running", rate=12.5, time_left=3.0, started_at="2025-01-02T03:04:06Z")
    job = JobStatus.from_json(data)
    assert set(data) == set(vars(job))
    assert (job.state, job.rate, job.time_left) == ("running", 12.5, 3.0)
    assert job.started_at == datetime(2025, 1, 2, 3, 4, 6, tzinfo=timezone.utc)
    assert job.finished_at is None


def test_eta_and_on_end_are_read() -> None:
    """When the job begins, and what its end has called; an older addon says neither."""
    end = {"state": "failed", "value": None, "error": "No."}
    job = JobStatus.from_json(status(eta="2030-01-31T12:00:00+00:00", on_end=end))
    assert job.eta == datetime(2030, 1, 31, 12, tzinfo=timezone.utc)
    assert job.on_end == OnEnd("failed", error="No.")
    older = status()
    del older["eta"], older["on_end"]
    assert JobStatus.from_json(older) == JobStatus.from_json(status())


def test_causes_are_read() -> None:
    """Why operations failed, as Odoo says it; an older addon says nothing."""
    assert JobStatus.from_json(status(causes=CAUSES)).causes == CAUSES
    older = status()
    del older["causes"]
    assert JobStatus.from_json(older).causes == []
    assert len({JobStatus.from_json(status(causes=CAUSES)), JobStatus.from_json(older)}) == 2


def test_status_of_a_newer_addon_is_read() -> None:
    """A key that this client does not know does no harm."""
    assert JobStatus.from_json({**status(), "mood": "good"}) == JobStatus.from_json(status())


@pytest.mark.parametrize("data", [None, [], "done", {}, {**status(), "created_at": "now"}])
def test_what_is_no_status_is_refused(data: object) -> None:
    """A wrong answer is named, not half read."""
    with pytest.raises(UnexpectedReplyError, match=r"^(expected|not) a job's status"):
        JobStatus.from_json(data)


def test_no_rate_and_no_error_are_none() -> None:
    """Odoo's False for nothing does not reach the caller."""
    job = JobStatus.from_json(status(error=False, time_left=False))
    assert job.error is None
    assert job.time_left is None


def test_result_is_read_whole() -> None:
    """Every key of the contract has its field."""
    data = outcome(4, value=[1, 2])
    result = OperationResult.from_json(data)
    assert set(data) == set(vars(result))
    assert (result.index, result.ids, result.value, result.success) == (4, [104], [1, 2], True)


@pytest.mark.parametrize("data", [None, [], {}, {**outcome(0), "error": {"type": "unique"}}])
def test_what_is_no_result_is_refused(data: object) -> None:
    """A wrong outcome is named, not half read."""
    named = r"^(expected an operation's|not an) outcome"
    with pytest.raises(UnexpectedReplyError, match=named):
        OperationResult.from_json(data)


def test_values_cannot_be_changed() -> None:
    """A status is what it was when it was asked for."""
    job = JobStatus.from_json(status())
    with pytest.raises(FrozenInstanceError):
        job.state = "done"  # type: ignore[misc]
