"""Numbers that a constructor is given, checked there: a wrong number shows where it is written."""

from __future__ import annotations

import math


def check_count(name: str, value: object) -> None:
    """Refuse what is no whole number above 0.

    :raises TypeError: no number
    :raises ValueError: a fraction, 0 or less
    """
    number = _number(name, value)
    if not isinstance(value, int):
        raise ValueError(f"{name} is a whole number, not {value!r}")
    if number < 1:
        raise ValueError(f"{name} is at least 1, not {value!r}")


def check_bytes(name: str, value: object) -> None:
    """Refuse what is no size in bytes.

    :raises TypeError: no number
    :raises ValueError: less than 1, or not a number (NaN)
    """
    if not _number(name, value) >= 1:
        raise ValueError(f"{name} is at least 1, not {value!r}")


def check_wait(name: str, value: object) -> None:
    """Refuse what is no time to wait: without a wait, a loop would run hot.

    :raises TypeError: no number
    :raises ValueError: 0 or less, or not a number (NaN)
    """
    if not _number(name, value) > 0:
        raise ValueError(f"{name} is more than 0 seconds, not {value!r}")


def check_patience(name: str, value: object) -> None:
    """Refuse what is no duration; 0 is a duration.

    :raises TypeError: no number
    :raises ValueError: less than 0, or not a number (NaN)
    """
    if not _number(name, value) >= 0:
        raise ValueError(f"{name} is at least 0 seconds, not {value!r}")


def check_finite(name: str, value: float) -> None:
    """Refuse a number without an end.

    :raises ValueError: infinite
    """
    if math.isinf(value):
        raise ValueError(f"{name} is a number with an end, not {value!r}")


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number, not {value!r:.80}")
    return value
