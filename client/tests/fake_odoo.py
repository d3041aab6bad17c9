"""A server made of a dictionary: ``batch.job`` over JSON-2, for httpx.MockTransport.

It keeps the rules of the RPC contract that the client relies on: idempotency keys, parts in order,
verbs that repeat safely, pages. Faults are scripted: each of ``faults`` meets one request, in turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

ENDED = ("done", "partial", "failed", "cancelled")

Body = dict[str, Any]
Fault = Callable[[httpx.Request, Callable[[], httpx.Response]], httpx.Response]
CAUSES: list[Body] = [
    {
        **{"type": "foreign_key", "model": "res.partner", "field": "country_id"},
        **{"constraint": None, "count": 1000, "message": "country_id: there is no res.country"},
        **{"reason": "Country: no such record, e.g. 9999 (3 values)", "values": ["9999"]},
        "distinct": 3,
    },
    {
        **{"type": "required", "model": "res.partner", "field": "name", "constraint": None},
        **{"count": 2, "message": "Name is required", "reason": "Name is missing"},
        **{"values": [], "distinct": None},
    },
]


class FakeClock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        """Return the seconds slept so far."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.sleeps.append(seconds)
        self.time += seconds


@dataclass
class FakeJob:
    """A job as the server keeps it."""

    id: int
    body: Body
    state: str
    parts: list[Any] = field(default_factory=list)
    operations: list[Body] = field(default_factory=list)
    error: str | None = None


class FakeOdoo:
    """The server; ``requests`` are all that arrived, ``jobs`` what it stored."""

    def __init__(self, *faults: Fault) -> None:
        self.requests: list[tuple[str, Body]] = []
        self.headers: list[httpx.Headers] = []
        self.jobs: list[FakeJob] = []
        self.outcomes: list[Body] = []
        self.events: list[Body] = []
        self.causes: list[Body] = []
        self.time_left: float | None = None
        self.states: list[str] = []  # what each further status request shows
        self.answers: dict[str, Any] = {}  # for methods of other models, by "model/method"
        self.faults: Iterator[Fault] = iter(faults)
        self.transport = httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, unless a fault comes between."""
        fault = next(self.faults, None)
        return fault(request, lambda: self._serve(request)) if fault else self._serve(request)

    def _serve(self, request: httpx.Request) -> httpx.Response:
        path, body = request.url.path.removeprefix("/json/2/"), json.loads(request.content)
        self.requests.append((path, body))
        self.headers.append(request.headers)
        if path in self.answers:
            return httpx.Response(200, json=self.answers[path])
        model, _, method = path.partition("/")
        if model != "batch.job":
            return odoo_error(404, f"the model {model!r} does not exist")
        return httpx.Response(200, json=getattr(self, f"_{method}")(**body))

    def _submit(self, operations: list[Body], start: bool, **options: Any) -> Body:
        key = options["idempotency_key"]
        for job in self.jobs:
            if job.body["idempotency_key"] == key:
                return self._json(job)
        state = "queued" if start else "draft"
        job = FakeJob(len(self.jobs) + 1, options, state, operations=list(operations))
        self.jobs.append(job)
        return self._json(job)

    def _append(self, ids: list[int], operations: list[Body], part: int) -> Body:
        job = self.jobs[ids[0] - 1]
        if part < len(job.parts):
            assert job.parts[part] == operations, "the same part with other operations"
            return self._json(job)
        assert job.state == "draft", "only a draft takes parts"
        assert part == len(job.parts), "a gap"
        job.parts.append(operations)
        job.operations += operations
        return self._json(job)

    def _start(self, ids: list[int], only_draft: bool = False) -> Body:
        job = self.jobs[ids[0] - 1]
        trial_ended = job.body["dry_run"] and job.state in ENDED
        if trial_ended and not only_draft:
            job.body["dry_run"] = False
        if job.state == "draft" or (trial_ended and not only_draft):
            job.state = "queued"
        return self._json(job)

    def _status(self, ids: list[int]) -> Body:
        job = self.jobs[ids[0] - 1]
        job.state = self.states.pop(0) if self.states else job.state
        return self._json(job)

    def _pause(self, ids: list[int]) -> Body:
        return self._become(ids, "paused")

    def _cancel(self, ids: list[int]) -> Body:
        return self._become(ids, "cancelled")

    def _resume(self, ids: list[int], skip: bool, index: int | None) -> Body:
        return self._become(ids, "running")

    def _retry(
        self,
        ids: list[int],
        cancelled: bool,
        state: str | None = None,
        indexes: list[int] | None = None,
        cause: Body | None = None,
    ) -> Body:
        return self._become(ids, "queued")

    def _duplicate(self, ids: list[int]) -> Body:
        of = self.jobs[ids[0] - 1]
        options = {**of.body, "idempotency_key": None}
        job = FakeJob(len(self.jobs) + 1, options, "draft", operations=list(of.operations))
        self.jobs.append(job)
        return self._json(job)

    def _correct(self, ids: list[int], rows: list[Body], check_only: bool) -> Body:
        report: Body = {"rows": len(rows), "corrected": len(rows), "unchanged": 0, "done": 0}
        report |= {"again": len(rows), "foreign": 0, "left": {"done": [], "cancelled": []}}
        job = self._json(self.jobs[ids[0] - 1]) if check_only else self._become(ids, "queued")
        return {**job, "correction": report}

    def _correct_file(self, ids: list[int], file: str, check_only: bool) -> Body:
        return self._correct(ids, [{"file": file}], check_only)

    def _results(
        self,
        ids: list[int],
        state: str | None,
        after: int,
        limit: int,
        indexes: list[int] | None = None,
    ) -> Body:
        outcomes = self._outcomes_of(ids[0])
        found = [o for o in outcomes if o["index"] > after and state in (None, o["state"])]
        found = [o for o in found if indexes is None or o["index"] in indexes]
        page = found[:limit]
        return {"results": page, "next": page[-1]["index"] if len(found) > limit else None}

    def _outcomes_of(self, job_id: int) -> list[Body]:
        return self.outcomes

    def _history(self, ids: list[int], limit: int) -> Body:
        return {"events": self.events[-limit:]}

    def _become(self, ids: list[int], state: str) -> Body:
        job = self.jobs[ids[0] - 1]
        job.state = state
        return self._json(job)

    def _json(self, job: FakeJob) -> Body:
        return status(
            id=job.id,
            state=job.state,
            total=len(job.operations),
            remaining=0 if job.state in ENDED else len(job.operations),
            parts=len(job.parts),
            time_left=self.time_left,
            dry_run=job.body["dry_run"],
            error=job.error,
            causes=self.causes,
        )


def status(**values: Any) -> Body:
    """Return a status object of the contract."""
    return {
        **{"id": 1, "name": "Job", "state": "queued", "total": 3, "succeeded": 0, "failed": 0},
        **{"skipped": 0, "remaining": 3, "progress": 0.0, "rate": 0.0, "time_left": None},
        **{"created_at": "2025-01-02T03:04:05Z", "started_at": None, "finished_at": None},
        **{"url": "http://odoo.test/odoo/batch-jobs/1", "error": None, "parts": 0},
        **{"dry_run": False, "side_by_side": False, "untried": 0, "eta": None, "on_end": None},
        **{"policy": "isolate", "causes": []},
        **values,
    }


def outcome(index: int, **values: Any) -> Body:
    """Return an outcome object of the contract."""
    return {
        **{"index": index, "state": "done", "op": "create", "model": "res.partner"},
        **{"ids": [100 + index], "value": None, "error": None},
        **values,
    }


def event(name: str, **values: Any) -> Body:
    """Return an event object of the contract."""
    return {
        **{"at": "2025-01-02T03:04:05.250000+00:00", "event": name, "by": None, "state": "queued"},
        **{"reason": None, "again": 0, "succeeded": 0, "failed": 0, "skipped": 0},
        **{"seconds": 0.0, "causes": []},
        **values,
    }


def odoo_error(code: int, message: str, **values: Any) -> httpx.Response:
    """Return an error as Odoo's JSON-2 API writes it."""
    name = "odoo.exceptions.UserError"
    data = {"name": name, "message": message, "arguments": [message], "context": {}, "debug": ""}
    return httpx.Response(code, json={**data, **values})


