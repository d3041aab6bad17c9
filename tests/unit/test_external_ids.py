import pytest

from engine.external_ids import external_ids_made, external_ids_used


def load(fields, row):
    return {"op": "load", "model": "res.partner", "fields": fields, "row": row}


@pytest.mark.parametrize(
    ("operation", "made"),
    [
        ({"op": "upsert", "xml_id": "acme"}, ["__import__.acme"]),
        ({"op": "upsert", "xml_id": "my.acme"}, ["my.acme"]),
        ({"op": "upsert", "key": ["ref"]}, []),
        (load(["id", "name"], ["my.p1", "Acme"]), ["my.p1"]),
        (load(["name", "id"], ["Acme", ""]), []),
        (load(["parent_id/id"], ["my.p1"]), []),
        ({"op": "create"}, []),
    ],
)
def test_which_external_ids_an_operation_makes(operation, made):
    """The one of an upsert, and the column `id` of a load; without a module it is `__import__`."""
    assert external_ids_made(operation) == made


@pytest.mark.parametrize(
    ("operation", "used"),
    [
        (load(["id", "parent_id/id"], ["my.p2", "my.p1"]), ["my.p1"]),
        (load(["category_id/id"], ["a, my.b"]), ["__import__.a", "my.b"]),
        (load(["parent_id:id", "name"], ["p1", "Acme"]), ["__import__.p1"]),
        (load(["parent_id/id", "country_id/code"], ["", "BE"]), []),
        ({"op": "upsert", "xml_id": "my.acme"}, []),
    ],
)
def test_which_external_ids_an_operation_uses(operation, used):
    """The cells of a load that name other records, several of them with commas between."""
    assert external_ids_used(operation) == used
