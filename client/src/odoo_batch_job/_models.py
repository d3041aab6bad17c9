"""Odoo's answers as frozen values.

The field names are those of the RPC contract (``docs/rpc-api.md`` of the addon). A key that a
newer addon adds is ignored; a missing key raises :class:`UnexpectedReplyError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ._errors import UnexpectedReplyError

OPERATION_STATES = ("pending", "done", "failed", "skipped", "rolled_back", "cancelled")
STATES = ("draft", "queued", "running", "paused", "done", "partial", "failed", "cancelled")
ENDED = frozenset({"done", "partial", "failed", "cancelled"})
AT_REST = ENDED | {"draft", "paused"}


@dataclass(frozen=True)
class OnEnd:
    """What became of the method that a job calls when it has ended.

    :ivar state: waiting (the job has not ended), pending (the method is about to be called), done,
        failed, or skipped (the job was cancelled before it began)
    :ivar value: what the method returned
    :ivar error: why the call failed; the job's own outcome stays as it is
    :ivar note: what of the value was not kept, or None
    """

    state: str
    value: Any = None
    error: str | None = None
    note: str | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> OnEnd | None:
        """Read ``on_end`` of a status; None if the job calls nothing."""
        if not data:
            return None
        return cls(data["state"], data.get("value"), data.get("error"), data.get("note"))


@dataclass(frozen=True)
class JobStatus:
    """Where a job stands; ``total == succeeded + failed + skipped + remaining`` always.

    :ivar id: record id of the job
    :ivar name: what people call it
    :ivar state: draft, queued, running, paused, done, partial, failed or cancelled
    :ivar total: operations of the job
    :ivar succeeded: operations whose effect is in the database
    :ivar failed: operations that were rolled back for their own failure, and say why
    :ivar skipped: operations that were rolled back for another's failure, or cancelled
    :ivar remaining: operations still to come
    :ivar progress: 0 to 100
    :ivar rate: operations per second, 0 until the first operations are done
    :ivar time_left: seconds, or None if Odoo cannot tell
    :ivar created_at: UTC, as are the other times
    :ivar started_at: None until Odoo takes the first operations
    :ivar finished_at: None until the job has ended
    :ivar url: the job's form, for a browser
    :ivar error: why the job is paused, has failed or does not move; else None
    :ivar parts: number of parts that arrived by ``append``
    :ivar dry_run: Odoo tries everything and keeps nothing
    :ivar side_by_side: two chunks have been at work at once, so that their operations did not see
        each other
    :ivar untried: of a dry run: skipped because its time was over; ``retry`` tries these
    :ivar eta: the earliest time for the job to begin, None if the job need not wait
    :ivar on_end: how the call of the method at the end went; None if the job calls no method
    :ivar policy: what a failure does to its neighbours; None if an older addon does not say it
    :ivar causes: why operations failed, most frequent first: objects with ``type``, ``model``,
        ``field``, ``constraint``, ``message`` (of the first failure), ``count``, ``reason`` (in
        your language), ``values`` (up to three examples) and ``distinct`` (how many different
        values; 101: more than 100, None: not known). Give one to ``retry`` as ``cause``
    """

    id: int
    name: str
    state: str
    total: int
    succeeded: int
    failed: int
    skipped: int
    remaining: int
    progress: float
    rate: float
    time_left: float | None
    created_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    url: str
    error: str | None
    parts: int
    dry_run: bool
    side_by_side: bool = False
    untried: int = 0
    eta: datetime | None = None
    on_end: OnEnd | None = None
    policy: str | None = None
    causes: list[dict[str, Any]] = field(default_factory=list, hash=False)

    @property
    def ended(self) -> bool:
        """Whether the job is over: done, partial, failed or cancelled."""
        return self.state in ENDED

    @property
    def at_rest(self) -> bool:
        """Whether the job stays as it is until a person acts: ended, paused or a draft."""
        return self.state in AT_REST

    @classmethod
    def from_json(cls, data: object) -> JobStatus:
        """Read the ``status`` object of the RPC contract.

        :raises UnexpectedReplyError: ``data`` is no such object
        """
        values = _object(data, "a job's status")
        try:
            fields: dict[str, Any] = {name: values[name] for name in _PLAIN}
            fields |= {name: _or_none(values[name]) for name in _OPTIONAL}
            fields |= {name: _time(values[name]) for name in _TIMES}
            # an older addon does not say these
            fields["side_by_side"] = values.get("side_by_side", False)
            fields["untried"] = values.get("untried", 0)
            fields["eta"] = _time(values.get("eta"))
            fields["on_end"] = OnEnd.from_json(values.get("on_end"))
            fields["policy"] = values.get("policy")
            fields["causes"] = list(values.get("causes") or ())
        except (KeyError, ValueError) as error:
            raise UnexpectedReplyError(f"not a job's status: {error!r} in {values}") from error
        return cls(**fields)


@dataclass(frozen=True)
class Correction:
    """What became of a correction of rows.

    :ivar job: where the job stands now
    :ivar rows: rows that were given, without those of other jobs
    :ivar corrected: rows whose content was replaced
    :ivar unchanged: rows whose content stays, and that run again
    :ivar done: rows that are done already, with this content
    :ivar again: operations that run again, with those that go with the rows: the other rows of a
        record, and what they refer to
    :ivar foreign: of a file, rows of other jobs, which Odoo has left out
    :ivar left: indexes of the rows that Odoo has not touched although they have other content now,
        by the state that they are in: ``done`` or ``cancelled``
    """

    job: JobStatus
    rows: int
    corrected: int
    unchanged: int
    done: int
    again: int
    foreign: int
    left: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: object) -> Correction:
        """Read the answer of ``correct``.

        :raises UnexpectedReplyError: ``data`` is no such answer
        """
        values = _object(data, "a correction")
        report = _object(values.get("correction"), "a correction's report")
        try:
            counts = {name: report[name] for name in _CORRECTION}
        except KeyError as error:
            raise UnexpectedReplyError(f"not a correction: {error!r} in {report}") from error
        return cls(job=JobStatus.from_json(data), **counts)


@dataclass(frozen=True)
class JobEvent:
    """What somebody, or Odoo, did to a job, and what landed since the event before.

    :ivar at: UTC, with fractions of a second
    :ivar event: submit, start, pause, resume, cancel, retry, correct, landed (the chunks that were
        at work when the job was paused) or end
    :ivar by: name of the user; None for what Odoo did by itself
    :ivar user_id: id of the user, or None
    :ivar state: the job's state after the event
    :ivar reason: why Odoo paused the job, or why the job failed; else None
    :ivar again: operations that run again
    :ivar succeeded: operations, as are the next two, since the event before
    :ivar failed: see ``succeeded``
    :ivar skipped: see ``succeeded``
    :ivar seconds: at work since the event before, of all runners together
    :ivar causes: the failures since the event before by cause, as in :class:`JobStatus`
    :ivar dry_run: whether the job was a dry run, after the event; an older addon does not tell
    """

    at: datetime
    event: str
    by: str | None
    user_id: int | None
    state: str
    reason: str | None
    again: int
    succeeded: int
    failed: int
    skipped: int
    seconds: float
    causes: list[dict[str, Any]] = field(default_factory=list)
    dry_run: bool = False

    @classmethod
    def list_from_json(cls, data: object) -> list[JobEvent]:
        """Read the answer of ``history``.

        :raises UnexpectedReplyError: ``data`` is no such answer
        """
        values = _object(data, "a job's history")
        try:
            return [cls._from_json(event) for event in values["events"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnexpectedReplyError(f"not a job's history: {error!r} in {values}") from error

    @classmethod
    def _from_json(cls, data: Mapping[str, Any]) -> JobEvent:
        by = data["by"] or {"name": None, "id": None}
        return cls(
            at=datetime.fromisoformat(data["at"]),
            by=by["name"],
            user_id=by["id"],
            dry_run=data.get("dry_run", False),
            **{name: data[name] for name in _EVENT},
        )


@dataclass(frozen=True)
class OperationError:
    """Why an operation failed.

    :ivar type: the kind of cause, such as ``required``, ``unique`` or ``access``
    :ivar message: a sentence for people
    :ivar field: the field at fault, or None
    """

    type: str
    message: str
    field: str | None = None

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class OperationResult:
    """What became of one operation.

    :ivar index: place of the operation in the submission, from 0
    :ivar state: pending, done, failed, skipped, rolled_back or cancelled
    :ivar op: create, write, unlink, call, upsert or load
    :ivar model: model of the operation's records
    :ivar ids: the records that the operation made or worked on
    :ivar value: the value that a called method returned, else None
    :ivar error: of a failed operation, the reason
    """

    index: int
    state: str
    op: str
    model: str
    ids: list[int] = field(default_factory=list)
    value: Any = None
    error: OperationError | None = None

    @property
    def success(self) -> bool:
        """Whether the operation's effect is in the database."""
        return self.state == "done"

    @classmethod
    def from_json(cls, data: object) -> OperationResult:
        """Read a result object of the RPC contract.

        :raises UnexpectedReplyError: ``data`` is no such object
        """
        values = _object(data, "an operation's outcome")
        try:
            return cls(
                index=values["index"],
                state=values["state"],
                op=values["op"],
                model=values["model"],
                ids=list(values.get("ids") or ()),
                value=values.get("value"),
                error=_error(values.get("error")),
            )
        except (KeyError, TypeError) as error:
            raise UnexpectedReplyError(f"not an outcome: {error!r} in {values}") from error


_EVENT = (
    *("event", "state", "reason", "again", "succeeded", "failed", "skipped"),
    *("seconds", "causes"),
)
_OPTIONAL = ("time_left", "error")
_CORRECTION = ("rows", "corrected", "unchanged", "done", "again", "foreign", "left")
_TIMES = ("created_at", "started_at", "finished_at")
_PLAIN = (
    *("id", "name", "state", "total", "succeeded", "failed", "skipped", "remaining"),
    *("progress", "rate", "url", "parts", "dry_run"),
)


def _object(data: object, what: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise UnexpectedReplyError(f"expected {what}, got {str(data)[:200]}")
    return data


def _error(data: Mapping[str, Any] | None) -> OperationError | None:
    if not data:
        return None
    return OperationError(data["type"], data["message"], data.get("field") or None)


def _or_none(value: Any) -> Any:
    """Return None for the False that Odoo gives for an empty text, time or number."""
    return None if value is False or value == "" else value


def _time(value: Any) -> datetime | None:
    """Read an ISO 8601 time in UTC; Python 3.10 does not know the final Z."""
    return datetime.fromisoformat(value.replace("Z", "+00:00")) if value else None
