"""The client for blocking code: every method hands over to a method of :class:`AsyncClient`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Literal, TypeVar

import httpx

from ._client import AsyncClient, environment
from ._loop_thread import LoopThread
from ._models import Correction, JobEvent, JobStatus, OperationResult
from ._options import Policy, check_submission, options_among
from ._packing import PART_BYTES, Operation
from ._retry import Clock, Retry

F = TypeVar("F", bound=Callable[..., Any])


def same_as(method: Callable[..., Any]) -> Callable[[F], F]:
    """Give a method the whole documentation of its asynchronous twin, for ``help()``."""

    def document(function: F) -> F:
        function.__doc__ = method.__doc__
        return function

    return document


class Client:
    """A client of the batch jobs of one Odoo database, for code without asyncio.

    Use it as ``with Client(url, database=…, api_key=…) as client``. The client has the methods of
    :class:`AsyncClient`, with the same arguments and errors; see there. The client works in a
    notebook too. The calling thread reads the operations given to :meth:`submit`.

    ``async with Client(…) as client`` gives the :class:`AsyncClient` instead.
    """

    def __init__(
        self,
        url: str,
        port: int | None = None,
        *,
        protocol: Literal["http", "https"] | None = None,
        database: str | None = None,
        api_key: str | None = None,
        timeout: float = 60.0,
        retry: Retry | None = None,
        part_bytes: int = PART_BYTES,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._client = AsyncClient(
            url,
            port,
            protocol=protocol,
            database=database,
            api_key=api_key,
            timeout=timeout,
            retry=retry,
            part_bytes=part_bytes,
            transport=transport,
            clock=clock,
        )
        self._loop = LoopThread()

    @classmethod
    def from_env(
        cls, *, timeout: float = 60.0, retry: Retry | None = None, part_bytes: int = PART_BYTES
    ) -> Client:
        """Return a client for ``ODOO_URL``, ``ODOO_DB`` and ``ODOO_API_KEY`` of the environment.

        :param timeout: seconds to wait for the network in one attempt
        :param retry: schedule of the retries
        :param part_bytes: the client sends a larger submission in parts of at most this size
        :raises ValueError: ``ODOO_URL`` or ``ODOO_API_KEY`` is not set
        """
        return cls(**environment(), timeout=timeout, retry=retry, part_bytes=part_bytes)

    @property
    def database(self) -> str | None:
        """The name of the database, None if you have not given the name."""
        return self._client.database

    @property
    def uid(self) -> int | None:
        """The id of the user who has logged in by :meth:`login`."""
        return self._client.uid

    @same_as(AsyncClient.login)
    def login(self, database: str, user: str, password: str) -> None:
        """Log in with a password, or with an API key; see :meth:`AsyncClient.login`."""
        self._loop.run(self._client.login(database, user, password))

    @same_as(AsyncClient.submit)
    def submit(
        self,
        operations: Iterable[Operation],
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
        """Submit a job and return its status; see :meth:`AsyncClient.submit`."""
        options = options_among(locals())
        check_submission(operations, options)
        return self._loop.run_reading(
            lambda stream: self._client.submit(stream, start=start, opened=opened, **options),
            operations,
        )

    @same_as(AsyncClient.execute)
    def execute(
        self,
        operations: Iterable[Operation],
        *,
        policy: Literal["isolate", "all"] = "isolate",
        idempotency_key: str | None = None,
    ) -> tuple[JobStatus, list[OperationResult]]:
        """Run up to 1,000 operations at once; see :meth:`AsyncClient.execute`."""
        return self._loop.run(
            self._client.execute(operations, policy=policy, idempotency_key=idempotency_key)
        )

    @same_as(AsyncClient.start)
    def start(self, job_id: int) -> JobStatus:
        """Queue a draft, or run for real a dry run that has ended; else change nothing."""
        return self._loop.run(self._client.start(job_id))

    @same_as(AsyncClient.pause)
    def pause(self, job_id: int) -> JobStatus:
        """Start no further chunk; the chunks that are running go on to their end."""
        return self._loop.run(self._client.pause(job_id))

    @same_as(AsyncClient.resume)
    def resume(self, job_id: int, *, skip: bool = False, index: int | None = None) -> JobStatus:
        """Go on with a paused job; see :meth:`AsyncClient.resume`."""
        return self._loop.run(self._client.resume(job_id, skip=skip, index=index))

    @same_as(AsyncClient.retry)
    def retry(
        self,
        job_id: int,
        *,
        cancelled: bool = False,
        state: str | None = None,
        indexes: Sequence[int] | None = None,
        cause: Mapping[str, Any] | None = None,
    ) -> JobStatus:
        """Run again what did not succeed; see :meth:`AsyncClient.retry`."""
        part: dict[str, Any] = {"state": state, "indexes": indexes, "cause": cause}
        return self._loop.run(self._client.retry(job_id, cancelled=cancelled, **part))

    @same_as(AsyncClient.correct)
    def correct(
        self, job_id: int, rows: Iterable[Mapping[str, Any]], *, check_only: bool = False
    ) -> Correction:
        """Replace the content of what failed and run it again; see :meth:`AsyncClient.correct`."""
        return self._loop.run(
            self._client.correct(job_id, [dict(row) for row in rows], check_only=check_only)
        )

    @same_as(AsyncClient.correct_file)
    def correct_file(self, job_id: int, file: bytes, *, check_only: bool = False) -> Correction:
        """Correct rows by a file that was downloaded from the job and corrected by a person."""
        return self._loop.run(self._client.correct_file(job_id, file, check_only=check_only))

    @same_as(AsyncClient.duplicate)
    def duplicate(self, job_id: int) -> JobStatus:
        """Make a draft that is the same job again; see :meth:`AsyncClient.duplicate`."""
        return self._loop.run(self._client.duplicate(job_id))

    @same_as(AsyncClient.cancel)
    def cancel(self, job_id: int) -> JobStatus:
        """End the job after the chunks that are running; Odoo keeps what they did."""
        return self._loop.run(self._client.cancel(job_id))

    @same_as(AsyncClient.status)
    def status(self, job_id: int) -> JobStatus:
        """Return where the job stands; cheap, also for a job of millions."""
        return self._loop.run(self._client.status(job_id))

    @same_as(AsyncClient.history)
    def history(self, job_id: int, *, limit: int = 100) -> list[JobEvent]:
        """Return who did what to the job when."""
        return self._loop.run(self._client.history(job_id, limit=limit))

    @same_as(AsyncClient.watch)
    def watch(
        self, job_id: int, *, interval: float = 1.0, timeout: float | None = None
    ) -> Generator[JobStatus, None, None]:
        """Yield the status at each change; see :meth:`AsyncClient.watch`."""
        return self._loop.iterate(self._client.watch(job_id, interval=interval, timeout=timeout))

    @same_as(AsyncClient.results)
    def results(
        self,
        job_id: int,
        *,
        state: str | None = None,
        indexes: Sequence[int] | None = None,
        after: int = -1,
        wait: bool = False,
    ) -> Generator[OperationResult, None, None]:
        """Yield results in the order of submission; see :meth:`AsyncClient.results`."""
        for page in self.result_pages(job_id, state=state, indexes=indexes, after=after, wait=wait):
            yield from page

    @same_as(AsyncClient.result_pages)
    def result_pages(
        self,
        job_id: int,
        *,
        state: str | None = None,
        indexes: Sequence[int] | None = None,
        after: int = -1,
        wait: bool = False,
    ) -> Generator[list[OperationResult], None, None]:
        """Yield results a page at a time; see :meth:`AsyncClient.result_pages`."""
        pages = self._client.result_pages(
            job_id, state=state, indexes=indexes, after=after, wait=wait
        )
        return self._loop.iterate(pages)

    @same_as(AsyncClient.call)
    def call(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        repeatable: bool = False,
    ) -> Any:
        """Call any public method of any model; see :meth:`AsyncClient.call`."""
        return self._loop.run(self._client.call(model, method, arguments, repeatable=repeatable))

    @same_as(AsyncClient.execute_kw)
    def execute_kw(
        self,
        model: str,
        method: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a public method with arguments by position; see :meth:`AsyncClient.execute_kw`."""
        return self._loop.run(self._client.execute_kw(model, method, args, kwargs))

    def close(self) -> None:
        """Close the connections; jobs go on."""
        self._loop.run(self._client.aclose())
        self._loop.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> AsyncClient:
        return self._client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()
