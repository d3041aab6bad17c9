"""HTTP with retries: the client sends a POST again where a second time cannot do harm.

A request is *repeatable* if Odoo may carry out the request twice without harm. The client sends a
repeatable request again after a lost response, a time-out or an answer of a proxy in trouble. The
client sends any other request again only if Odoo cannot have carried out the request: there was no
connection, or the answer was 429.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from ._errors import (
    ConnectionFailedError,
    IdempotencyKeyError,
    ResponseError,
    UnexpectedReplyError,
    error_class,
    job_of_key,
    lacks_room,
    operation_index,
)
from ._json_values import plain
from ._retry import GATEWAY_STATUS, Clock, Retrier, Retry, Trouble, retry_after

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_PAGES = re.compile("^/(odoo|web)(/|$)")  # a URL that a person has copied from a browser
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_STRICT_JSON = json.JSONEncoder(
    allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=plain
)


class Http:
    """The connections to one server."""

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        retry: Retry,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Content-Type": "application/json"},
            timeout=timeout,
            transport=transport,
        )
        self._retrier = Retrier(retry, clock)

    async def post(
        self,
        what: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        repeatable: bool,
        trouble_of: Callable[[httpx.Response], Trouble | None] = lambda response: None,
    ) -> httpx.Response:
        """Send JSON and return the answer; every attempt sends the same bytes.

        :param what: name of the request, for messages
        :param trouble_of: a function that returns the trouble of which an answer tells, or None;
            trouble is worth another attempt
        :raises ConnectionFailedError: no attempt got an answer
        :raises ResponseError: each attempt got the answer of a proxy in trouble
        """

        async def attempt() -> httpx.Response:
            response = await self._attempt(what, path, body, headers)
            trouble = trouble_of(response)
            if trouble is not None:
                raise trouble
            return response

        return await self._retrier.run(what, attempt, repeatable=repeatable)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _attempt(
        self, what: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> httpx.Response:
        try:
            response = await self._http.post(path, content=body, headers=headers)
        except _HOPELESS:
            raise
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            wrong = self._wrong_address(error)
            final = ConnectionFailedError(f"{self._http.base_url}: {wrong or reason} ({what})")
            if wrong:
                raise final from error
            final.__cause__ = error
            raise Trouble(reason, final, harmless=isinstance(error, _NOT_SENT)) from error
        if response.status_code in GATEWAY_STATUS:
            raise _gateway_trouble(what, response)
        return response

    def _wrong_address(self, error: httpx.TransportError) -> str | None:
        """Return why no further attempt would help: no TLS, or a wrong certificate; else None."""
        url = self._http.base_url
        if url.scheme != "https" or not isinstance(error, httpx.ConnectError):
            return None
        causes = list(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return f"its certificate cannot be trusted: {error}"
        # Odoo hangs up when TLS begins. A server that is stopping hangs up too, but has answered.
        hangs_up = any(type(cause).__name__ == "EndOfStream" for cause in causes)  # of anyio
        if "WRONG_VERSION_NUMBER" in str(error) or (hangs_up and not self._retrier.answered):
            return f"the server does not speak TLS there; try {url.copy_with(scheme='http')}"
        return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def server_url(host_or_url: str, port: int | None, protocol: str | None) -> str:
    """Return the base URL of a server, ending with a slash.

    A host without a protocol gets https, unless the host is this machine: no key and no password
    travels in the clear by a guess.

    :raises TypeError: the URL is no text, or the port is no whole number
    :raises ValueError: no URL of a web server, no port, or an argument that contradicts the URL
    """
    if not isinstance(host_or_url, str):
        raise TypeError(f"the URL of the server is a text, not {host_or_url!r:.80}")
    if port is not None and type(port) is not int:
        raise TypeError(f"port is a whole number, not {port!r:.80}")
    if port is not None and not 0 < port < 65_536:
        raise ValueError(f"a port is a number from 1 to 65535, not {port}")
    if protocol not in (None, "http", "https"):
        raise ValueError(f"protocol is http or https, not {protocol!r}")
    text = host_or_url
    if "://" not in text:
        host = urlsplit(f"//{text}").hostname
        text = f"{protocol or ('http' if host in _LOOPBACK else 'https')}://{text}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"the URL of the server begins with http:// or https://: {host_or_url!r}")
    _refuse_contradiction("protocol", protocol, parts.scheme)
    _refuse_contradiction("port", port, parts.port)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    chosen = port or parts.port
    return f"{parts.scheme}://{host}{f':{chosen}' if chosen else ''}{parts.path.rstrip('/')}/"


def _refuse_contradiction(name: str, given: object, in_url: object) -> None:
    if given and in_url and given != in_url:
        raise ValueError(f"the URL says {in_url}, and {name} says {given}: leave one of them out")


def encode(value: object) -> bytes:
    """Write a value as JSON; times and decimal numbers as :func:`plain` says.

    :raises TypeError: no JSON type
    :raises ValueError: NaN, infinity, a lone surrogate or a circle
    """
    return _STRICT_JSON.encode(value).encode()


def json_of(response: httpx.Response) -> Any:
    """Return the JSON of an answer, or None."""
    try:
        return response.json()
    except ValueError:
        return None


def not_odoo(what: str, response: httpx.Response) -> UnexpectedReplyError:
    """Return the error for an answer that is not Odoo's; the error shows how the answer begins."""
    target = response.headers.get("Location")
    hint = f"it redirects to {target}" if target else f"it begins {response.text[:80]!r}"
    return UnexpectedReplyError(
        f"{what}: {_brief(response)} is not an answer of Odoo's API: {hint}"
    )


def response_error(what: str, response: httpx.Response) -> ResponseError:
    """Return the exception for an error status, with Odoo's own words if there are any."""
    data = json_of(response)
    kind = error_class(response.status_code)
    if not isinstance(data, Mapping) or "message" not in data:
        message = f"{what}: {_brief(response)}, without Odoo's reason{_hint(response)}"
        return kind(response.status_code, message)
    name, message = str(data.get("name") or ""), str(data["message"])
    if response.is_server_error:
        message = f"{name}: {message}"
    if job_id := job_of_key(data.get("context")):
        return IdempotencyKeyError(message, job_id, name=name, debug=str(data.get("debug") or ""))
    return kind(
        response.status_code,
        message,
        name=name,
        index=operation_index(data.get("context"), message),
        debug=str(data.get("debug") or ""),
    )


def _hint(response: httpx.Response) -> str:
    before_api = response.request.url.path.partition("/json/2/")[0]
    if _PAGES.search(before_api):
        return f"; the URL of the server goes without {before_api}"
    return "; are URL and database right?" if response.status_code == 404 else ""


def _gateway_trouble(what: str, response: httpx.Response) -> Trouble:
    final = response_error(what, response)
    is_busy = response.status_code == httpx.codes.TOO_MANY_REQUESTS
    data = json_of(response) if is_busy else None
    no_room = isinstance(data, Mapping) and lacks_room(data.get("context"))
    return Trouble(
        final.message if no_room else _brief(response),
        final,
        harmless=is_busy,
        answered=True,
        wait=retry_after(response.headers.get("Retry-After")),
        no_room=no_room,
    )


def _brief(response: httpx.Response) -> str:
    return f"{response.status_code} {response.reason_phrase}"
