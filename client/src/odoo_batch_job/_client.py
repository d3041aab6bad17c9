"""The client, asynchronous: the only code that knows what to say to ``batch.job``."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, Literal

from ._connected import Connected
from ._errors import WatchTimeoutError
from ._execute_kw import ExecuteKw, ExecuteKwConnection
from ._models import JobStatus, OperationResult
from ._packing import Operation, check_operations
from ._retry import Retry
from ._rpc import DEFAULT_NAME

FIRST_POLL = 0.1  # seconds; a small job is done by then
SHORTEST_POLL = 0.02  # seconds; when the job says that it is about to end

Policy = Literal["isolate", "chunk", "stop", "all"]


class AsyncClient(Connected):
    """A connection to the batch jobs of one Odoo database, for asyncio.

    Use it as ``async with AsyncClient(url, database=…, api_key=…) as client``, or without a key and
    then ``await client.login(database, user, password)``. Requests that fail on the way are
    repeated, see :class:`Retry`; nothing is ever done twice by that.

    :param url: of the server, with a path if a proxy adds one: ``https://erp.example.com``; or its
        host alone, which is spoken to by https unless it is this machine
    :param port: where it is not part of the URL
    :param protocol: ``http`` or ``https``, where it is not part of the URL
    :param database: its name; None if the server has only one
    :param api_key: of the user on whose behalf and with whose rights the jobs run
    :param timeout: seconds to wait for the network in one attempt
    :param retry: schedule of the retries
    :param part_bytes: a submission above this size is sent in parts of at most this size
    :param transport: another way than the network, for tests
    :param clock: another time than the real one, for tests
    :raises ValueError: one of these cannot be, such as the URL of no web server
    """

    @classmethod
    def from_env(cls) -> AsyncClient:
        """Return a client for ``ODOO_URL``, ``ODOO_DB`` and ``ODOO_API_KEY`` of the environment.

        :raises ValueError: ``ODOO_URL`` or ``ODOO_API_KEY`` is not set
        """
        return cls(**environment())

    async def submit(
        self,
        operations: Iterable[Operation] | AsyncIterable[Operation],
        *,
        name: str | None = None,
        default_name: str | None = None,
        policy: Policy = "isolate",
        chunk_size: int = 0,
        max_parallel: int = 1,
        priority: int = 10,
        eta: datetime | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        start: bool = True,
        opened: Callable[[JobStatus], object] | None = None,
    ) -> JobStatus:
        """Submit a job and return its status; the work is done in Odoo, whoever watches.

        A generator of any length works in the memory of a few parts. The same key with the same
        operations and options returns the first job, so a program that was killed while it
        submitted can simply do so again.

        :param operations: dicts such as ``{"op": "create", "model": …, "values": {…}}``, or
            objects such as :class:`CreateOperation`
        :param name: what people call the job
        :param default_name: what to call it if ``name`` is not given; not compared when the key is
            used again, as ``name`` is: the corrected file may have another name
        :param policy: what a failure does to its neighbours
        :param chunk_size: operations per transaction; 0 lets Odoo find it
        :param max_parallel: chunks that may run at once; 1 keeps the order of submission
        :param priority: lower comes first
        :param eta: not before this time; a naive one is local time
        :param dry_run: try everything, keep nothing
        :param idempotency_key: names the submission; made here if not given
        :param start: False leaves the job a draft
        :param opened: is called with the job as soon as Odoo has it, which for a large one is long
            before all of it is sent
        :raises TypeError: ``operations`` is no list or iterator, or ``eta`` no datetime
        :raises ValueError: ``idempotency_key`` is empty
        :raises InvalidOperationError: an operation is none or cannot be JSON; its ``index``
        :raises InvalidRequestError: Odoo refuses an operation (``index``) or option
        :raises IdempotencyKeyError: the key names a job (``job_id``) of other operations or options
        :raises AccessDeniedError: the user may not do an operation (``index``)
        :raises BatchJobError: see ``_errors.py`` for what else can happen
        """
        check_submission(operations, idempotency_key, eta)
        options: dict[str, Any] = {
            "name": name,
            "policy": policy,
            "chunk_size": chunk_size,
            "max_parallel": max_parallel,
            "priority": priority,
            "eta": _utc(eta),
            "dry_run": dry_run,
            "idempotency_key": idempotency_key,
        }
        if default_name and not name:
            options["context"] = {DEFAULT_NAME: default_name}
        return await self._rpc.submit(operations, options, start=start, opened=opened)

    async def execute(
        self,
        operations: Iterable[Operation],
        *,
        policy: Literal["isolate", "all"] = "isolate",
        idempotency_key: str | None = None,
    ) -> tuple[JobStatus, list[OperationResult]]:
        """Run up to 1,000 operations at once, inside this request, and return how they fared.

        They are kept as a job that has ended. The same key with the same operations returns the
        results of the first time.

        :param operations: dicts such as ``{"op": "create", "model": …, "values": {…}}``, or
            objects such as :class:`CreateOperation`
        :param policy: ``all``: all of them or none
        :param idempotency_key: names the submission; made here if not given
        :raises InvalidRequestError: Odoo refuses an operation (``index``), or there are too many
        :raises IdempotencyKeyError: the key names a job of other operations or options
        :raises BatchJobError: as for :meth:`submit`
        """
        check_submission(operations, idempotency_key)
        return await self._rpc.execute(operations, policy, idempotency_key)

    async def start(self, job_id: int) -> JobStatus:
        """Queue a draft, or run for real a dry run that has ended; else change nothing."""
        return await self._rpc.start(job_id)

    async def pause(self, job_id: int) -> JobStatus:
        """Let the chunks that are running land and take no more."""
        return await self._rpc.verb("pause", job_id)

    async def resume(
        self, job_id: int, *, skip: bool = False, index: int | None = None
    ) -> JobStatus:
        """Go on with a paused job.

        :param skip: after policy ``stop``, leave the operation that failed as it is. Without
            ``index`` this is not repeated after a lost response: it could skip the next failure too
        :param index: the operation that is meant; if the job is not stopped at that one, nothing
            changes
        """
        repeatable = not skip or index is not None
        return await self._rpc.verb("resume", job_id, repeatable=repeatable, skip=skip, index=index)

    async def retry(self, job_id: int, *, cancelled: bool = False) -> JobStatus:
        """Run what failed, and what was skipped for it, again.

        :param cancelled: the cancelled operations too
        """
        return await self._rpc.verb("retry", job_id, cancelled=cancelled)

    async def cancel(self, job_id: int) -> JobStatus:
        """End the job after the chunks that are running; what they did stays."""
        return await self._rpc.verb("cancel", job_id)

    async def status(self, job_id: int) -> JobStatus:
        """Return where the job stands; cheap, also for a job of millions."""
        return await self._rpc.verb("status", job_id)

    async def watch(
        self, job_id: int, *, interval: float = 1.0, timeout: float | None = None
    ) -> AsyncGenerator[JobStatus, None]:
        """Yield the status now and whenever it changed, until the job is at rest.

        The last one yielded is at rest: the job has ended, is paused, or is a draft. To stop
        watching does not stop the job. A restart of the server is waited out, see :class:`Retry`.

        :param interval: seconds between two looks; the first ones come faster, and the one when the
            job should be ready
        :param timeout: seconds until giving up
        :raises WatchTimeoutError: the job was still going then
        """
        begin = changed = self._clock.now()
        pause, last = min(FIRST_POLL, interval), None
        while True:
            status = await self.status(job_id)
            if status != last:
                changed = self._clock.now()
                yield status
            if status.at_rest:
                return
            wait = _until_next_look(pause, status.time_left, self._clock.now() - changed)
            if timeout is not None and self._clock.now() + wait > begin + timeout:
                raise WatchTimeoutError(job_id, timeout)
            last = status
            await self._clock.sleep(wait)
            pause = min(pause * 1.5, interval)

    async def results(
        self, job_id: int, *, state: str | None = None, after: int = -1
    ) -> AsyncGenerator[OperationResult, None]:
        """Yield outcomes in the order of submission, a page at a time.

        :param state: only those in this state, such as ``failed``
        :param after: only those with a higher index
        """
        async for page in self.result_pages(job_id, state=state, after=after):
            for result in page:
                yield result

    async def result_pages(
        self, job_id: int, *, state: str | None = None, after: int = -1
    ) -> AsyncGenerator[list[OperationResult], None]:
        """Yield the same as :meth:`results` in lists of up to 2,500, one for each request."""
        async for page in self._rpc.result_pages(job_id, state=state, after=after):
            yield page

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


def over(client: ExecuteKw) -> AsyncClient:
    """Return a client that talks through another one, which is logged in already."""
    new = AsyncClient("localhost")
    new._use(ExecuteKwConnection(client, Retry(), new._clock))
    return new


def _until_next_look(pause: float, time_left: float | None, unchanged: float) -> float:
    """Return seconds to wait: the pause, or less when a job is about to end.

    What a job says of its time left is more often too long than too short, so the next look is
    half way there. One that is late is looked for again, the longer it is late the more rarely.

    :param unchanged: seconds since the job said how much time is left
    """
    if time_left is None:
        return pause
    due = time_left - unchanged
    return min(pause, max(SHORTEST_POLL, due / 2 if due > 0 else -due / 4))


def check_submission(
    operations: object, idempotency_key: str | None, eta: datetime | None = None
) -> None:
    """Refuse what could not be sent, before anything is begun.

    :raises TypeError: ``operations`` are none, or ``eta`` is no datetime
    :raises ValueError: the key is empty
    """
    check_operations(operations)
    if idempotency_key == "":
        raise ValueError("idempotency_key is empty: give a name, or None")
    if eta is not None and not isinstance(eta, datetime):
        raise TypeError(f"eta is a datetime, not {eta!r}")


def environment() -> dict[str, Any]:
    """Return the arguments of a client that the environment gives."""
    missing = [name for name in ("ODOO_URL", "ODOO_API_KEY") if not os.environ.get(name)]
    if missing:
        raise ValueError(f"the environment has no {' and no '.join(missing)}")
    return {
        "url": os.environ["ODOO_URL"],
        "database": os.environ.get("ODOO_DB"),
        "api_key": os.environ["ODOO_API_KEY"],
    }


def _utc(moment: datetime | None) -> str | None:
    """Write a time as ISO 8601 in UTC."""
    if moment is None:
        return None
    return moment.astimezone(timezone.utc).isoformat()
