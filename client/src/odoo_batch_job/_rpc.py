"""The RPC methods of ``batch.job``: which arguments they take, what they answer."""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Mapping,
)
from contextlib import suppress
from itertools import takewhile
from typing import Any

from ._ahead import Ahead
from ._connection import Connection
from ._errors import BatchJobError, ConnectionFailedError, IdempotencyKeyError, UnexpectedReplyError
from ._models import Correction, JobEvent, JobStatus, OperationResult
from ._packing import Operation, pack

JOB = "batch.job"
PAGE = 2_500  # results per request
AT_ONCE = 250  # results read without a pause for other tasks


class JobRpc:
    """The methods of ``batch.job`` on one connection."""

    def __init__(self, connection: Connection, part_bytes: int) -> None:
        self._connection = connection
        self._part_bytes = part_bytes
        self.ahead = Ahead()

    async def verb(
        self, method: str, job_id: int, *, repeatable: bool = True, **arguments: object
    ) -> JobStatus:
        """Call a method of one job that returns its status."""
        named = {"ids": [job_id], **arguments}
        answer = await self._connection.call(JOB, method, named, repeatable=repeatable)
        return JobStatus.from_json(answer)

    async def submit(
        self,
        operations: Iterable[Operation] | AsyncIterable[Operation],
        options: Mapping[str, Any],
        *,
        start: bool,
        opened: Callable[[JobStatus], object] | None,
    ) -> JobStatus:
        """Submit all operations in one request if they fit, else in parts to a draft.

        If Odoo refuses a part, the client cancels the draft. If the caller gave the key, the draft
        stays instead, and the next submission with that key goes on from there.
        """
        keep_draft = "idempotency_key" in options
        options = {"idempotency_key": uuid.uuid4().hex, **options}
        parts = pack(operations, self._part_bytes)
        first, second = await anext(parts, b"[]"), await anext(parts, None)
        if second is None:
            job = await self._send("submit", {**options, "start": start}, first)
            _tell(opened, job)
            return job
        job = await self._send("submit", {**options, "start": False}, b"[]")
        _tell(opened, job)
        if job.state == "cancelled" and job.error:  # a draft of before that nobody went on with
            raise IdempotencyKeyError(job.error, job.id)
        try:
            job = await self._append_all(job, _chain(first, second, parts))
        except Exception as error:
            if not keep_draft and not isinstance(error, ConnectionFailedError):
                with suppress(BatchJobError):
                    await self.verb("cancel", job.id)
            raise
        return await self._start_draft(job) if start else job

    async def correct(self, method: str, job_id: int, **arguments: object) -> Correction:
        """Correct rows of a job; the same correction again changes nothing."""
        named = {"ids": [job_id], **arguments}
        answer = await self._connection.call(JOB, method, named, repeatable=True)
        return Correction.from_json(answer)

    async def history(self, job_id: int, limit: int) -> list[JobEvent]:
        """Return the latest events of a job, oldest first."""
        arguments = {"ids": [job_id], "limit": limit}
        answer = await self._connection.call(JOB, "history", arguments, repeatable=True)
        return JobEvent.list_from_json(answer)

    async def start(self, job_id: int) -> JobStatus:
        """Start a draft, or run for real a dry run that has ended."""
        job = await self.verb("status", job_id)
        if job.dry_run and job.ended:
            return await self.verb("start", job_id)
        return await self._start_draft(job)

    async def _start_draft(self, job: JobStatus) -> JobStatus:
        if job.state != "draft":
            return job
        return await self.verb("start", job.id, only_draft=True)

    async def execute(
        self,
        operations: Iterable[Operation],
        policy: str,
        idempotency_key: str | None,
    ) -> tuple[JobStatus, list[OperationResult]]:
        """Run operations inside one request; the same key returns the results of the first run."""
        arguments = {"policy": policy, "idempotency_key": idempotency_key or uuid.uuid4().hex}
        parts = [part async for part in pack(operations, sys.maxsize)]
        answer = await self._connection.call(
            JOB, "execute", arguments, operations=b"".join(parts) or b"[]", repeatable=True
        )
        return JobStatus.from_json(answer), await _results(_checked_page(answer))

    async def result_pages(
        self, job_id: int, *, after: int, **which: object
    ) -> AsyncGenerator[list[OperationResult], None]:
        """Yield the results a page at a time, in the order of submission.

        Odoo makes the next page while the caller works on this one.

        :param which: ``state`` and ``indexes``, as Odoo takes them
        """
        page = await self._page(job_id, after, which)
        while page is not None:
            ahead = None
            if page["next"] is not None:
                ahead = self.ahead.begin(self._page(job_id, page["next"], which))
            try:
                yield await _results(page)
                page = await ahead if ahead else None
            finally:
                await self.ahead.drop(ahead)

    async def settled_pages(
        self, job: JobStatus, *, after: int
    ) -> AsyncGenerator[list[OperationResult], None]:
        """Yield the full pages that are final while the job still runs, in order of submission.

        With parallel chunks, an early operation may be pending while later operations are done.
        """
        settled = 0 if job.at_rest else job.total - job.remaining
        while settled - after > PAGE:
            page = await _results(await self._page(job.id, after, {}))
            final = list(takewhile(lambda result: result.state != "pending", page))
            if final:
                yield final
            if len(final) < PAGE:
                return
            after += PAGE

    async def _page(self, job_id: int, after: int, which: Mapping[str, object]) -> Any:
        given = {name: value for name, value in which.items() if value is not None}
        arguments = {"ids": [job_id], "state": None, "after": after, "limit": PAGE, **given}
        page = await self._connection.call(JOB, "results", arguments, repeatable=True)
        return _checked_page(page)

    async def _append_all(self, job: JobStatus, parts: AsyncIterator[bytes]) -> JobStatus:
        """Append every part; Odoo compares the parts that an earlier submission has appended.

        The next part is made while Odoo stores the one before.
        """
        number = 0
        sending: asyncio.Task[JobStatus] | None = None
        try:
            async for part in parts:
                job = await sending if sending else job
                arguments = {"ids": [job.id], "part": number}
                sending = self.ahead.begin(self._send("append", arguments, part))
                number += 1
            job = await sending if sending else job
        except Exception:
            if sending:
                await sending  # raises what is wrong with an earlier part
            raise
        finally:
            await self.ahead.drop(sending)
        if job.parts != number:
            message = f"the idempotency key belongs to job {job.id}, which has more operations"
            raise IdempotencyKeyError(message, job.id)
        return job

    async def _send(
        self, method: str, arguments: Mapping[str, Any], operations: bytes
    ) -> JobStatus:
        answer = await self._connection.call(
            JOB, method, arguments, operations=operations, repeatable=True
        )
        return JobStatus.from_json(answer)


def _tell(opened: Callable[[JobStatus], object] | None, job: JobStatus) -> None:
    if opened is not None:
        opened(job)


def _checked_page(page: Any) -> Any:
    """Return a page of results.

    :raises UnexpectedReplyError: it is none
    """
    try:
        _results, _next = page["results"], page["next"]
    except (KeyError, TypeError) as error:
        raise UnexpectedReplyError(f"not a page of results: {error!r}") from error
    return page


async def _results(page: Any) -> list[OperationResult]:
    results: list[OperationResult] = []
    for start in range(0, len(page["results"]), AT_ONCE):
        results += map(OperationResult.from_json, page["results"][start : start + AT_ONCE])
        await asyncio.sleep(0)  # the request for the next page goes out
    return results


async def _chain(first: bytes, second: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    yield second
    async for part in rest:
        yield part
