"""How a client reaches Odoo: what a connection is, and the connection to an Odoo server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from ._errors import AuthenticationError
from ._http import Http
from ._json2 import Json2
from ._session import Session

_API_KEY = re.compile("[0-9a-f]{40}")


class Connection(Protocol):
    """Carries calls of methods to Odoo: to a server, or through another library's client."""

    async def call(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any],
        *,
        operations: bytes | None = None,
        repeatable: bool,
    ) -> Any:
        """Call a public method with named arguments and return what the method returns.

        :param operations: a further argument of that name, JSON already
        :param repeatable: True if Odoo may carry out the call twice without harm
        """


class ServerConnection:
    """The connection to an Odoo server: by API key, by password, or not logged in yet.

    :param http: carries the requests; the connection closes ``http``
    :ivar database: name of the database, None if nobody gave the name
    :ivar uid: id of the user that :meth:`login` logged in, else None
    """

    def __init__(self, http: Http, *, database: str | None, api_key: str | None) -> None:
        self._http = http
        self.database = database
        self.uid: int | None = None
        self._api: Json2 | Session | None = None
        if api_key is not None:
            self._api = Json2(http, database=database, api_key=api_key)

    async def call(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any],
        *,
        operations: bytes | None = None,
        repeatable: bool,
    ) -> Any:
        """Call a public method by the API that belongs to the login.

        :raises AuthenticationError: nobody has logged in
        """
        if self._api is None:
            message = "not logged in: give an api_key, or call login(database, user, password)"
            raise AuthenticationError(401, message)
        return await self._api.call(
            model, method, arguments, operations=operations, repeatable=repeatable
        )

    async def login(self, database: str, user: str, password: str) -> None:
        """Log in with a password, or with an API key in its place.

        :raises AuthenticationError: wrong password or key, or two-factor authentication
        """
        if _API_KEY.fullmatch(password):
            with suppress(AuthenticationError):
                await self._login_by_key(database, password)
                return
        session = Session(self._http, database=database, user=user, password=password)
        self.uid = await session.login()
        self.database, self._api = database, session

    async def _login_by_key(self, database: str, api_key: str) -> None:
        json2 = Json2(self._http, database=database, api_key=api_key)
        context = await json2.call("res.users", "context_get", {}, repeatable=True)
        self.uid = context.get("uid")
        self.database, self._api = database, json2

    async def aclose(self) -> None:
        """Close the HTTP connections."""
        await self._http.aclose()
