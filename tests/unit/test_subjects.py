import pytest

from engine.subjects import LONGEST, subject_of

CREATE = {"op": "create", "values": {}}
LOAD = {"op": "load", "fields": ["id", "name", "city"], "row": ["my.p1", "Acme", "Gent"]}
UPSERT = {"op": "upsert", "key": ["ref"], "values": {"ref": "K-1", "city": "Gent"}}


def created(**values):
    return {**CREATE, "values": values}


@pytest.mark.parametrize(
    ("operation", "subject"),
    [
        (created(name="Kunde 00123", ref="K"), "Kunde 00123"),
        (created(name="", ref="K"), "K"),
        (created(name=" \n", email="a@b.example"), "a@b.example"),
        (created(name=5), "5"),
        (created(city="Gent"), None),
        (created(name={"en_US": "Acme"}), None),
        (created(name={"$ref": "acme"}, ref="K"), "K"),
        (created(name=True, code=False), None),
        ({**CREATE, "values": [{"name": "A"}, {"city": "Gent"}, {"ref": "B"}]}, "A, B"),
        (UPSERT, "K-1"),
        ({**UPSERT, "values": {"ref": "K-1", "name": "Acme"}}, "Acme"),
        ({**UPSERT, "key": ["number"], "values": {"number": 1042}}, "1042"),
        ({**UPSERT, "key": ["parent_id"], "values": {"parent_id": {"$ref": "p"}}}, None),
        ({"op": "upsert", "xml_id": "my.acme", "values": {"city": "Gent"}}, "my.acme"),
        ({"op": "upsert", "xml_id": "my.acme", "values": {"name": "Acme"}}, "Acme"),
        (LOAD, "Acme"),
        ({**LOAD, "row": ["my.p1", "", "Gent"]}, "my.p1"),
        ({**LOAD, "fields": ["city", "ref"], "row": ["Gent", "K"], "key": ["city"]}, "Gent"),
        ({**LOAD, "fields": ["child_ids/name"], "row": ["Jo"]}, None),
        ({"op": "write", "ids": [7, 8], "values": {"name": "new"}}, "7, 8"),
        ({"op": "unlink", "ids": [9]}, "9"),
        ({"op": "write", "ids": [{"$ref": "acme"}], "values": {}}, None),
        ({"op": "call", "ids": [7], "method": "action_confirm", "args": ["x"]}, "action_confirm"),
    ],
)
def test_subject_is_what_names_it(operation, subject):
    """A subject is the name, else the external id, the key or a field that tells; ids; a method."""
    assert subject_of(operation, "name") == subject


def test_other_name_field():
    """A model may have its names in another field, or have none."""
    assert subject_of(created(x_title="T", name="N"), "x_title") == "T"
    assert subject_of(created(name="N", code="C"), None) == "C"


@pytest.mark.parametrize("long", ["x" * 1000, "ü" * 81])
def test_no_longer_than(long):
    """A subject has 80 characters at most, however large the operation is."""
    several = {**CREATE, "values": [{"name": long}, {"name": long}]}
    many = {"op": "write", "ids": list(range(1, 100_000)), "values": {}}
    key = {**UPSERT, "values": {"ref": long}}
    for operation in (created(name=long), several, many, key):
        assert len(subject_of(operation, "name")) == LONGEST
    assert subject_of(many, "name").startswith("1, 2, 3, ")
    assert subject_of(many, "name").endswith("…")


def test_password_is_never_a_subject():
    """A password is never a subject, also not where it is the key, or the first that is there."""
    secret = {**UPSERT, "key": ["api_key"], "values": {"api_key": "s3cret"}}
    assert subject_of(secret, "name") is None
    columns = ["token", "password"]
    row = {**LOAD, "fields": columns, "row": ["s3cret", "s3cret"], "key": columns}
    assert subject_of(row, "token") is None
    assert subject_of({**UPSERT, "values": {"ref": {"$blanked": True}}}, "name") is None
