"""What people and programs see: a live bar on a terminal, lines elsewhere, JSON if asked."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from .._models import JobEvent, JobStatus, OnEnd, OperationResult

EVENTS = {  # of a job's history, in words
    **{"submit": "submitted", "start": "started", "pause": "paused", "resume": "resumed"},
    **{"cancel": "cancelled", "retry": "retried", "correct": "corrected"},
    **{"landed": "last chunks landed", "end": "ended"},
}
EVERY = 1.0  # seconds between two lines of progress
FIRST_CAUSES = 5  # shown at the end of a job; `status` shows all


def as_json(value: Any) -> str:
    """Return a value of the client as one line of JSON."""
    return json.dumps(value, default=_plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (JobEvent, JobStatus, OnEnd, OperationResult)):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def follow(statuses: Iterable[JobStatus], *, json_lines: bool) -> JobStatus:
    """Show a job until it is at rest, and return its last status."""
    console = Console()
    if json_lines:
        return _follow_json(statuses)
    if console.is_terminal and not console.is_dumb_terminal:
        last = _follow_bar(statuses, console)
    else:
        last = _follow_lines(statuses)
    click.echo(ending(last) + causes(last, FIRST_CAUSES))
    return last


def _follow_json(statuses: Iterable[JobStatus]) -> JobStatus:
    for status in statuses:
        click.echo(as_json(status))
    return status


def _follow_lines(statuses: Iterable[JobStatus]) -> JobStatus:
    shown = float("-inf")
    for status in statuses:
        if not status.at_rest and time.monotonic() - shown >= EVERY:
            click.echo(line(status))
            shown = time.monotonic()
    return status


def _follow_bar(statuses: Iterable[JobStatus], console: Console) -> JobStatus:
    columns = [
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[numbers]}"),
    ]
    with Progress(*columns, console=console) as progress:
        task: TaskID | None = None
        for status in statuses:
            if task is None:
                task = progress.add_task(f"Job {status.id}", total=status.total, numbers="")
            done = status.total - status.remaining
            progress.update(task, completed=done, numbers=numbers(status))
    return status


def numbers(status: JobStatus) -> str:
    """Return done, failed, rate and time left, as far as known."""
    parts = [f"{status.total - status.remaining:,} of {status.total:,}"]
    if status.failed:
        parts.append(f"{status.failed:,} failed")
    if status.rate:
        parts.append(f"{status.rate:,.0f}/s")
    if status.time_left:
        parts.append(f"{duration(status.time_left)} left")
    if status.state not in ("running", "done"):
        parts.append(status.state)
    if status.eta and not status.started_at and not status.ended:
        parts.append(f"begins {clock(status.eta)}")
    return ", ".join(parts)


def line(status: JobStatus) -> str:
    """Return where a job stands, in one line."""
    error = f" ({status.error})" if status.error else ""
    return f"Job {status.id} {status.progress:.0f} %: {numbers(status)}{error}"


def ending(status: JobStatus) -> str:
    """Return how a job ended, and what to do next."""
    counts = [f"{status.succeeded:,} succeeded"]
    counts += [f"{status.failed:,} failed"] * bool(status.failed)
    counts += [f"{status.skipped:,} skipped"] * bool(status.skipped)
    counts += [f"{status.remaining:,} remaining"] * bool(status.remaining)
    tried = " (dry run: nothing was kept)" if status.dry_run else ""
    beside = " (chunks ran side by side)" if status.side_by_side else ""
    text = f"Job {status.id} is {status.state}{tried}: {', '.join(counts)}{beside}"
    if status.error:
        text += f"\n{status.error}"
    text += at_the_end(status)
    if status.state == "draft":
        text += "\nTo send the rest: the same command again, with its --idempotency-key."
        text += f"\nIf all of it was sent: odoo-batch start {status.id}"
    if status.ended and status.remaining:
        text += f"\nChunks that were at work still land: odoo-batch status {status.id}"
    elif status.ended and status.started_at and status.succeeded + status.untried < status.total:
        output = "" if status.dry_run else " -o failed.csv"
        text += f"\nWhich and why: odoo-batch results {status.id} --failed{output}"
    if status.state == "cancelled" and status.started_at and status.skipped:
        text += f"\nRun the rest after all: odoo-batch retry {status.id} --cancelled"
    if status.state == "paused":
        text += f"\nGo on: odoo-batch resume {status.id}"
        if status.failed and status.error and status.policy in ("stop", None):
            text += f", or without the operation that failed: odoo-batch resume {status.id} --skip"
    if status.ended and status.untried:
        text += f"\nTry the rest: odoo-batch retry {status.id}"
    if status.ended and status.dry_run:
        text += f"\n{after_dry_run(status)}"
    return text


def causes(status: JobStatus, most: int | None = None) -> str:
    """Return why operations failed, in a line for each cause; of many the first ones."""
    shown = status.causes[:most]
    text = "".join(f"\n{at:4}. {cause_line(one)}" for at, one in enumerate(shown, 1))
    if len(shown) < len(status.causes):
        more = len(status.causes) - len(shown)
        text += f"\n      and {more} more: odoo-batch status {status.id}"
    if text and status.ended and not status.dry_run and status.policy != "all":
        text += f"\nRun what failed of one of them again: odoo-batch retry {status.id} --cause N"
    return text


def cause_line(cause: Mapping[str, Any]) -> str:
    """Return how often operations failed of a cause, and what it is."""
    return f"{cause['count']:,} x {' '.join(cause['reason'].split())}"


def at_the_end(status: JobStatus) -> str:
    """Return a line on the method that the job calls at its end, if there is something to say."""
    if status.on_end is None or status.on_end.state in ("waiting", "skipped"):
        return ""
    what = {
        "pending": "has not been called yet",
        "done": "was called",
        "failed": f"failed: {status.on_end.error}",
    }
    return f"\non_end {what.get(status.on_end.state, status.on_end.state)}"


def clock(moment: datetime) -> str:
    """Return a time as the user's clock shows it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def event_line(event: JobEvent) -> str:
    """Return one event of a job's history, with the local time."""
    what = EVENTS.get(event.event, event.event)
    if event.event == "end":
        what += f" {event.state}"
    what += " (dry run)" * event.dry_run
    text = f"{event.at.astimezone():%Y-%m-%d %H:%M:%S}  {what} by {event.by or 'Odoo'}"
    counts = {"succeeded": event.succeeded, "failed": event.failed, "skipped": event.skipped}
    parts = [f"{count:,} {name}" for name, count in counts.items() if count]
    parts += [f"{event.again:,} again"] * bool(event.again)
    parts += [f"{event.seconds:,.1f} s at work"] * bool(event.seconds)
    text += f": {', '.join(parts)}" if parts else ""
    return f"{text} ({' '.join(event.reason.split())})" if event.reason else text


def after_dry_run(status: JobStatus) -> str:
    """Return what to do next after a dry run: nothing of it is in, the good operations neither."""
    start = f"odoo-batch start {status.id}"
    if status.succeeded == status.total:
        return f"Run it for real: {start}"
    if status.untried and not status.failed:
        return f"Or run all of it for real, also what was not tried: {start}"
    whole = "Nothing of it is in: correct your own file and submit the whole of it"
    if status.failed == status.total:
        return f"{whole}."
    return f"{whole}, or run the job for real as it is: {start}"


def what_came_of(result: OperationResult) -> str:
    """Return why an operation failed, or whether it created or updated its record."""
    if result.error:
        return " ".join(str(result.error).split())
    by_key = result.op in ("upsert", "load") and isinstance(result.value, str)
    return result.value if by_key else ""


def duration(seconds: float) -> str:
    """Return seconds in words.

    >>> duration(59.2), duration(3720)
    ('59 s', '1 h 2 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
