"""A connection through another library's client: any object with ``async def execute_kw``.

The other client raises errors of its own. The connection repeats a call after an error that looks
like a network in trouble, where repeating is safe. If an error carries Odoo's own words, as
``context["raw_error"]`` of zenoo-rpc does, the connection raises our error with those words.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

from ._errors import ConnectionFailedError, RateLimitedError, ResponseError, server_error
from ._retry import GATEWAY_STATUS, Clock, Retrier, Retry, Trouble
from ._session import positional

_TROUBLE = (OSError, EOFError, asyncio.TimeoutError)
_TROUBLE_NAMES = ("Connect", "Timeout", "TransportError", "NetworkError", "ProtocolError")


@runtime_checkable
class ExecuteKw(Protocol):
    """A client of Odoo that executors can use, such as zenoo-rpc's ``ZenooClient``."""

    async def execute_kw(
        self, model: str, method: str, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        """Call a public method of a model."""


class ExecuteKwConnection:
    """Carries calls through another client, which has logged in already and stays open."""

    def __init__(self, client: ExecuteKw, retry: Retry, clock: Clock) -> None:
        self._client = client
        self._retrier = Retrier(retry, clock)

    async def call(
        self,
        model: str,
        method: str,
        arguments: Mapping[str, Any],
        *,
        operations: bytes | None = None,
        repeatable: bool,
    ) -> Any:
        """Call a public method and return what the method returns, as JSON types."""
        what = f"{model}/{method}"

        async def attempt() -> Any:
            named = dict(arguments)
            if operations is not None:
                named["operations"] = json.loads(operations)
            args, kwargs = positional(method, named)
            try:
                return await self._client.execute_kw(model, method, args, kwargs)
            except Exception as error:
                raise _translated(what, error) from error

        return await self._retrier.run(what, attempt, repeatable=repeatable)


def _translated(what: str, error: Exception) -> Exception:
    """Return Odoo's error, or :class:`Trouble` of a network, or the error unchanged."""
    refusal = _refusal(error)
    if isinstance(refusal, RateLimitedError):
        return Trouble(refusal.message, refusal, harmless=True, answered=True)
    if refusal is not None:
        return refusal
    status = _http_status(error)
    if status is not None and status not in GATEWAY_STATUS:
        return error
    if status is None and not any(map(_is_trouble, _causes(error))):
        return error
    reason = str(error) or type(error).__name__
    final = ConnectionFailedError(f"{reason} ({what})")
    final.__cause__ = error
    return Trouble(reason, final, harmless=False)


def _refusal(error: Exception) -> ResponseError | None:
    context = getattr(error, "context", None)
    raw = context.get("raw_error") if isinstance(context, Mapping) else None
    return server_error(raw) if isinstance(raw, Mapping) else None


def _http_status(error: Exception) -> int | None:
    for cause in _causes(error):
        status = getattr(getattr(cause, "response", None), "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _is_trouble(error: BaseException) -> bool:
    names = [kind.__name__ for kind in type(error).__mro__]
    return isinstance(error, _TROUBLE) or any(
        part in name for part in _TROUBLE_NAMES for name in names
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and the errors that led to that error."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
