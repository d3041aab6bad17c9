"""When a request is sent again, and how long to wait before."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

GATEWAY_STATUS = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Retry:
    """The schedule of retries.

    Waits are 0.25, 0.5, 1, 2, 4, 8, 8 … seconds, each shortened at random by up to a half, until
    ``patience`` is used up: with the defaults about 20 attempts in 2 minutes, enough for a server
    to be restarted. ``patience=0`` means one attempt.

    :ivar patience: seconds from the first attempt to the last
    :ivar first: seconds before the second attempt
    :ivar longest: upper limit of a wait in seconds
    :ivar first_contact: what ``patience`` is until the server has answered once: a wrong address
        should not take minutes to show
    """

    patience: float = 120.0
    first: float = 0.25
    longest: float = 8.0
    first_contact: float = 10.0

    def waits(self) -> Iterator[float]:
        """Yield the wait before each further attempt, without end."""
        wait = self.first
        while True:
            yield wait * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
            wait = min(wait * 2, self.longest)


def retry_after(value: str | None) -> float:
    """Read the seconds of a Retry-After header; a date or nonsense counts as 0."""
    try:
        return max(0.0, float(value or 0))
    except ValueError:
        return 0.0
