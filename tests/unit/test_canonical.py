import pytest

from engine.canonical import body_hash, canonical_json


def test_order_of_keys_does_not_matter():
    """Two bodies that differ in the order of keys, at any depth, have one hash."""
    one = {"values": {"a": 1, "b": {"c": 2, "d": 3}}, "op": "create"}
    other = {"op": "create", "values": {"b": {"d": 3, "c": 2}, "a": 1}}
    assert body_hash(one) == body_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [([1, 2], [2, 1]), ([1], [True]), ([1], ["1"]), ([None], [False]), ({"a": []}, {"a": {}})],
)
def test_different_bodies_have_different_text(one, other):
    """What PostgreSQL or Odoo would treat differently is never taken for equal."""
    assert canonical_json(one) != canonical_json(other)


def test_hash_is_fixed():
    """The hash is stored and compared for as long as a job exists: it may not change."""
    assert body_hash({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
