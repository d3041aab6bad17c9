"""Messages of the engine, which people read in their own language.

The engine knows no language. It says a message in English and keeps the message's template and
arguments; `execution/in_words.py` says the same in another language. `_lt` has the name by which
Odoo's export of terms finds the templates.
"""

from collections.abc import Iterable
from typing import Any


class Text(str):
    """A message in English that can be said in another language.

    :ivar template: the message with a placeholder for each argument: a term of `i18n/*.po`
    :ivar arguments: the arguments by name; one that is a `Text` is a message itself
    """

    template: str
    arguments: dict[str, Any]

    def __new__(cls, template: str, arguments: dict[str, Any] | None = None):
        text = super().__new__(cls, template % arguments if arguments else template)
        text.template, text.arguments = template, arguments or {}
        return text


class Grouped(int):
    """A large number in a message: 1,000,000 in English, and as the other language writes it.

    >>> f"{Grouped(1000000)}"
    '1,000,000'
    """

    def __str__(self):
        return format(int(self), ",")

    def __format__(self, spec):
        return format(str(self), spec)


def _lt(template: str, /, **arguments: Any) -> Text:
    """A message. The template must be one literal: Odoo exports it as a term.

    >>> _lt("row has %(cells)s cells for %(fields)s fields.", cells=1, fields=2)
    'row has 1 cells for 2 fields.'
    """
    return Text(template, arguments)


def joined(separator: str, texts: Iterable[str]) -> Text:
    """Several messages as one.

    >>> joined(" or ", ["a", "b"]).arguments
    {'0': 'a', '1': 'b'}
    """
    arguments = {str(place): text for place, text in enumerate(texts)}
    return Text(separator.join(f"%({place})s" for place in arguments), arguments)


def message_of(error: BaseException) -> str:
    """What an exception says, as it was given: `str(error)` would turn a `Text` into a mere text.

    >>> type(message_of(ValueError(_lt("it takes true or false.")))).__name__
    'Text'
    """
    said = error.args[0] if error.args else None
    return said if isinstance(said, Text) else str(error)
