"""The asynchronous client of an Odoo server: its connection, and who logs in."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Literal

import httpx

from ._argument_checks import check_bytes, check_wait
from ._base_client import BaseClient
from ._connection import ServerConnection
from ._http import Http, server_url
from ._packing import PART_BYTES
from ._retry import Clock, RealClock, Retry


class AsyncClient(BaseClient):
    """A client of the batch jobs of one Odoo database, for asyncio.

    Use it as ``async with AsyncClient(url, database=…, api_key=…) as client``, or without a key and
    then ``await client.login(database, user, password)``. If the network loses a request or its
    answer, the client repeats the request, see :class:`Retry`; Odoo still does nothing twice.

    :param url: of the server, with a path if a proxy adds one: ``https://erp.example.com``; or the
        host alone, which the client speaks to by https unless the host is this machine
    :param port: where the URL has none
    :param protocol: ``http`` or ``https``, where the URL has none
    :param database: name of the database; None if the server has only one
    :param api_key: of the user on whose behalf and with whose rights the jobs run
    :param timeout: seconds to wait for the network in one attempt
    :param retry: schedule of the retries
    :param part_bytes: the client sends a larger submission in parts of at most this size
    :param transport: another way than the network, for tests
    :param clock: another time than the real time, for tests
    :raises TypeError: a thing of another type
    :raises ValueError: a value that cannot be, such as the URL of no web server
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
        check_wait("timeout", timeout)
        check_bytes("part_bytes", part_bytes)
        if retry is not None and not isinstance(retry, Retry):
            raise TypeError(f"retry is a Retry, not {retry!r:.80}")
        clock = clock or RealClock()
        http = Http(
            server_url(url, port, protocol),
            timeout=timeout,
            retry=retry or Retry(),
            clock=clock,
            transport=transport,
        )
        self._server = ServerConnection(http, database=database, api_key=api_key)
        super().__init__(self._server, part_bytes=part_bytes, clock=clock)

    @classmethod
    def from_env(
        cls, *, timeout: float = 60.0, retry: Retry | None = None, part_bytes: int = PART_BYTES
    ) -> AsyncClient:
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
        return self._server.database

    @property
    def uid(self) -> int | None:
        """The id of the user who has logged in by :meth:`login`."""
        return self._server.uid

    async def login(self, database: str, user: str, password: str) -> None:
        """Log in with a password, or with an API key in its place.

        An API key uses the JSON-2 API. The key itself names its user, so ``user`` does not matter.
        A password begins a session, as in a browser. An account with two-factor authentication
        needs a key.

        :param database: its name
        :param user: login of the user, such as an e-mail address
        :param password: of the user, or an API key
        :raises AuthenticationError: wrong password or key, or two-factor authentication
        """
        await self._server.login(database, user, password)

    async def aclose(self) -> None:
        """Close the connections; jobs go on."""
        await self._rpc.ahead.drop_all()
        await self._server.aclose()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


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
