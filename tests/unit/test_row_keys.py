"""Which columns of a load find its record, and which find its lines."""

import pytest
from factories import relation_of

from engine.row_keys import blank_key, levels_of, row_key_name
from engine.waves import is_follower

COLUMNS = ["ref", "country_id/code", "name", "child_ids/ref", "child_ids/name", "tag_ids"]
KEY = ["ref", "country_id/code", "child_ids/ref"]


def level(columns=COLUMNS, key=KEY):
    paths = [column.split("/") for column in columns]
    return levels_of("res.partner", columns, paths, key, relation_of)


def test_columns_belong_to_their_level():
    """A column belongs to the record or to the lines that it fills; a many2one makes no level."""
    top = level()
    assert (top.places, top.key) == ([0, 1, 2, 5], {"ref": 0, "country_id": 1})
    assert (top.below, top.by_name, top.ids) == ({"ref": [], "country_id": ["code"]}, set(), [])
    (lines,) = top.lines.values()
    assert (lines.model, lines.places, lines.key) == ("res.partner", [3, 4], {"ref": 3})


def test_lines_of_lines_and_ids():
    """Levels are as deep as the columns; `id`, `.id` and the name find a record without a key."""
    columns = ["id", "child_ids/.id", "child_ids/child_ids", "child_ids/child_ids/country_id"]
    top = level(columns, columns[3:])
    below = top.lines["child_ids"].lines["child_ids"]
    assert (top.ids, top.lines["child_ids"].ids, below.ids) == ([0], [1], [2])
    assert (below.key, below.by_name) == ({"country_id": 3}, {"country_id"})


ZERO = "the key '%s' is the number 0, which counts as an empty cell; give the text \"0\"."
ROWS = {
    "a record without lines": (["a", "BE", "n", "", "", ""], False, None),
    "a record with a line": (["a", "BE", "", "l", "x", ""], False, None),
    "a line that continues it": (["", "", "", "l", "x", ""], True, None),
    "no key": (["", "BE", "n", "", "", ""], False, "'ref' has no value; every row"),
    "a blank key": (["a", " ", "n", "", "", ""], False, "'country_id/code' has no value"),
    "nothing it could continue": (["", "", "", "l", "x", ""], False, "'ref' has no value"),
    "a line without a key": (["a", "BE", "", "", "x", ""], False, "'child_ids/ref' has no value"),
    "the same in a row that continues": (["", "", "", " ", "x", ""], True, "'child_ids/ref' has"),
    "a key that is the number 0": ([0, "BE", "n", "", "", ""], False, ZERO % "ref"),
    "0.0 is 0": (["a", 0.0, "n", "", "", ""], False, ZERO % "country_id/code"),
    "the text 0": (["0", "BE", "n", "0", "x", ""], False, None),
    "false is an empty cell": ([False, "BE", "n", "", "", ""], False, "'ref' has no value"),
    "a line whose key is 0": (["a", "BE", "n", 0, "x", ""], False, ZERO % "child_ids/ref"),
    "a line that is nothing else": (["a", "BE", "n", 0, "", ""], False, ZERO % "child_ids/ref"),
    "a 0 that would continue it": ([0, "", "", "l", "x", ""], True, ZERO % "ref"),
}


@pytest.mark.parametrize(("row", "follows", "problem"), ROWS.values(), ids=ROWS)
def test_each_key_column_needs_a_value(row, follows, problem):
    """Each record and each line needs a value in each column of its key."""
    found = blank_key(level(), row, COLUMNS, follows)
    assert problem in found if problem else found is None


def test_names_of_keys():
    """Rows of one record have one name, whatever their other cells and lines."""
    names = [
        row_key_name(level(), {"fields": COLUMNS, "row": row})
        for row in (["a", "BE", "n", "l", "", ""], ["a", "BE", "m", "k", "", ""], [""] * 6)
    ]
    assert names == [[["country_id/code", "BE"], ["ref", "a"]]] * 2 + [None]


def test_another_key_begins_another_record():
    """A row of lines does not continue a row that was matched by other columns."""
    row = {"op": "load", "model": "m", "fields": COLUMNS, "key": KEY, "row": ["a"] * 6}
    line = {**row, "row": ["", "", "", "l", "x", ""]}
    many = [False, False, False, True, True, False]
    assert is_follower(line, row, many)
    assert not is_follower(line, row | {"key": ["ref", "child_ids/ref"]}, many)
