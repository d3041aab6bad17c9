"""Values of Python that JSON does not know, as Odoo takes them: times and decimal numbers."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal

_MOST_DIGITS = 300  # before the point, of a whole number: what Odoo reads into a float has no more


def plain(value: object) -> object:
    """Return a value that JSON knows.

    A ``datetime`` becomes the text of its second in UTC; without a zone it is UTC already. A
    ``date`` becomes its text. A ``Decimal`` becomes a number, because methods calculate with it, if
    the number has all its digits: JSON numbers are binary in Odoo, and hold 15 digits always. With
    more digits it becomes a text, which keeps them all; fields of numbers take a text too.

    :raises TypeError: any other type
    :raises ValueError: NaN or infinity
    """
    if isinstance(value, datetime):
        return _in_utc(value).isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return _number_or_text(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _in_utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        return moment.replace(tzinfo=None)
    return moment.astimezone(timezone.utc).replace(tzinfo=None)


def _number_or_text(number: Decimal) -> int | float | str:
    if not number.is_finite():
        raise ValueError(f"{number} is no number with an end")
    if number.adjusted() < _MOST_DIGITS:
        if number == number.to_integral_value():
            return int(number)
        binary = float(number)
        if Decimal(repr(binary)) == number:
            return binary
    return str(number)
