"""Which records a chunk targets and names, and which chunks may run side by side."""

import time

import pytest

from engine.footprint import Footprint, Relation, footprint_of
from engine.operations import Operation

MODELS = {
    "partner": {
        "parent_id": Relation("many2one", "partner"),
        "child_ids": Relation("one2many", "partner"),
        "tag_ids": Relation("many2many", "tag"),
        "country_id": Relation("many2one", "country"),
        "about": Relation("reference", ""),
    },
    "order": {
        "line_ids": Relation("one2many", "line"),
        "partner_id": Relation("many2one", "partner"),
    },
    "line": {"product_id": Relation("many2one", "product")},
}


def relations_of(model):
    return MODELS.get(model, {})


def operation(op, model="partner", ref=None, **payload):
    return Operation(0, 0, op, model, payload, ref)


def create(ref=None, model="partner", **values):
    return operation("create", model, ref, values=values)


def write(*ids, **values):
    return operation("write", ids=list(ids), values=values)


def upsert(**values):
    return operation("upsert", key=["ref"], values=values)


def load(fields, *row):
    return operation("load", fields=fields.split(), row=list(row))


def by_key(fields, key, *row):
    return operation("load", fields=fields.split(), key=key.split(), row=list(row))


def call(*ids, **payload):
    return operation("call", ids=list(ids), method="go", **payload)


def of(*operations):
    return footprint_of(operations, relations_of)


REF = {"$ref": "acme"}

MEET = {
    "both write one record": (write(7, name="a"), write(7, name="b")),
    "one writes what the other is a child of": (write(7, city="a"), write(8, parent_id=7)),
    "one of several ids": (write(1, 2, 7, name="a"), write(7, 9, name="b")),
    "both are to be one record": (upsert(ref="C-1", name="a"), upsert(ref="C-1", name="b")),
    "one key, spelled as number and as text": (upsert(ref=7), upsert(ref="7")),
    "one external id": (
        operation("upsert", xml_id="acme", values={"name": "a"}),
        operation("upsert", xml_id="__import__.acme", values={"name": "b"}),
    ),
    "rows of one key": (
        by_key("ref name", "ref", "C-1", "a"),
        by_key("ref name", "ref", "C-1", "b"),
    ),
    "rows of one key, with other lines": (
        by_key("ref child_ids/id", "ref", "C-1", "my.a"),
        by_key("ref child_ids/id", "ref", "C-1", "my.b"),
    ),
    "rows of one key, spelled in two ways": (
        by_key("number day country_id/id", "number day country_id/id", "7", "2026-01-02", "be"),
        by_key(
            "number day country_id/id",
            "number day country_id/id",
            " 07",
            "2026-1-2 00:00:00",
            "__import__.be",
        ),
    ),
    "rows of a key that is a name besides": (
        by_key("ref country_id", "ref country_id", "C-1", "Belgium"),
        by_key("ref country_id", "ref country_id", "C-1", "BE"),
    ),
    "a loaded row names one that is loaded": (
        load("id name", "my.acme", "Acme"),
        load("id parent_id/id", "my.jo", "my.acme"),
    ),
    "one of several external ids in a cell": (
        load("id name", "my.acme", "Acme"),
        load("id child_ids:id", "my.jo", "my.eve, my.acme"),
    ),
    "what was just made is named": (create("acme", name="a"), create(parent_id=REF)),
    "what was just made is changed": (create("acme", name="a"), create(child_ids=[[4, REF, 0]])),
    "a line that both change": (
        create(child_ids=[[1, 7, {"name": "a"}]]),
        create(child_ids=[[2, 7, 0]]),
    ),
    "a line is taken away from another record": (
        create(child_ids=[[4, 7]]),
        create(child_ids=[[6, 0, [8, 7]]]),
    ),
    "ids without a command": (create(child_ids=[7]), create(parent_id=7)),
    "a value deep within": (
        create(child_ids=[[0, 0, {"child_ids": [[0, 0, {"parent_id": 7}]]}]]),
        create(child_ids=[[3, 7, 0]]),
    ),
    "a deleted tag": (create(tag_ids=[[2, 5, 0]]), create(tag_ids=[[4, 5, 0]])),
    "a reference": (write(7, name="a"), write(8, about="partner,7")),
    "an argument of a call": (call(7), call(8, args=[{"parent_id": 7}])),
    "what a call names by reference": (
        operation("call", ref="acme", ids=[1], method="go"),
        call(8, kwargs={"other": REF}),
    ),
}

