"""The values of an operation as texts in the cells of a file, and back."""

import json
import math
import re
from typing import Any

from .messages import _lt
from .passwords import BLANKED

BLANKED_TEXT = "(a password, blanked: give it anew)"
LONGEST_CELL = 32_767  # characters, in XLSX
YES, NO = ("true", "1", "yes", "t", "y"), ("false", "0", "no", "f", "n")
WHOLE = ("integer", "many2one", "many2one_reference")
BROKEN = ("float", "monetary")
NESTED = ("one2many", "many2many", "json", "properties", "properties_definition")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # how a spreadsheet program knows one
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # how XLSX writes what XML cannot hold
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def text_of(value: Any, kind: str | None = None) -> str:
    """A value as the text of a cell: no value is empty, and what is no text is JSON.

    :param kind: type of the field

    >>> [text_of(value) for value in ("007", 1.5, True, False, None, [[4, 7]])]
    ['007', '1.5', 'true', '', '', '[[4, 7]]']
    >>> text_of(False, "boolean")
    'false'
    """
    if value == BLANKED:
        return BLANKED_TEXT
    if value is None or value is False and kind != "boolean":
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def value_of(text: str, kind: str | None, before: Any = None) -> Any:
    """The value that a changed cell gives to a field.

    :param kind: type of the field; None: the model has no such field
    :param before: the value before the change
    :raises ValueError: the text is no such value; the message says what the cell takes

    >>> value_of("7", "many2one"), value_of("0.5", "float"), value_of("no", "boolean")
    (7, 0.5, False)
    >>> value_of("", "char"), value_of("007", "char"), value_of('{"$ref": "acme"}', "many2one")
    (False, '007', {'$ref': 'acme'})
    """
    if kind == "boolean":
        return _truth(text)
    if text.strip() == "" and kind in (*WHOLE, *BROKEN, *NESTED) or text == "":
        return False
    if kind in (*WHOLE, *BROKEN) and not text.lstrip().startswith("{"):
        return _whole(text) if kind in WHOLE else _number(text)
    was_nested = isinstance(before, dict | list) and before != BLANKED
    if kind in (*WHOLE, *BROKEN, *NESTED) or was_nested:
        return nested(text)
    if kind is None and isinstance(before, int | float):
        return nested(text)
    return text


def nested(text: str) -> Any:
    """The value of a cell that holds JSON.

    :raises ValueError: it holds none
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(_lt("it takes JSON, such as [[4, 7]].")) from None


def is_same(text: str, stored: str) -> bool:
    """Whether a cell still has the text that was written into it. Programs change line ends, and
    XLSX cannot hold all characters, nor very long texts.

    >>> is_same("a\\nb", "a\\r\\nb"), is_same("7", "007")
    (True, False)
    """
    unescaped_too = (text, _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text))
    return _plain(stored) in map(_plain, unescaped_too) or text == shortened(stored)


def shortened(text: str) -> str:
    """The text, or a note in its place where it is too long for a cell of XLSX."""
    if len(text) <= LONGEST_CELL:
        return text
    return f"({len(text)} characters: too long for XLSX, and left as they are)"


def escaped(text: str) -> str:
    """A text for a cell of CSV, of which a spreadsheet program makes no formula.

    >>> [escaped(text) for text in ("=1+1", "'=1", "'s", "a")]
    ["'=1+1", "''=1", "'s", 'a']
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unescaped(text: str) -> str:
    """The text of which `escaped` made a cell.

    >>> [unescaped(text) for text in ("'=1+1", "''=1", "'s", "+32 475")]
    ['=1+1', "'=1", "'s", '+32 475']
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _truth(text: str) -> bool:
    word = text.strip().lower()
    if word not in (*YES, *NO):
        raise ValueError(_lt("it takes true or false."))
    return word in YES


def _whole(text: str) -> int:
    # a spreadsheet program may write 7 as 7.0
    if not (match := re.fullmatch(r"([+-]?[0-9]+)(\.0+)?", text.strip())):
        raise ValueError(_lt("it takes a whole number, such as 7."))
    return int(match[1])


def _number(text: str) -> float:
    plain = text.strip()
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", plain):
        raise ValueError(_lt("it takes a number, such as 1000.5."))
    if not math.isfinite(number := float(plain)):
        raise ValueError(_lt("it takes a smaller number."))
    return number


def _plain(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
