"""Odoo by password: a session, as in a browser.

The client uses ``/web/session/authenticate`` and ``/web/dataset/call_kw``, because Odoo logs a
deprecation for its older routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from ._errors import AuthenticationError, RateLimitedError, lacks_room, server_error
from ._http import Http, encode, json_of, not_odoo, response_error
from ._retry import Trouble, retry_after

AUTHENTICATE = "web/session/authenticate"
CALL_KW = "web/dataset/call_kw"
SESSION_EXPIRED = 100  # Odoo's code

TWO_FACTOR = (
    "{user} uses two-factor authentication, for which a password is not enough: make an API key in "
    "Odoo, Preferences, Security, and give it as api_key."
)


class Session:
    """One server, one database, one user with a password."""

    def __init__(self, http: Http, *, database: str, user: str, password: str) -> None:
        self._http = http
        self._user = user
        self._credentials = {"db": database, "login": user, "password": password}

    async def login(self) -> int:
        """Begin a session and return the user's id.

        :raises AuthenticationError: wrong password, no such user, or two-factor authentication
        """
        body = _jsonrpc(encode(self._credentials))
        answer = await self._http.post("login", AUTHENTICATE, body, {}, repeatable=True)
        info = _result("login", answer)
        if not isinstance(info, Mapping) or not info.get("uid"):
            raise AuthenticationError(401, TWO_FACTOR.format(user=self._user))
        return int(info["uid"])

    async def call(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any],
        *,
        operations: bytes | None = None,
        repeatable: bool,
    ) -> Any:
        """Call a public method and return what the method returns, as JSON types.

        :param operations: a further argument of that name, JSON already
        """
        what = f"{model}/{method}"
        body = _jsonrpc(_params(model, method, arguments, operations))
        for is_last in (False, True):
            answer = await self._http.post(
                what,
                f"{CALL_KW}/{model}.{method}",
                body,
                {},
                repeatable=repeatable,
                trouble_of=_busy,
            )
            if is_last or not _is_expired(answer):
                break
            await self.login()
        return _result(what, answer)


def positional(method: str, arguments: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return named arguments as ``call_kw`` takes them: ids first, by position."""
    named = dict(arguments)
    args = [named.pop("ids")] if "ids" in named else []
    if method == "create" and "vals_list" in named:
        args.append(named.pop("vals_list"))  # Odoo looks at the first argument of a create
    return args, named


def _params(
    model: str, method: str, arguments: Mapping[str, Any], operations: bytes | None
) -> bytes:
    args, kwargs = positional(method, arguments)
    head = encode({"model": model, "method": method, "args": args})[:-1]
    named = encode(kwargs)
    if operations is not None:
        named = named[:-1] + (b"," if kwargs else b"") + b'"operations":' + operations + b"}"
    return head + b',"kwargs":' + named + b"}"


def _jsonrpc(params: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","method":"call","id":1,"params":' + params + b"}"


def _busy(response: httpx.Response) -> Trouble | None:
    """Return the trouble of a server without free capacity; over JSON-2 that is a status 429."""
    if b'"error"' not in response.content[:200]:
        return None  # large results are parsed only once, later
    data = json_of(response)
    error = data.get("error") if isinstance(data, Mapping) else None
    if not isinstance(error, Mapping):
        return None
    refusal = server_error(error)
    if not isinstance(refusal, RateLimitedError):
        return None
    context = _context_of(error)
    return Trouble(
        refusal.message,
        refusal,
        harmless=True,
        answered=True,
        wait=retry_after(str(context.get("retry_after", 0))),
        no_room=lacks_room(context),
    )


def _context_of(error: Mapping[str, Any]) -> Mapping[str, Any]:
    data = error.get("data")
    context = data.get("context") if isinstance(data, Mapping) else None
    return context if isinstance(context, Mapping) else {}


def _is_expired(response: httpx.Response) -> bool:
    data = json_of(response)
    error = data.get("error") if isinstance(data, Mapping) else None
    return isinstance(error, Mapping) and error.get("code") == SESSION_EXPIRED


def _result(what: str, response: httpx.Response) -> Any:
    data = json_of(response)
    if not isinstance(data, Mapping) or not {"result", "error"} & data.keys():
        if response.is_error:
            raise response_error(what, response)
        raise not_odoo(what, response)
    if "error" in data:
        raise server_error(data["error"])
    return data["result"]
