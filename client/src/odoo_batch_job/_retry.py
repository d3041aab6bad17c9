"""Retries: when the client sends a request again, and how long the client waits before."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ._argument_checks import check_finite, check_patience, check_wait
from ._errors import ResponseError

T = TypeVar("T")

GATEWAY_STATUS = frozenset({429, 502, 503, 504})

TELL_EVERY = 60.0  # seconds between two words on a long wait for room

_logger = logging.getLogger("odoo_batch_job")


class Clock(Protocol):
    """Time as the client sees it; tests bring a clock of their own."""

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


@dataclass(frozen=True)
class Retry:
    """The schedule of retries.

    Waits are 0.25, 0.5, 1, 2, 4, 8, 8 … seconds, each shortened at random by up to a half, until
    ``patience`` is used up: with the defaults about 20 attempts in 2 minutes, enough for a server
    to be restarted. ``patience=0`` means one attempt.

    :ivar patience: seconds from the first attempt to the last
    :ivar first: seconds before the second attempt
    :ivar longest: upper limit of a wait in seconds
    :ivar first_contact: replaces ``patience`` until the server has answered once: a wrong address
        should not take minutes to show
    :ivar room: replaces ``patience`` while Odoo has too many open operations to take one more job:
        seconds to wait for room. A day, after which a draft that nobody goes on with counts no
        more; 0, or a patience of 0, means that :class:`RateLimitedError` comes at once
    :raises TypeError: no number
    :raises ValueError: a patience below 0, a wait that is not above 0, or NaN
    """

    patience: float = 120.0
    first: float = 0.25
    longest: float = 8.0
    first_contact: float = 10.0
    room: float = 86_400.0

    def __post_init__(self) -> None:
        check_patience("patience", self.patience)
        check_patience("first_contact", self.first_contact)
        check_patience("room", self.room)
        check_wait("first", self.first)
        check_wait("longest", self.longest)
        check_finite("first", self.first)

    def waits(self) -> Iterator[float]:
        """Yield the wait before each further attempt, without end."""
        wait = self.first
        while True:
            yield wait * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
            wait = min(wait * 2, self.longest)


class Trouble(Exception):  # noqa: N818 - never reaches a caller
    """An attempt failed, and a later attempt may succeed.

    :ivar harmless: Odoo cannot have carried out the request
    :ivar answered: a server answered, at least a proxy
    :ivar wait: seconds that the server asks the client to wait
    :ivar no_room: the server is well, and has no room for one more job until others have ended
    :ivar final: the exception to raise if no attempt follows
    """

    def __init__(
        self,
        reason: str,
        final: Exception,
        *,
        harmless: bool,
        answered: bool = False,
        wait: float = 0.0,
        no_room: bool = False,
    ) -> None:
        super().__init__(reason)
        self.final = final
        self.harmless = harmless
        self.answered = answered
        self.wait = wait
        self.no_room = no_room


class Retrier:
    """Repeats failed attempts at one server.

    :ivar answered: the server has answered once, so the address is right
    """

    def __init__(self, retry: Retry, clock: Clock) -> None:
        self._retry = retry
        self._clock = clock
        self.answered = False

    async def run(self, what: str, attempt: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        """Return what the first successful attempt returns.

        :param what: name of the request, for the log
        :param attempt: raises :class:`Trouble` if a further attempt may succeed
        :param repeatable: True if Odoo may carry out the request twice without harm
        """
        wait_for = _Patience(self._retry, self._clock)
        for wait in self._retry.waits():
            try:
                value = await attempt()
            except ResponseError:
                self.answered = True
                raise
            except Trouble as error:
                trouble = error
            else:
                self.answered = True
                return value
            self.answered = self.answered or trouble.answered
            wait = max(wait, trouble.wait)
            if wait_for.is_over(trouble, wait, self.answered) or not (
                repeatable or trouble.harmless
            ):
                raise trouble.final from trouble.final.__cause__
            if not trouble.no_room:
                _logger.warning("%s: %s; trying again in %.1f s", what, trouble, wait)
            elif wait_for.is_time_to_tell():
                _logger.warning("%s Waiting for room; Ctrl-C ends the wait.", trouble)
            await self._clock.sleep(wait)
        raise AssertionError("the schedule of retries has no end")


class _Patience:
    """How long one request has been tried."""

    def __init__(self, retry: Retry, clock: Clock) -> None:
        self._retry = retry
        self._clock = clock
        self._asked = self._begun = clock.now()
        self._told = float("-inf")

    def is_over(self, trouble: Trouble, wait: float, answered: bool) -> bool:
        """Return whether another attempt, after so many seconds, would be too late."""
        now, retry = self._clock.now(), self._retry
        if trouble.no_room:
            self._begun = now  # the server answers: a later failure has the whole time for retries
            return not retry.patience or now + wait > self._asked + retry.room
        return now + wait > self._begun + (retry.patience if answered else retry.first_contact)

    def is_time_to_tell(self) -> bool:
        """Return whether it is time for another word on a wait for room."""
        now = self._clock.now()
        if now < self._told + TELL_EVERY:
            return False
        self._told = now
        return True


def retry_after(value: str | None) -> float:
    """Return the seconds of a Retry-After header; a date or nonsense counts as 0."""
    try:
        return max(0.0, float(value or 0))
    except ValueError:
        return 0.0
