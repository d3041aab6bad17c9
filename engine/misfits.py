"""Which values a field can store without a change of meaning.

Odoo accepts other values, too, and silently stores something else: `"false"` becomes true, 3.7
becomes 3, a text in a many2one becomes empty. Such a value is a misfit.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from math import isfinite
from typing import Any

from .commands import CLEAR, CREATE, DELETE, LINK, SET, UNLINK, UPDATE
from .submitted import LARGEST_ID

LARGEST = LARGEST_ID  # an integer has as many bytes as an id
X2MANY = ("one2many", "many2many")

_WHOLE = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_DAY = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)\s*", re.ASCII)
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d)(?::(\d\d)(?::(\d\d))?)?)?", re.ASCII)
_REFERENCE = re.compile(r"[\w.]+,([1-9]\d{0,9})", re.ASCII)


def is_misfit(kind: str, value: Any) -> bool:
    """Whether a field of this type would store the value with another meaning.

    null and false empty a field of any type. A value that JSON does not know comes from code inside
    Odoo; this function leaves it to Odoo, and also every field type that `_FITS` does not list.

    >>> [is_misfit("boolean", value) for value in (True, 1, "false", 2)]
    [False, False, True, True]
    >>> [is_misfit("many2one", value) for value in (21, None, "21", 21.0, True, -1, 0)]
    [False, False, True, True, True, True, True]
    >>> [is_misfit("integer", value) for value in (3, 3.0, "3", 3.7, True, "")]
    [False, False, False, True, True, True]
    >>> [is_misfit("date", value) for value in ("2026-01-31", "", "2026-01-31 10:00:00")]
    [False, False, True]
    >>> [is_misfit("many2many", value) for value in ([7], [[4, 7]], [[4, "7"]], "7", [[7, 7]])]
    [False, False, True, True, True]
    """
    if value is None or value is False or type(value) not in _JSON:
        return False
    fits = _FITS.get(kind)
    try:
        return fits is not None and not fits(value)
    except (ValueError, OverflowError):  # no such day; a number beyond all bounds
        return True


def lines_of(value: Any) -> list[dict]:
    """The values of the lines that x2many commands create or change.

    >>> lines_of([[4, 7], [0, 0, {"name": "a"}], [1, 7, {"name": "b"}]])
    [{'name': 'a'}, {'name': 'b'}]
    """
    return [
        command[2]
        for command in (value if isinstance(value, list) else ())
        if isinstance(command, list) and len(command) == 3 and isinstance(command[2], dict)
    ]


def _is_text(value):
    return isinstance(value, str)


def _is_text_or_number(value):
    return isinstance(value, str | int | float) and value is not True


def _is_truth(value):
    return not isinstance(value, str | list | dict) and value in (0, 1)


def _is_whole(value):
    if isinstance(value, str):
        return bool(_WHOLE.fullmatch(value)) and _is_whole(int(value))
    return _is_number(value) and value == int(value) and -LARGEST - 1 <= value <= LARGEST


def _is_number(value):
    if isinstance(value, str):
        return bool(_NUMBER.fullmatch(value)) and isfinite(float(value))
    return isinstance(value, int | float) and value is not True and isfinite(value)


def _is_day(value):
    return value == "" or _is_point_in_time(date, _DAY, value)


def _is_moment(value):
    return value == "" or _is_point_in_time(_moment, _MOMENT, value)


def _is_point_in_time(make, pattern, value):
    match = pattern.fullmatch(value) if isinstance(value, str) else None
    return match is not None and make(*(int(part) for part in match.groups() if part)) is not None


def _moment(year, month, day, hour=0, minute=0, second=0):
    return datetime(year, month, day, hour, minute, second)


def _is_reference(value):
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return match is not None and int(match[1]) <= LARGEST


def _is_id(value):
    return type(value) is int and 0 < value <= LARGEST


def _are_ids(value):
    return isinstance(value, list) and all(map(_is_id, value))


def _is_x2many(value):
    return _are_ids(value) or isinstance(value, list) and all(map(_is_command, value))


def _is_command(item):
    if not isinstance(item, list) or not 1 <= len(item) <= 3 or type(item[0]) is not int:
        return False
    code, rest = item[0], item[1:]
    if code == CLEAR:
        return True
    if code in (DELETE, UNLINK, LINK):
        return bool(rest) and _is_id(rest[0])
    if len(rest) != 2:
        return False
    if code == SET:
        return _are_ids(rest[1])
    is_known = code == CREATE or code == UPDATE and _is_id(rest[0])
    return is_known and isinstance(rest[1], dict)


_JSON = frozenset((str, int, float, bool, list, dict))
_FITS: dict[str, Callable[[Any], bool]] = {
    "boolean": _is_truth,
    "integer": _is_whole,
    "many2one_reference": _is_whole,
    "float": _is_number,
    "monetary": _is_number,
    "date": _is_day,
    "datetime": _is_moment,
    "char": _is_text_or_number,
    "text": _is_text_or_number,
    # text only: Odoo stores a number in a html field as an error text, and 0 empties a selection
    "html": _is_text,
    "selection": _is_text,
    "binary": _is_text,
    "reference": _is_reference,
    "many2one": _is_id,
    "one2many": _is_x2many,
    "many2many": _is_x2many,
}
CHECKED = frozenset(_FITS)
