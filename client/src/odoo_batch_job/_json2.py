"""Odoo's JSON-2 API over HTTP: one POST per call, retries where they cannot do harm.

``POST {url}/json/2/{model}/{method}`` with a bearer API key and named arguments. A request that
may be carried out twice without harm is *repeatable* and is sent again after a lost response, a
time-out or an answer of a proxy in trouble. Any other request is sent again only when it cannot
have been carried out: no connection came about, or the answer was 429.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Mapping
from typing import Any, Protocol

import httpx

from ._errors import ConnectionFailedError, ResponseError, UnexpectedReplyError, error_class
from ._retry import GATEWAY_STATUS, Retry, retry_after

_logger = logging.getLogger("odoo_batch_job")

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_INDEX = re.compile(r"\boperation #?(\d+)\b", re.IGNORECASE)


class Clock(Protocol):
    """Time as the client sees it; tests bring their own."""

    def now(self) -> float:
        """Return seconds from any fixed moment."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""


class RealClock:
    """Time as it passes."""

    def now(self) -> float:
        """Return the seconds of the monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run for so many seconds."""
        await asyncio.sleep(seconds)


class Json2:
    """One server, one database, one API key."""

    def __init__(
        self,
        url: str,
        *,
        database: str | None,
        api_key: str,
        timeout: float,
        retry: Retry,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        headers = {"Authorization": f"bearer {api_key}", "Content-Type": "application/json"}
        if database:
            headers["X-Odoo-Database"] = database
        self._http = httpx.AsyncClient(
            base_url=_checked(url), headers=headers, timeout=timeout, transport=transport
        )
        self._retry = retry
        self._clock = clock
        self._answered = False  # once: from then on the address is known to be right

    async def call(
        self, model: str, method: str, arguments: Mapping[str, Any], *, repeatable: bool
    ) -> Any:
        """Call a public method and return what it returns, as JSON types."""
        return await self.post(model, method, encode(arguments), repeatable=repeatable)

    async def post(self, model: str, method: str, body: bytes, *, repeatable: bool) -> Any:
        """Send a body that is JSON already; every repetition sends the same bytes."""
        what, begin = f"{model}/{method}", self._clock.now()
        for wait in self._retry.waits():
            answer = await self._attempt(what, body)
            if isinstance(answer, httpx.Response) and answer.status_code not in GATEWAY_STATUS:
                return _value(what, answer)
            wait = max(wait, _asked_wait(answer))
            patience = self._retry.patience if self._answered else self._retry.first_contact
            late = self._clock.now() + wait > begin + patience
            if late or not (repeatable or _harmless(answer)):
                break
            _logger.warning("%s: %s; trying again in %.1f s", what, _brief(answer), wait)
            await self._clock.sleep(wait)
        if isinstance(answer, httpx.Response):
            return _value(what, answer)
        raise ConnectionFailedError(f"{self._http.base_url}: {_brief(answer)} ({what})") from answer

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _attempt(self, what: str, body: bytes) -> httpx.Response | httpx.TransportError:
        try:
            response = await self._http.post(f"json/2/{what}", content=body)
        except _HOPELESS:
            raise
        except httpx.TransportError as error:
            return error
        self._answered = True
        return response


def encode(value: object) -> bytes:
    """Write a value as JSON.

    :raises TypeError: no JSON type
    :raises ValueError: NaN, infinity, a lone surrogate or a circle
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def _checked(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"the URL of the server begins with http:// or https://, got {url!r}")
    return url.rstrip("/") + "/"


def _harmless(answer: httpx.Response | httpx.TransportError) -> bool:
    """Return whether the request cannot have been carried out."""
    if isinstance(answer, httpx.Response):
        return answer.status_code == httpx.codes.TOO_MANY_REQUESTS
    return isinstance(answer, _NOT_SENT)


def _asked_wait(answer: httpx.Response | httpx.TransportError) -> float:
    if isinstance(answer, httpx.Response):
        return retry_after(answer.headers.get("Retry-After"))
    return 0.0


def _brief(answer: httpx.Response | httpx.TransportError) -> str:
    if isinstance(answer, httpx.Response):
        return f"{answer.status_code} {answer.reason_phrase}"
    return str(answer) or type(answer).__name__


def _value(what: str, response: httpx.Response) -> Any:
    """Return the JSON of a success; raise what an error status stands for."""
    try:
        data = response.json()
    except ValueError:
        data = None
    if response.is_error:
        raise _error(what, response, data)
    if not response.is_success or (data is None and response.text.strip() != "null"):
        target = response.headers.get("Location")
        hint = f"it redirects to {target}" if target else f"it begins {response.text[:80]!r}"
        raise UnexpectedReplyError(
            f"{what}: {_brief(response)} is not an answer of Odoo's JSON-2 API: {hint}"
        )
    return data


def _error(what: str, response: httpx.Response, data: Any) -> ResponseError:
    kind = error_class(response.status_code)
    if not isinstance(data, Mapping) or "message" not in data:
        hint = "; is the name of the database right?" if response.status_code == 404 else ""
        message = f"{what}: {_brief(response)}, without Odoo's reason{hint}"
        return kind(response.status_code, message)
    name, message = str(data.get("name") or ""), str(data["message"])
    if response.is_server_error:
        message = f"{name}: {message}"
    return kind(
        response.status_code,
        message,
        name=name,
        index=_index(data.get("context"), message),
        debug=str(data.get("debug") or ""),
    )


def _index(context: object, message: str) -> int | None:
    """Return the operation at fault: the error's context names it, or else its message."""
    if isinstance(context, Mapping) and isinstance(context.get("index"), int):
        return int(context["index"])
    found = _INDEX.search(message)
    return int(found.group(1)) if found else None
