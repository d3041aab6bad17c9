"""What a client can do over any connection: submit jobs, watch them, read their results."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from ._connection import Connection
from ._errors import WatchTimeoutError
from ._json2 import named_arguments
from ._models import JobStatus, OperationResult
from ._options import Policy, check_submission, for_odoo, options_among
from ._packing import Operation
from ._retry import Clock
from ._rpc import JobRpc

FIRST_POLL = 0.03  # seconds; the smallest jobs take twice as long
SHORTEST_POLL = 0.02  # seconds; when the job says that it is about to end


class BaseClient:
    """The methods of a client, over a connection that the client is given.

    :class:`AsyncClient` adds the connection to a server. An executor on another library's client
    needs only these methods, and no server of its own.
    """

    def __init__(self, connection: Connection, *, part_bytes: int, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._rpc = JobRpc(connection, part_bytes)

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
        on_end: Mapping[str, Any] | None = None,
        start: bool = True,
        opened: Callable[[JobStatus], object] | None = None,
    ) -> JobStatus:
        """Submit a job and return its status. Odoo does the work, whether or not you watch the job.

        The operations may come from a generator of any length: the client holds a few parts in
        memory. The same key with the same operations and options returns the first job. So a
        program that was killed while it submitted can submit again from the start.

        :param operations: dicts such as ``{"op": "create", "model": …, "values": {…}}``, or
            objects such as :class:`CreateOperation`
        :param name: what people call the job
        :param default_name: what to call the job if ``name`` is not given. Odoo compares ``name``
            when a key is used again, and not ``default_name``: the corrected file may have another
            name
        :param policy: what a failure does to its neighbours
        :param chunk_size: operations per transaction; 0 lets Odoo find the size
        :param max_parallel: chunks that may run at once; 1 keeps the order of submission; 0 lets
            Odoo choose as many as pay. Operations of two chunks that run at once do not see each
            other
        :param priority: the job with the lower number comes first
        :param eta: earliest time for the job to run; a naive time is local time
        :param dry_run: Odoo tries everything and keeps nothing
        :param idempotency_key: names the submission; the client makes a key if you give none
        :param on_end: what Odoo calls with your rights when the job has ended, such as
            ``{"model": "sale.order", "method": "notify", "ids": [7], "kwargs": {}}``. The method
            finds the job's id in its context as ``batch_job_id``. ``JobStatus.on_end`` says what
            became of the call
        :param start: False leaves the job a draft
        :param opened: a function that the client calls with the job as soon as Odoo has the job;
            of a large job, that is long before the client has sent all operations
        :raises TypeError: ``operations`` is no list or iterator, or ``eta`` no datetime
        :raises ValueError: ``idempotency_key`` is empty
        :raises InvalidOperationError: something is no operation or cannot be JSON (``index``)
        :raises InvalidRequestError: Odoo refuses an operation (``index``) or option
        :raises IdempotencyKeyError: the key names a job (``job_id``) of other operations or options
        :raises AccessDeniedError: the user may not do an operation (``index``)
        :raises BatchJobError: see ``_errors.py`` for what else can happen
        """
        options = options_among(locals())
        check_submission(operations, options)
        return await self._rpc.submit(operations, for_odoo(options), start=start, opened=opened)

    async def execute(
        self,
        operations: Iterable[Operation],
        *,
        policy: Literal["isolate", "all"] = "isolate",
        idempotency_key: str | None = None,
    ) -> tuple[JobStatus, list[OperationResult]]:
        """Run up to 1,000 operations at once, inside this request, and return their results.

        Odoo keeps the operations as a job that has ended. The same key with the same operations
        returns the results of the first time.

        :param operations: dicts such as ``{"op": "create", "model": …, "values": {…}}``, or
            objects such as :class:`CreateOperation`
        :param policy: ``all``: all of the operations or none
        :param idempotency_key: names the submission; the client makes a key if you give none
        :raises InvalidRequestError: Odoo refuses an operation (``index``), or there are too many
        :raises IdempotencyKeyError: the key names a job of other operations or options
        :raises BatchJobError: as for :meth:`submit`
        """
        check_submission(operations, {"idempotency_key": idempotency_key})
        return await self._rpc.execute(operations, policy, idempotency_key)

    async def start(self, job_id: int) -> JobStatus:
        """Queue a draft, or run for real a dry run that has ended; else change nothing."""
        return await self._rpc.start(job_id)

    async def pause(self, job_id: int) -> JobStatus:
        """Start no further chunk; the chunks that are running go on to their end."""
        return await self._rpc.verb("pause", job_id)

    async def resume(
        self, job_id: int, *, skip: bool = False, index: int | None = None
    ) -> JobStatus:
        """Go on with a paused job.

        :param skip: after policy ``stop``: leave the operation that failed as it is. Without
            ``index`` the client does not repeat the request after a lost response, because a
            second request could skip the next failure too
        :param index: the operation to skip; if the job has stopped at another operation, Odoo
            changes nothing
        """
        repeatable = not skip or index is not None
        return await self._rpc.verb("resume", job_id, repeatable=repeatable, skip=skip, index=index)

    async def retry(self, job_id: int, *, cancelled: bool = False) -> JobStatus:
        """Run again the operations that failed, and the operations skipped because of them.

        :param cancelled: run the cancelled operations too
        """
        return await self._rpc.verb("retry", job_id, cancelled=cancelled)

    async def cancel(self, job_id: int) -> JobStatus:
        """End the job after the chunks that are running; Odoo keeps what they did."""
        return await self._rpc.verb("cancel", job_id)

    async def status(self, job_id: int) -> JobStatus:
        """Return where the job stands; cheap, also for a job of millions."""
        return await self._rpc.verb("status", job_id)

    async def watch(
        self, job_id: int, *, interval: float = 1.0, timeout: float | None = None
    ) -> AsyncGenerator[JobStatus, None]:
        """Yield the status now and after each change, until the job is at rest.

        The last status is that of a job at rest: ended, paused, or a draft. The job goes on if you
        stop watching. The client waits while the server restarts, see :class:`Retry`.

        :param interval: seconds between two requests. The first requests follow faster; so does
            the request at the time when the job should end
        :param timeout: seconds until the client gives up
        :raises WatchTimeoutError: the job was not at rest by then
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
            wait = _until_next_poll(pause, status.time_left, self._clock.now() - changed)
            if timeout is not None and self._clock.now() + wait > begin + timeout:
                raise WatchTimeoutError(job_id, timeout)
            last = status
            await self._clock.sleep(wait)
            pause = min(pause * 1.5, interval)

    async def results(
        self, job_id: int, *, state: str | None = None, after: int = -1, wait: bool = False
    ) -> AsyncGenerator[OperationResult, None]:
        """Yield results in the order of submission; the client reads a page at a time.

        :param state: yield only results in this state, such as ``failed``
        :param after: yield only results with a higher index
        :param wait: yield what is final while the job still runs, and go on until the job is at
            rest. So the results are there almost as soon as the job has ended
        """
        async for page in self.result_pages(job_id, state=state, after=after, wait=wait):
            for result in page:
                yield result

    async def result_pages(
        self, job_id: int, *, state: str | None = None, after: int = -1, wait: bool = False
    ) -> AsyncGenerator[list[OperationResult], None]:
        """Yield the same as :meth:`results` in lists of up to 2,500, a list for each request."""
        if wait:
            async for status in self.watch(job_id):
                if state is not None:
                    continue  # with parallel chunks, an earlier operation may get this state later
                async for page in self._rpc.settled_pages(status, after=after):
                    yield page
                    after = page[-1].index
        async for page in self._rpc.result_pages(job_id, state=state, after=after):
            yield page

    async def call(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        repeatable: bool = False,
    ) -> Any:
        """Call any public method of any model, at once and outside any job.

        :param arguments: by name, with ``ids`` for a method of records
        :param repeatable: True if Odoo may carry out the call twice without harm, such as a
            search. The client then repeats the call after a lost response too
        """
        return await self._connection.call(model, method, arguments or {}, repeatable=repeatable)

    async def execute_kw(
        self,
        model: str,
        method: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a public method as in Odoo's older API, with arguments by position.

        The client gives the arguments their names, because the newer APIs go by names. The client
        knows the names for ``search_read``, ``write``, ``create`` and the like; other methods take
        only their ids by position.

        :raises TypeError: the client does not know the name of an argument by position
        """
        return await self.call(model, method, named_arguments(method, args, kwargs or {}))


def _until_next_poll(pause: float, time_left: float | None, unchanged: float) -> float:
    """Return seconds to wait: the pause, or less when a job is about to end.

    A job more often says too long a time left than too short a time. So the next request is sent
    when half of that time is over. If the job is late, the requests become rarer again: the later
    the job, the longer the wait.

    :param unchanged: seconds since the job said how much time is left
    """
    if time_left is None:
        return pause
    due = time_left - unchanged
    return min(pause, max(SHORTEST_POLL, due / 2 if due > 0 else -due / 4))
