"""`max_failures`: how many operations may fail before a job pauses."""

import re
from decimal import Decimal
from typing import Any

from .errors import BadRequest
from .messages import _lt

SHARE_COUNTS_AFTER = 100  # operations; of fewer, a share says nothing
LARGEST_NUMBER = 10**9
_DIGITS = re.compile("[0-9]{1,10}")
_SHARE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?%")


def check_max_failures(name: str, value: Any) -> str | None:
    """The limit as it is stored: a number or a share, in the shortest form.

    >>> check_max_failures("max_failures", 100), check_max_failures("max_failures", "05.0%")
    ('100', '5%')
    """
    if value is None or value is False:
        return None
    is_digits = isinstance(value, str) and _DIGITS.fullmatch(value)
    number = int(value) if is_digits else value
    if type(number) is int and 1 <= number <= LARGEST_NUMBER:
        return str(number)
    if isinstance(value, str) and _SHARE.fullmatch(value):
        share = Decimal(value[:-1])
        if 0 < share <= 100:
            return f"{share.normalize():f}%"
    raise BadRequest(
        _lt(
            "%(name)s must be a whole number from 1 to %(most)s, or a share of up to 100 %% such "
            'as "5%%", not %(value)s.',
            name=name,
            most=LARGEST_NUMBER,
            value=f"{value!r:.80}",
        )
    )


def is_share(limit: str) -> bool:
    return limit.endswith("%")


def is_reached(limit: str | None, failures: int, ended: int) -> bool:
    """Whether so many have failed that the job pauses.

    :param limit: a number or a share, as `check_max_failures` gives it; None: no limit
    :param ended: the operations that have ended, the failures among them

    >>> is_reached("5", 4, 4), is_reached("5", 5, 9)
    (False, True)
    >>> is_reached("5%", 99, 99), is_reached("5%", 4, 100), is_reached("5%", 5, 100)
    (False, False, True)
    """
    if limit is None:
        return False
    if not is_share(limit):
        return failures >= int(limit)
    return ended >= SHARE_COUNTS_AFTER and failures * 100 >= Decimal(limit[:-1]) * ended


def failures_of(job: dict) -> tuple[int, int]:
    """(failures, operations that have ended) since the job was started, resumed or retried.

    Under policy `chunk` a share counts what was rolled back with a failure too: one failure in each
    chunk would be a small share, and nothing would be kept.
    """
    landed = job["unrecorded"] or {"succeeded": 0, "failed": 0, "skipped": 0}
    ended = landed["succeeded"] + landed["failed"] + landed["skipped"]
    if counts_rolled_back(job):
        return landed["failed"] + landed["skipped"], ended
    return landed["failed"], ended


def counts_rolled_back(job: dict) -> bool:
    return job["policy"] == "chunk" and is_share(job["max_failures"] or "")