def no_room(request: httpx.Request, serve: object) -> httpx.Response:
    """Fault: too many operations are open to take one more job."""
    context = {"retry_after": 5, "no_room": True}
    refusal = odoo_error(429, "No room for the job now.", context=context)
    refusal.headers["Retry-After"] = "5"
    return refusal


def refuse_connection(request: httpx.Request, serve: object) -> httpx.Response:
    """Fault: nobody listens."""
    raise httpx.ConnectError("Connection refused", request=request)


def lose_response(request: httpx.Request, serve: Callable[[], httpx.Response]) -> httpx.Response:
    """Fault: the request is carried out, its response is lost."""
    serve()
    raise httpx.ReadError("Connection reset by peer", request=request)


def end_and_lose_response(odoo: FakeOdoo) -> Fault:
    """Fault: carry the request out, have the job end at once, and drop the connection."""

    def fault(request: httpx.Request, serve: Callable[[], httpx.Response]) -> httpx.Response:
        serve()
        odoo.jobs[-1].state = "done"
        raise httpx.RemoteProtocolError("Server disconnected", request=request)

    return fault


def time_out(request: httpx.Request, serve: Callable[[], httpx.Response]) -> httpx.Response:
    """Fault: the request is carried out, but too slowly."""
    serve()
    raise httpx.ReadTimeout("timed out", request=request)


def work(request: httpx.Request, serve: Callable[[], httpx.Response]) -> httpx.Response:
    """Fault: none, this request is served."""
    return serve()


def answer(code: int, *, carried_out: bool = False, **headers: str) -> Fault:
    """Fault: a proxy answers by itself, with or without the request carried out behind it."""

    def fault(request: httpx.Request, serve: Callable[[], httpx.Response]) -> httpx.Response:
        if carried_out:
            serve()
        return httpx.Response(code, text="<html>proxy</html>", headers=headers)

    return fault


def reply(response: httpx.Response) -> Fault:
    """Fault: Odoo answers this."""
    return lambda request, serve: response
