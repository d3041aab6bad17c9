"""Example values of causes, and how many different ones there are."""

import json
import time

import pytest

from engine.examples import EXAMPLE_LENGTH, MANY, MOST_COUNTED, MOST_EXAMPLES, as_example
from engine.outcomes import OTHER_CAUSES, Failure, count_causes, merge_causes, without_cause


def causes(*values, field="country_id"):
    """The causes of failures with these values, as a chunk stores them."""
    failures = [Failure("foreign_key", "no", "res.partner", field, value=one) for one in values]
    return json.loads(json.dumps(count_causes(failures)))


def told(found):
    """Count, examples, and number of different values of the only cause."""
    (cause,) = found
    return cause["count"], cause.get("values"), cause.get("distinct")


def test_first_examples_and_their_number():
    """The first three different values are kept, and all different ones are counted."""
    values = ["9999", "9998", "9999", "9997", "9996", "9998"]
    assert told(causes(*values)) == (6, ["9999", "9998", "9997"], 4)
    assert len(["9999", "9998", "9997"]) == MOST_EXAMPLES


def test_failures_without_a_value():
    """Where no value is known there is no key; where one of several is not, no number."""
    assert told(causes(None, None)) == (2, None, None)
    assert causes(None)[0].keys() == {"type", "model", "field", "constraint", "message", "count"}
    assert told(causes("1", None, "2")) == (3, ["1", "2"], None)


def test_equal_values_of_two_chunks_count_once():
    """Chunks are added up as if they were one."""
    both = merge_causes(causes("a", "b"), causes("b", "c", "d", "a"))
    assert told(both) == told(causes("a", "b", "b", "c", "d", "a")) == (6, ["a", "b", "c"], 4)


def test_up_to_a_bound():
    """Up to a hundred different values are counted exactly, whatever the chunks; then it is more,
    and nothing is kept by which to count on."""
    chunks = [causes(*map(str, range(at, at + 10))) for at in range(0, MOST_COUNTED + 20, 5)]
    exact = merge_causes(*chunks[:19])
    assert told(exact) == (190, ["0", "1", "2"], MOST_COUNTED)
    more = merge_causes(exact, *chunks[19:])
    assert told(more)[2] == MANY
    assert "seen" not in more[0]
    assert told(causes(*map(str, range(5_000)))) == (5_000, ["0", "1", "2"], MANY)
    assert told(merge_causes(more, causes("x", None))) == (242, ["0", "1", "2"], MANY)


def test_of_an_older_version():
    """Causes that were stored without values are added up; how many there were is not known."""
    old = [{**entry, "count": 7} for entry in causes(None)]
    for merged in (merge_causes(old, causes("1", "2")), merge_causes(causes("1", "2"), old)):
        assert told(merged) == (9, ["1", "2"], None)
    assert told(merge_causes(old, old)) == (14, None, None)
    assert without_cause(old, {"type": "foreign_key"}, 3) == [{**old[0], "count": 4}]


def test_after_a_retry_of_some():
    """Which values the retried ones had is not known: examples stay, the number is said no more,
    also when others fail later. A cause that was retried as a whole begins anew."""
    cause = {key: causes("1")[0][key] for key in ("type", "model", "field", "constraint")}
    left = without_cause(causes("1", "2", "3"), cause, 2)
    assert told(left) == (1, ["1", "2", "3"], None)
    assert told(merge_causes(left, causes("4"))) == (2, ["1", "2", "3"], None)
    many = without_cause(causes(*map(str, range(200))), cause, 2)
    assert told(many)[2] is None
    assert without_cause(causes("1", "2"), cause, 2) == []


def test_the_rarest_causes_keep_no_values():
    """All other causes are one entry: its values would be of many fields."""
    found = merge_causes(*[causes("x", field=f"f{number}") for number in range(105)])
    assert found[-1] == {**OTHER_CAUSES, "count": 5}


def test_merging_leaves_what_it_reads():
    """The stored causes of a job are read again after a rollback."""
    stored, landed = causes("a", "b"), causes("c")
    before = json.dumps([stored, landed])
    merge_causes(stored, landed)
    without_cause(stored, {"type": "foreign_key"})
    assert json.dumps([stored, landed]) == before


@pytest.mark.parametrize(
    ("name", "value", "example"),
    [
        ("country_id", 9999, "9999"),
        ("name", "Åse", "Åse"),
        ("active", True, "true"),
        ("tag_ids", [[4, 7]], "[[4, 7]]"),
        ("password", "s3cret", None),
        ("login, new_password", "jo, s3cret", None),
        ("user_id/password", "s3cret", None),
        ("extra", {"token": "s3cret"}, '{"token": {"$blanked": true}}'),
    ],
)
def test_an_example_is_a_text(name, value, example):
    """A value is shown as it was sent; a password is not shown."""
    assert as_example(name, value) == example


def test_a_long_value_is_cut_and_still_itself():
    """Two long values that begin alike are two, though their examples look alike."""
    long = "x" * 200
    count, examples, distinct = told(causes(f"{long}1", f"{long}2"))
    assert (count, distinct) == (2, 2)
    assert {len(one) for one in examples} == {EXAMPLE_LENGTH}


def test_adding_up_costs_little():
    """A hundred causes with a hundred different values each, in a thousand chunks: under 5 ms each
    (0.6 ms on an idle machine), where a chunk takes half a second."""
    chunk = []
    for field in range(100):
        chunk += causes(*(f"{field}-{number}" for number in range(MOST_COUNTED)), field=f"f{field}")
    total, begun = [], time.process_time()
    for _chunk in range(100):
        total = merge_causes(total, chunk)
    assert (time.process_time() - begun) / 100 < 0.005
    assert told(total[:1])[::2] == (100 * MOST_COUNTED, MOST_COUNTED)
