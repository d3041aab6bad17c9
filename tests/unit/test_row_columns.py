import pytest

from engine.passwords import BLANKED
from engine.row_cells import BLANKED_TEXT
from engine.row_columns import BadCell, cells_of, corrected, missing, required_column, texts_of

KINDS = {"name": "char", "color": "integer", "active": "boolean", "id": "integer", "tags": "json"}
OPERATIONS = {
    "create": {"values": {"name": "Jo", "color": 7, "active": False}},
    "write": {"ids": [7], "values": {"name": "Jo"}},
    "unlink": {"ids": [7, {"$ref": "a"}]},
    "call": {"ids": [], "method": "go", "args": [1], "kwargs": {"a": "b"}, "each": False},
    "upsert": {"xml_id": "my.jo", "values": {"name": "Jo"}},
    "load": {"fields": ["id", "name"], "row": ["my.jo", None]},
}
TEXTS = {
    "create": {"name": "Jo", "color": "7", "active": "false"},
    "write": {"id": "7", "name": "Jo"},
    "unlink": {"$ids": '[7, {"$ref": "a"}]'},
    "call": {"$method": "go", "$args": "[1]", "$kwargs": '{"a": "b"}'},
    "upsert": {"id": "my.jo", "name": "Jo"},
    "load": {"id": "my.jo", "name": ""},
}


@pytest.mark.parametrize("op", OPERATIONS)
def test_columns_of_an_operation(op):
    """What people sent, in their order; nothing of it is lost when it comes back unchanged."""
    payload = OPERATIONS[op]
    texts = texts_of(op, payload, KINDS)
    assert list(texts.items()) == list(TEXTS[op].items())
    assert corrected(op, payload, texts, KINDS) == {}
    assert missing(op, payload, texts) is None


@pytest.mark.parametrize(
    ("op", "changes", "parts"),
    [
        ("create", {"color": "8"}, {"values": {"name": "Jo", "color": 8, "active": False}}),
        ("create", {"name": ""}, {"values": {"name": False, "color": 7, "active": False}}),
        (
            "create",
            {"tags": "[1]"},
            {"values": {"name": "Jo", "color": 7, "active": False, "tags": [1]}},
        ),
        ("write", {"id": "8"}, {"ids": [8]}),
        ("write", {"id": "8", "name": "J"}, {"ids": [8], "values": {"name": "J"}}),
        ("unlink", {"$ids": "[9]"}, {"ids": [9]}),
        ("call", {"$method": "stop", "$kwargs": "{}"}, {"method": "stop", "kwargs": {}}),
        ("upsert", {"id": "my.joe"}, {"xml_id": "my.joe"}),
        ("load", {"name": "=1+1"}, {"row": ["my.jo", "=1+1"]}),
    ],
)
def test_changed_cells_replace_their_parts(op, changes, parts):
    """Changed cells replace the parts of the operation that hold them, and no others."""
    texts = {**TEXTS[op], **changes}
    assert corrected(op, OPERATIONS[op], texts, KINDS) == parts


@pytest.mark.parametrize(
    ("op", "changes", "words"),
    [
        ("create", {"color": "blue"}, "column “color”: it holds “blue”; it takes a whole number"),
        ("create", {"id": "7"}, "column “id”: a row with the operation create has no such column"),
        ("create", {"country_id/code": "BE"}, "has no such column"),
        ("write", {"$ids": "[1]"}, "has no such column"),
        ("call", {"name": "x"}, "a row with the operation call has no such column"),
        ("unlink", {"$ids": "7, 8"}, "it takes JSON"),
        ("load", {"color": "7"}, "this row has no such column; empty the cell"),
    ],
)
def test_a_cell_that_cannot_be(op, changes, words):
    """It is refused with the name of its column."""
    with pytest.raises(BadCell, match=words):
        corrected(op, OPERATIONS[op], {**TEXTS[op], **changes}, KINDS)


def test_several_records_of_one_create_are_json():
    """They have one column; as a whole they may be changed."""
    payload = {"values": [{"name": "A"}, {"name": "B"}]}
    assert texts_of("create", payload, KINDS) == {"$values": '[{"name": "A"}, {"name": "B"}]'}
    changed = corrected("create", payload, {"$values": '[{"name": "C"}]'}, KINDS)
    assert changed == {"values": [{"name": "C"}]}


def test_a_key_that_is_no_field_goes_with_its_text():
    """Who empties the cell of an unknown field has removed the field: to empty it is no help."""
    payload = {"values": {"name": "Jo", "colour": 7}}
    assert corrected("create", payload, {"colour": ""}, KINDS) == {"values": {"name": "Jo"}}


def test_fields_named_as_our_columns():
    """A field called as one of our own columns has a name of its own, and comes back as itself."""
    payload = {"ids": [7], "values": {"id": 8, "Row": "x", "$a": "y"}}
    texts = texts_of("write", payload, {})
    assert list(texts) == ["id", "values.id", "values.Row", "values.$a"]
    changed = corrected("write", payload, {**texts, "values.Row": "z"}, {"Row": "char"})
    assert changed == {"values": {"id": 8, "Row": "z", "$a": "y"}}


def test_a_column_twice():
    """Each column of a load has a title of its own."""
    cells = cells_of("load", {"fields": ["a", "a", "a"], "row": [1, 2, 3]})
    assert cells == {"a": 1, "a (2)": 2, "a (3)": 3}


def test_a_blanked_password():
    """The cell says so; left alone it stays blanked, and a text replaces it."""
    payload = {"values": {"password": BLANKED}}
    texts = texts_of("create", payload, {"password": "char"})
    assert texts == {"password": BLANKED_TEXT}
    assert corrected("create", payload, texts, {"password": "char"}) == {}
    changed = corrected("create", payload, {"password": "new"}, {"password": "char"})
    assert changed == {"values": {"password": "new"}}


def test_column_of_what_is_missing():
    """A required field that no row has gets a column, so that a person can give it a value."""
    payload = {"values": {"ref": "J"}}
    assert required_column("create", payload, "required", "name") == ["name"]
    for op, kind, field in (("load", "required", "x"), ("create", "unique", "x")):
        assert required_column(op, payload, kind, field) == []
    assert required_column("create", payload, "required", None) == []
