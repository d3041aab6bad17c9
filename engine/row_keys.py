"""The key of a load: which columns find the record of a row, and which find its lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .commands import RelationOf
from .external_ids import qualified
from .messages import _lt

IDS = ("id", ".id")  # the last steps of columns that find a record without a key
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T].*)?$", re.ASCII)


@dataclass
class Level:
    """The columns that fill the record itself, or its lines in one one2many field.

    Columns are given as places in the row. `ids` find a record without a key: by external id, by
    database id, or lines by name.
    """

    model: str
    places: list[int] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    key: dict[str, int] = field(default_factory=dict)  # field -> its column
    below: dict[str, list[str]] = field(default_factory=dict)  # the steps behind a key's field
    by_name: set[str] = field(default_factory=set)  # key fields that name a record by its name
    lines: dict[str, "Level"] = field(default_factory=dict)  # one2many field -> the lines


def levels_of(
    model: str,
    columns: Sequence[str],
    paths: Sequence[list[str]],
    key: Sequence[str],
    relation_of: RelationOf,
) -> Level:
    """Sort the columns of a load by what they fill.

    :param paths: the steps of each column
    :param key: the columns that are the key
    :returns: the level of the record; it leads to those of the lines
    """
    top = Level(model)
    for place, (column, path) in enumerate(zip(columns, paths, strict=True)):
        level, rest = _descend(top, path, relation_of)
        level.places.append(place)
        if not rest or rest[0] in IDS:
            level.ids.append(place)
        elif column in key:
            level.key[rest[0]], level.below[rest[0]] = place, rest[1:]
            if len(rest) == 1 and relation_of(level.model, rest[0]):
                level.by_name.add(rest[0])
    return top


def blank_key(level: Level, row: list, columns: Sequence[str], follows: bool) -> str | None:
    """Why the record of a row, or a line in it, could not be found; None if nothing is missing.

    :param follows: the row continues the record of the row before it
    """
    if problem := _zero(level, row, columns):
        return problem
    if not follows:
        for place in level.key.values():
            if _is_blank(row[place]):
                return _lt(
                    "the key %(column)s has no value; every row needs one, except rows that "
                    "continue the record before them with lines.",
                    column=repr(columns[place]),
                )
    return _blank_line(level, row, columns)


def row_key_name(level: Level, operation: dict) -> list[list[str]] | None:
    """The key of a row, as far as equal keys are spelled alike; None if nothing of the key is."""
    columns, row = operation["fields"], operation["row"]
    named = [
        [columns[place], _spelled(columns[place], row[place])]
        for name, place in level.key.items()
        if name not in level.by_name and not _is_blank(row[place])
    ]
    return sorted(named) or None


def _descend(level: Level, path: list[str], relation_of: RelationOf) -> tuple[Level, list[str]]:
    """The level of a column, and the rest of the column's path there."""
    while path:
        relation = relation_of(level.model, path[0])
        if relation is None or relation[0] != "one2many":
            break
        level = level.lines.setdefault(path[0], Level(relation[1]))
        path = path[1:]
    return level, path


def _blank_line(level: Level, row: list, columns: Sequence[str]) -> str | None:
    for lines in level.lines.values():
        if any(row[place] for place in lines.places):
            for place in lines.key.values():
                if _is_blank(row[place]):
                    return _lt(
                        "the key %(column)s has no value; every line needs one.",
                        column=repr(columns[place]),
                    )
            if not lines.key and all(_is_blank(row[place]) for place in lines.ids):
                return _lt(
                    "its line has no value in %(columns)s, so each run would add the line again.",
                    columns=_one_of([columns[place] for place in lines.ids]),
                )
        if problem := _blank_line(lines, row, columns):
            return problem
    return None


def _one_of(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    *others, last = names
    return _lt("%(one)s or %(other)s", one=_one_of(others), other=last)


def _zero(level: Level, row: list, columns: Sequence[str]) -> str | None:
    """Refuses the number 0 in a key: the load would take it for an empty cell, and the row perhaps
    for one that continues another record."""
    for place in level.key.values():
        if row[place] == 0 and row[place] is not False:
            return _lt(
                "the key %(column)s is the number 0, which counts as an empty cell; give the text "
                '"0".',
                column=repr(columns[place]),
            )
    problems = (_zero(lines, row, columns) for lines in level.lines.values())
    return next(filter(None, problems), None)


def _is_blank(cell: Any) -> bool:
    return not cell or isinstance(cell, str) and not cell.strip()


def _spelled(column: str, cell: Any) -> str:
    """A cell in one spelling of several: of a number, a day, or an external id.

    >>> _spelled("number", " 07"), _spelled("day", "2026-1-31 00:00:00"), _spelled("ref", "A 7")
    ('7', '2026-01-31', 'A 7')
    >>> _spelled("country_id/id", "be")
    '__import__.be'
    """
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = str(cell)
    if column.endswith(("/id", ":id")):
        return qualified(text)
    if match := _DAY.match(text.strip()):
        year, month, day = match.groups()
        return f"{year}-{month:0>2}-{day:0>2}"
    try:
        return str(int(text))
    except ValueError:
        return text
