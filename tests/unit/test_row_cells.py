import pytest

from engine.passwords import BLANKED
from engine.row_cells import (
    BLANKED_TEXT,
    LONGEST_CELL,
    escaped,
    is_same,
    shortened,
    text_of,
    unescaped,
    value_of,
)

FORMULAS = ["=1+1", "+32 475 12", "-5", "@x", "'=1", "''+1", "'", "'a", "\tx", "", "a=b", "'@'"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_comes_back(text):
    """What is escaped for CSV is read as it was; no cell of it begins like a formula."""
    cell = escaped(text)
    assert unescaped(cell) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t"))


@pytest.mark.parametrize("text", ["=1+1", "+32 475", "-5", "@x", "'a"])
def test_a_person_need_not_escape(text):
    """A formula-like text that a person or a program wrote without a quote is taken as it is."""
    assert unescaped(text) == text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("007", "char", "007"),
        ("1e5", "char", "1e5"),
        (7, "integer", "7"),
        (1000.5, "float", "1000.5"),
        (True, "boolean", "true"),
        (False, "boolean", "false"),
        (False, "char", ""),
        (None, "boolean", ""),
        ([[6, 0, [1, 2]]], "many2many", "[[6, 0, [1, 2]]]"),
        ({"$ref": "Ä"}, "many2one", '{"$ref": "Ä"}'),
        (BLANKED, "char", BLANKED_TEXT),
    ],
)
def test_text_of_a_value(value, kind, text):
    """Texts stay texts, what is no text is JSON, and no value is an empty cell."""
    assert text_of(value, kind) == text


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("007", "char", "007"),
        ("2026-01-31", "date", "2026-01-31"),
        ("=1+1", "text", "=1+1"),
        ("", "char", False),
        ("", "many2one", False),
        (" 7 ", "integer", 7),
        ("7.0", "many2one", 7),
        ("-0.5", "monetary", -0.5),
        ("1e3", "float", 1000.0),
        ("Yes", "boolean", True),
        ("0", "boolean", False),
        ("[[5, 0, 0]]", "one2many", [[5, 0, 0]]),
        ('{"$ref": "a"}', "integer", {"$ref": "a"}),
        ("8", None, "8"),
    ],
)
def test_value_of_a_text(text, kind, value):
    """A changed cell becomes a value of its field's type."""
    found = value_of(text, kind)
    assert (found, type(found)) == (value, type(value))


def test_value_of_a_text_by_the_value_before():
    """What was JSON or a number stays so where no field says what it is; a blanked text is none."""
    assert value_of("[2]", "char", [1]) == [2]
    assert value_of("8", None, 7) == 8
    assert value_of("new", "char", BLANKED) == "new"


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("blue", "integer", "a whole number"),
        ("1.5", "many2one", "a whole number"),
        ("1,5", "float", "a number, such as 1000.5"),
        ("nan", "float", "a number"),
        ("1_000", "integer", "a whole number"),
        ("1e999", "float", "a smaller number"),
        ("maybe", "boolean", "true or false"),
        ("", "boolean", "true or false"),
        ("[1", "many2many", "takes JSON"),
        ("[" * 100_000, "json", "takes JSON"),
    ],
)
def test_a_text_that_is_no_value(text, kind, words):
    """It is refused with what the cell takes."""
    with pytest.raises(ValueError, match=words):
        value_of(text, kind)


@pytest.mark.parametrize(
    ("cell", "stored"),
    [
        ("a\nb", "a\r\nb"),
        ("a\nb", "a\rb"),
        ("a_x000D_\nb", "a\r\nb"),
        ("a_x0001_b", "a\x01b"),
        ("ab", "a\x01b"),
        ("_x005F_x0041_", "_x0041_"),
    ],
)
def test_what_a_program_changes_is_no_change(cell, stored):
    """Line ends, and characters that XLSX cannot hold, are not a person's changes."""
    assert is_same(cell, stored)


@pytest.mark.parametrize(("cell", "stored"), [("7", "007"), ("a ", "a"), ("", "0"), ("a", "A")])
def test_a_change_is_seen(cell, stored):
    """Each other difference is one."""
    assert not is_same(cell, stored)


def test_a_text_too_long_for_xlsx():
    """A note stands for it; who leaves the note alone leaves the text alone."""
    text = "x" * (LONGEST_CELL + 1)
    note = shortened(text)
    assert note == "(32768 characters: too long for XLSX, and left as they are)"
    assert is_same(note, text)
    assert not is_same(note, "x")
    assert shortened("x" * LONGEST_CELL) == "x" * LONGEST_CELL
