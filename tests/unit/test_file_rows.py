"""Rows of a file and their numbers."""

from engine.file_rows import PART, first_refused, parts_of, short_rows, with_row_numbers


def test_each_row_is_one_operation():
    """Each row is one operation, in order; only the last part is smaller."""
    rows = [[str(number)] for number in range(2 * PART + 1)]
    parts = list(parts_of(rows, "res.partner", ["ref"], ["ref"]))
    assert [len(part) for part in parts] == [PART, PART, 1]
    common = {"op": "load", "model": "res.partner", "fields": ["ref"], "key": ["ref"]}
    assert parts[1][0] == {**common, "row": [str(PART)]}
    assert [one["row"] for part in parts for one in part] == rows
    assert "key" not in next(parts_of(rows, "res.partner", ["ref"], []))[0]


def test_first_bad_row_is_found():
    """The first of several bad rows is found, and few looks are taken; no row may be to blame."""
    for bad in ({0}, {7}, {99}, {42, 80}, set(range(100))):
        looked = []

        def is_refused(start, end, bad=bad, looked=looked):
            looked.append(end - start)
            return not bad.isdisjoint(range(start, end))

        assert first_refused(100, is_refused) == min(bad)
        assert len(looked) <= 8
    assert first_refused(100, lambda _start, _end: False) is None
    assert first_refused(0, lambda _start, _end: True) is None


def test_short_rows_are_found():
    """Some more than a message names are found, so that the message can say that there are more."""
    assert short_rows([["a", "b"], ["a"], [], ["a", "b", "c"]], 2) == [1, 2]
    assert len(short_rows([[]] * 500, 1)) == 21


def test_row_numbers_only_where_operations_begin_a_line():
    """A text of the file that looks like the name of an operation stays what it is."""
    text = "Operation 3: no 'Operation 3: '\nOperation 10: no"
    told = with_row_numbers(text, "Operation {}: ", "Row {}: ", 2)
    assert told == "Row 5: no 'Operation 3: '\nRow 12: no"
