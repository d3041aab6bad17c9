"""Rows of a file that become operations of a job, and their numbers in the file."""

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

PART = 5_000  # rows that are checked and stored together
MOST_NAMED = 20  # rows in one message


def first_row(has_headers: bool, skipped: int) -> int:
    """The number in the file of the first row that is imported. Rows that are empty do not count.

    >>> first_row(True, 0), first_row(False, 100)
    (2, 101)
    """
    return 1 + bool(has_headers) + skipped


def parts_of(
    rows: Sequence[Sequence], model: str, fields: list[str], key: list[str]
) -> Iterator[list[dict]]:
    """The operations of rows, in parts: never all of them at once."""
    common: dict[str, Any] = {"op": "load", "model": model, "fields": fields}
    if key:
        common["key"] = key
    for start in range(0, len(rows), PART):
        yield [{**common, "row": list(row)} for row in itertools.islice(rows, start, start + PART)]


def short_rows(rows: Sequence[Sequence], width: int) -> list[int]:
    """The places of rows that have fewer cells than are imported, some more than are named."""
    short = (at for at, row in enumerate(rows) if len(row) < width)
    return list(itertools.islice(short, MOST_NAMED + 1))


def named(numbers: Sequence[int]) -> str:
    """Row numbers for a message.

    >>> named([2, 7])
    '2, 7'
    >>> named(list(range(30)))[-12:]
    '17, 18, 19 …'
    """
    told = ", ".join(map(str, numbers[:MOST_NAMED]))
    return f"{told} …" if len(numbers) > MOST_NAMED else told


def first_refused(count: int, is_refused: Callable[[int, int], bool]) -> int | None:
    """The place of the first row that is refused, found by halves; None if no row is, alone.

    :param is_refused: (from, to) -> whether some row of these is refused
    """
    start, end = 0, count
    while end - start > 1:
        middle = (start + end) // 2
        if is_refused(start, middle):
            end = middle
        else:
            start = middle
    return start if end > start and is_refused(start, end) else None


def with_row_numbers(text: str, word: str, row: str, first: int) -> str:
    """A message about operations as one about rows of the file.

    :param word: what the message calls an operation, with a space for its index
    :param row: what a row is called, with a space for its number
    :param first: the number of the first row

    >>> with_row_numbers("Operation 0: no.\\nOperation 7: no.", "Operation {}: ", "Row {}: ", 2)
    'Row 2: no.\\nRow 9: no.'
    """
    pattern = re.escape(word).replace(re.escape("{}"), r"(\d+)")
    return re.sub(
        f"^{pattern}",
        lambda found: row.format(int(found[1]) + first),
        text,
        flags=re.MULTILINE,
    )
