"""A client's connection: where the server is, who has logged in, calls of any method."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

import httpx

from ._errors import AuthenticationError
from ._http import Http, server_url
from ._json2 import Json2, named_arguments
from ._packing import PART_BYTES
from ._retry import Clock, RealClock, Retry
from ._rpc import Connection, JobRpc
from ._session import Session

_API_KEY = re.compile("[0-9a-f]{40}")
_HEADER = re.compile("[!-~]+")  # what an HTTP header can carry


class Connected:
    """What a client has that does not know of jobs; see :class:`AsyncClient`."""

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
        if timeout <= 0:
            raise ValueError(f"timeout is more than 0 seconds, not {timeout}")
        if part_bytes < 1:
            raise ValueError(f"part_bytes is at least 1, not {part_bytes}")
        self._clock = clock or RealClock()
        self._http = Http(
            server_url(url, port, protocol),
            timeout=timeout,
            retry=retry or Retry(),
            clock=self._clock,
            transport=transport,
        )
        self._part_bytes = part_bytes
        self._database = database
        self._uid: int | None = None
        if api_key is None:
            self._use(Nobody(self._http))
        elif not _HEADER.fullmatch(api_key):
            raise ValueError("the API key is empty, or has a character that no key has")
        else:
            self._use(Json2(self._http, database=database, api_key=api_key))

    @property
    def database(self) -> str | None:
        """The database's name, as far as it was given."""
        return self._database

    @property
    def uid(self) -> int | None:
        """The id of the user who has logged in by :meth:`login`."""
        return self._uid

    async def login(self, database: str, user: str, password: str) -> None:
        """Log in with a password, or with an API key in its place.

        An API key uses the JSON-2 API; so the user's name does not matter, the key says it. With a
        password there is a session, as a browser has it; an account with two-factor authentication
        needs a key.

        :raises AuthenticationError: wrong password or key, or two-factor authentication
        """
        if _API_KEY.fullmatch(password):
            with suppress(AuthenticationError):
                await self._login_by_key(database, password)
                return
        session = Session(self._http, database=database, user=user, password=password)
        self._uid = await session.login()
        self._database = database
        self._use(session)

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
        :param repeatable: True if it may be carried out twice without harm, as a search may: it
            is then repeated after a lost response too
        """
        return await self._connection.call(model, method, arguments or {}, repeatable=repeatable)

    async def execute_kw(
        self,
        model: str,
        method: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Call a public method the way Odoo's older API does, with arguments by position.

        With an API key, which goes by names, only the well-known methods take more than ids by
        position: ``search_read``, ``write``, ``create`` and the like.

        :raises TypeError: an argument by position of which the name is not known
        """
        return await self.call(model, method, named_arguments(method, args, kwargs or {}))

    async def aclose(self) -> None:
        """Close the connections; jobs go on."""
        await self._connection.aclose()

    async def _login_by_key(self, database: str, api_key: str) -> None:
        connection = Json2(self._http, database=database, api_key=api_key)
        context = await connection.call("res.users", "context_get", {}, repeatable=True)
        self._uid, self._database = context.get("uid"), database
        self._use(connection)

    def _use(self, connection: Connection) -> None:
        self._connection = connection
        self._rpc = JobRpc(connection, self._part_bytes)


class Nobody:
    """The connection of a client that has not logged in."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def call(self, model: str, method: str, *_: object, **__: object) -> Any:
        """Refuse."""
        message = "not logged in: give an api_key, or call login(database, user, password)"
        raise AuthenticationError(401, message)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
