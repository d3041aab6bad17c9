"""What a client can do over any connection: submit jobs, watch them, read their results."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from ._connection import Connection
from ._errors import WatchTimeoutError
from ._json2 import named_arguments
from ._models import Correction, JobEvent, JobStatus, OperationResult
from ._options import Policy, check_submission, for_odoo, options_among
from ._packing import Operation
from ._retry import Clock
from ._rpc import JobRpc

FIRST_POLL = 0.03  # seconds; the smallest jobs take twice as long
NO_KEYS = frozenset(("message", "count", "reason", "values", "distinct"))  # say no cause
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
        context: Mapping[str, Any] | None = None,
        start: bool = True,
        opened: Callable[[JobStatus], object] | None = None,
        max_failures: int | str | None = None,
        first_row: int | None = None,
    ) -> JobStatus:
        """Submit a job and return its status. Odoo does the work, whether or not you watch the job.

        The operations may come from a generator of any length: the client holds a few parts in
        memory. The same key with the same operations and options returns the first job. So a
        program that was killed while it submitted can submit again from the start.

        Values, arguments and domains of operations may hold ``datetime`` (sent as UTC; a naive
        datetime is UTC), ``date`` and ``Decimal``.

        :param operations: dicts such as ``{"op": "create", "model": …, "values": {…}}``, or
            objects such as :class:`CreateOperation`; a list, an iterator or an asynchronous one
        :param name: what people call the job, at most 255 characters
        :param default_name: what to call the job if ``name`` is not given. Odoo compares ``name``
            when a key is used again, and not ``default_name``: the corrected file may have another
            name
        :param policy: what a failure does to its neighbours: ``isolate``: nothing. ``chunk``: its
            chunk is rolled back. ``stop``: the job pauses. ``all``: all or nothing
        :param chunk_size: operations per transaction, at most 10,000; 0 lets Odoo find the size
        :param max_parallel: chunks that may run at once, at most 128; 1 keeps the order of
            submission; 0 lets Odoo choose as many as pay. Operations of two chunks that run at once
            do not see each other
        :param priority: the job with the lower number comes first; from -1000 to 1000
        :param eta: earliest time for the job to run; a naive time is local time
        :param dry_run: Odoo tries everything and keeps nothing
        :param idempotency_key: names the submission, at most 255 characters; the client makes a key
            if you give none
        :param on_end: what Odoo calls with your rights when the job has ended, such as
            ``{"model": "sale.order", "method": "notify", "ids": [7], "kwargs": {}}``. The method
            finds the job's id in its context as ``batch_job_id``. ``JobStatus.on_end`` says what
            became of the call
        :param context: the context in which all operations of the job run, such as
            ``{"lang": "fr_FR", "tracking_disable": True}``. The user's own language and time zone
            are in it unless you give others. The context of an operation goes before it. Odoo does
            not compare it when a key is used again
        :param start: False leaves the job a draft
        :param opened: a function that the client calls with the job's :class:`JobStatus` as soon as
            Odoo has the job; of a large job, that is long before the client has sent all operations
        :param max_failures: the job pauses when so many operations have failed: a number, or a
            share such as ``"5%"``, which counts after the first 100 operations. Only under the
            policies ``isolate`` and ``chunk``
        :param first_row: the row of the first operation in its file, 2 below a header: Odoo's
            screens count rows from this number. Odoo does not compare it when a key is used again
        :raises TypeError: ``operations`` is no list or iterator, ``eta`` no datetime, ``context``
            no dict, or ``first_row`` no whole number
        :raises ValueError: ``idempotency_key`` is empty, or ``first_row`` is below 1
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

    async def retry(
        self,
        job_id: int,
        *,
        cancelled: bool = False,
        state: str | None = None,
        indexes: Sequence[int] | None = None,
        cause: Mapping[str, Any] | None = None,
    ) -> JobStatus:
        """Run again what failed, what was rolled back with it, and what was skipped because of it.

        With ``state``, ``indexes`` or ``cause`` only those run again; with them the operations that
        they refer to and those that were skipped because they refer to them. What is done is left
        alone: the same retry again changes nothing, unless something has failed again meanwhile.

        :param cancelled: run the cancelled operations too
        :param state: only operations in this state: ``failed``, ``rolled_back``, ``skipped`` or
            ``cancelled``
        :param indexes: only these operations, counted from 0, at most 10,000
        :param cause: only operations that failed of this cause: one of ``causes`` of the job's
            status, or an object with its ``type``, ``model``, ``field`` and ``constraint``
        :raises InvalidRequestError: Odoo refuses: the job cannot be retried, or only as a whole, or
            is at work for another retry; an index is of no operation, or no failure of the job has
            the cause
        """
        part: dict[str, Any] = {} if state is None else {"state": state}
        if indexes is not None:
            part["indexes"] = list(indexes)
        if cause is not None:
            part["cause"] = {key: value for key, value in cause.items() if key not in NO_KEYS}
        return await self._rpc.verb("retry", job_id, cancelled=cancelled, **part)

    async def correct(
        self, job_id: int, rows: Iterable[Mapping[str, Any]], *, check_only: bool = False
    ) -> Correction:
        """Replace the content of operations that failed, or were not kept, and run them again.

        Only the owner of the job may do that, when the job has ended. The same correction again
        changes nothing.

        :param rows: dicts such as ``{"index": 7, "values": {…}}``: the index of the operation, and
            the parts of it that are replaced (``values``, ``ids``, ``row`` and so on). What a dict
            does not name stays
        :param check_only: Odoo stores nothing, and tells what it would do
        :raises InvalidRequestError: Odoo refuses a row (``index``), or the job takes no corrections
        :raises AccessDeniedError: the job is somebody else's, or the user may not do an operation
        """
        given = [dict(row) for row in rows]
        return await self._rpc.correct("correct", job_id, rows=given, check_only=check_only)

    async def correct_file(
        self, job_id: int, file: bytes, *, check_only: bool = False
    ) -> Correction:
        """Correct rows by a file that was downloaded from the job and corrected by a person.

        :param file: the content of the file, XLSX or CSV
        :param check_only: Odoo stores nothing, and tells what it would do
        :raises InvalidRequestError: Odoo refuses the file, or the job takes no corrections; the
            message names the lines
        :raises AccessDeniedError: the job is somebody else's, or the user may not do an operation
        """
        content = base64.b64encode(file).decode()
        return await self._rpc.correct("correct_file", job_id, file=content, check_only=check_only)

    async def duplicate(self, job_id: int) -> JobStatus:
        """Make a draft with the operations, options and context of a job; return its status.

        :meth:`start` begins the draft. Each call makes one more, so the client does not repeat the
        request after a lost response.

        :raises InvalidRequestError: the job is a draft, holds or held a password, or its operations
            have been deleted
        :raises AccessDeniedError: the job is somebody else's, or the user may not do an operation
        """
        return await self._rpc.verb("duplicate", job_id, repeatable=False)

    async def cancel(self, job_id: int) -> JobStatus:
        """End the job after the chunks that are running; Odoo keeps what they did."""
        return await self._rpc.verb("cancel", job_id)

    async def status(self, job_id: int) -> JobStatus:
        """Return where the job stands; cheap, also for a job of millions."""
        return await self._rpc.verb("status", job_id)

    async def history(self, job_id: int, *, limit: int = 100) -> list[JobEvent]:
        """Return who did what to the job when, oldest first.

        :param limit: the latest events, at most 1,000
        """
        return await self._rpc.history(job_id, limit)

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
        self,
        job_id: int,
        *,
        state: str | None = None,
        indexes: Sequence[int] | None = None,
        after: int = -1,
        wait: bool = False,
    ) -> AsyncGenerator[OperationResult, None]:
        """Yield results in the order of submission; the client reads a page at a time.

        :param state: yield only results in this state: ``pending``, ``done``, ``failed``,
            ``skipped``, ``rolled_back`` or ``cancelled``
        :param indexes: yield only the results of these operations, counted from 0, at most 10,000
        :param after: yield only results with a higher index
        :param wait: yield what is final while the job still runs, and go on until the job is at
            rest. So the results are there almost as soon as the job has ended
        """
        pages = self.result_pages(job_id, state=state, indexes=indexes, after=after, wait=wait)
        async for page in pages:
            for result in page:
                yield result

    async def result_pages(
        self,
        job_id: int,
        *,
        state: str | None = None,
        indexes: Sequence[int] | None = None,
        after: int = -1,
        wait: bool = False,
    ) -> AsyncGenerator[list[OperationResult], None]:
        """Yield the same as :meth:`results` in lists of up to 2,500, a list for each request.

        :param state: as for :meth:`results`
        :param indexes: as for :meth:`results`
        :param after: as for :meth:`results`
        :param wait: as for :meth:`results`
        """
        if wait:
            async for status in self.watch(job_id):
                if state is not None or indexes is not None:
                    continue  # with parallel chunks, an earlier operation may get this state later
                async for page in self._rpc.settled_pages(status, after=after):
                    yield page
                    after = page[-1].index
        named = None if indexes is None else list(indexes)
        async for page in self._rpc.result_pages(job_id, after=after, state=state, indexes=named):
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

        :param model: such as ``res.partner``
        :param method: such as ``search_read``
        :param arguments: by name, with ``ids`` for a method of records, and perhaps ``context``
        :param repeatable: True if Odoo may carry out the call twice without harm, such as a
            search. The client then repeats the call after a lost response too
        :raises BatchJobError: Odoo refuses the call, or no answer came; see ``_errors.py``
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

        :param model: such as ``res.partner``
        :param method: such as ``search_read``
        :param args: arguments by position; of a method of records the first is a list of ids
        :param kwargs: arguments by name
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
