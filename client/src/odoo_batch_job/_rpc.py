"""The RPC contract of ``batch.job``: which arguments go in, what the answers are."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import suppress
from typing import Any

from ._errors import BatchJobError, ConnectionFailedError, IdempotencyKeyError, UnexpectedReplyError
from ._json2 import Json2
from ._models import JobStatus, OperationResult
from ._parts import Operation, body, pack

JOB = "batch.job"
PAGE = 1000  # outcomes per request


class JobRpc:
    """The methods of ``batch.job`` on one connection."""

    def __init__(self, json2: Json2, part_bytes: int) -> None:
        self._json2 = json2
        self._part_bytes = part_bytes

    async def verb(
        self, method: str, job_id: int, *, repeatable: bool = True, **arguments: object
    ) -> JobStatus:
        """Call a method of one job that returns its status."""
        named = {"ids": [job_id], **arguments}
        answer = await self._json2.call(JOB, method, named, repeatable=repeatable)
        return JobStatus.from_json(answer)

    async def submit(
        self,
        operations: Iterable[Operation] | AsyncIterable[Operation],
        options: Mapping[str, Any],
        *,
        start: bool,
    ) -> JobStatus:
        """Submit in one request if one can hold it all, else in parts.

        If a part is refused, the draft is cancelled. With a key of the caller's it stays, and the
        next submission with that key goes on from there.
        """
        keep_draft = options["idempotency_key"] is not None
        options = {**options, "idempotency_key": options["idempotency_key"] or uuid.uuid4().hex}
        parts = pack(operations, self._part_bytes)
        first, second = await anext(parts, b"[]"), await anext(parts, None)
        if second is None:
            return await self._send("submit", {**options, "start": start}, first)
        job = await self._send("submit", {**options, "start": False}, b"[]")
        try:
            job = await self._append_all(job, _chain(first, second, parts))
        except Exception as error:
            if not keep_draft and not isinstance(error, ConnectionFailedError):
                with suppress(BatchJobError):
                    await self.verb("cancel", job.id)
            raise
        return await self.verb("start", job.id) if start else job

    async def result_pages(
        self, job_id: int, *, state: str | None, after: int
    ) -> AsyncGenerator[list[OperationResult], None]:
        """Yield the outcomes a page at a time, in the order of submission."""
        following: int | None = after
        while following is not None:
            arguments = {"ids": [job_id], "state": state, "after": following, "limit": PAGE}
            page = await self._json2.call(JOB, "results", arguments, repeatable=True)
            try:
                results, following = page["results"], page["next"]
            except (KeyError, TypeError) as error:
                raise UnexpectedReplyError(f"not a page of results: {error!r}") from error
            yield [OperationResult.from_json(result) for result in results]

    async def _append_all(self, job: JobStatus, parts: AsyncIterator[bytes]) -> JobStatus:
        """Append every part; Odoo compares those that an earlier submission had sent."""
        number = 0
        async for part in parts:
            job = await self._send("append", {"ids": [job.id], "part": number}, part)
            number += 1
        if job.parts != number:
            raise IdempotencyKeyError(job.id)
        return job

    async def _send(
        self, method: str, arguments: Mapping[str, Any], operations: bytes
    ) -> JobStatus:
        answer = await self._json2.post(JOB, method, body(arguments, operations), repeatable=True)
        return JobStatus.from_json(answer)


async def _chain(first: bytes, second: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    yield second
    async for part in rest:
        yield part