DO_NOT_MEET = {
    "creates of one country": (create(country_id=1), create(country_id=1)),
    "children of one parent": (create(parent_id=7), create(parent_id=7)),
    "records with one tag": (write(7, tag_ids=[[4, 5, 0]]), write(8, tag_ids=[[6, 0, [5]]])),
    "different records": (write(7, name="a"), write(8, name="b")),
    "different models with one id": (write(7, country_id=8), write(8, country_id=7)),
    "different keys": (upsert(ref="C-1"), upsert(ref="C-2")),
    "rows of different keys": (
        by_key("ref country_id", "ref", "C-1", "Belgium"),
        by_key("ref country_id", "ref", "C-2", "Belgium"),
    ),
    "texts that name records of other models": (
        load("id country_id", "a.a", "Belgium"),
        load("id country_id", "a.b", "Belgium"),
    ),
    "lines of their own": (
        create(model="order", line_ids=[[0, 0, {"product_id": 1}]]),
        create(model="order", line_ids=[[0, 0, {"product_id": 1}]]),
    ),
    "no value": (write(7, parent_id=False), write(8, parent_id=None)),
}

UNKNOWABLE = {
    "a method of the model itself": call(),
    "a key by reference": upsert(ref={"$ref": "acme"}),
    "an upsert that names a record of its model by id": upsert(ref="C-1", parent_id=7),
    "a loaded row that names a record of its model by its name": load(
        "id parent_id", "a.a", "Acme"
    ),
    "the same by its id": load("id parent_id/.id", "a.a", "7"),
    "a row whose key is a name only": by_key("name country_id", "country_id", "a", "Belgium"),
    "a row whose lines are records of its model": by_key(
        "ref child_ids/ref", "ref child_ids/ref", "C-1", "C-2"
    ),
    "a row that is given by its id": load(".id name", "7", "Acme"),
}


@pytest.mark.parametrize(("one", "other"), MEET.values(), ids=MEET)
def test_chunks_that_meet(one, other):
    """Neither order of the two lets them run side by side."""
    assert of(one).meets(of(other))
    assert of(other).meets(of(one))


@pytest.mark.parametrize(("one", "other"), DO_NOT_MEET.values(), ids=DO_NOT_MEET)
def test_chunks_that_do_not_meet(one, other):
    """What both only name does not count."""
    assert not of(one).meets(of(other))
    assert not of(other).meets(of(one))


@pytest.mark.parametrize("one", UNKNOWABLE.values(), ids=UNKNOWABLE)
def test_what_cannot_be_known(one):
    """One operation that does not tell what it targets is enough for the chunk."""
    assert of(write(7, name="a"), one) is None


@pytest.mark.parametrize(
    "values",
    [
        {"parent_id": "seven"},
        {"parent_id": [7]},
        {"child_ids": 7},
        {"child_ids": [[]]},
        {"child_ids": [[4]]},
        {"child_ids": [[6, 0, 7]]},
        {"child_ids": [[0, 0]]},
        {"child_ids": [["x", None, {}]]},
        {"about": "nonsense"},
    ],
)
def test_nonsense_is_no_trouble(values):
    """A bad value fails when it is executed, not when a claim looks at it."""
    assert isinstance(of(create(**values)), Footprint)


def test_a_footprint_is_stored():
    """Bytes give the same footprint back, whatever process they were made in."""
    made = of(write(7, parent_id=8), upsert(ref="C-1"), create("acme", tag_ids=[[4, 5, 0]]))
    assert Footprint.unpacked(*made.packed()) == made
    assert of(write(1, parent_id=2)).packed()[0].hex() == "01000000163e2b31"


def test_two_chunks_of_500_are_looked_at_in_no_time():
    """Both footprints and the comparison, at the best of five: 2 ms of CPU."""
    values = {
        "name": "n",
        "city": "c",
        "country_id": 21,
        "parent_id": 7,
        "tag_ids": [[6, 0, [1, 2]]],
    }
    chunks = [[write(start + n, **values) for n in range(500)] for start in (1_000, 2_000)]
    best = 1.0
    for _try in range(5):
        began = time.thread_time()
        assert not of(*chunks[0]).meets(of(*chunks[1]))
        best = min(best, time.thread_time() - began)
    assert best < 0.02
