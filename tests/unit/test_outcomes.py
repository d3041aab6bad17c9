import json

import pytest

from engine.outcomes import (
    MESSAGE_LIMIT,
    MOST_CAUSES,
    OTHER_CAUSES,
    VALUE_LIMIT,
    Failure,
    count_causes,
    merge_causes,
    plain_value,
    without_cause,
)

CAUSE = {"type": "unique", "model": "res.partner", "field": None, "constraint": "ref_uniq"}


def entry(count, message="taken", **changes):
    return {**CAUSE, "message": message, "count": count, **changes}


def test_failures_are_counted_by_cause():
    """Type, model, field and constraint make the cause; the first message stands for all."""
    failures = [
        Failure("required", "no name", "res.partner", "name"),
        *[Failure("unique", f"taken {n}", "res.partner", None, "ref_uniq") for n in range(3)],
    ]
    assert count_causes(failures) == [
        entry(3, "taken 0", varied=True),
        entry(1, "no name", type="required", field="name", constraint=None),
    ]


def test_the_rarest_causes_are_one_line():
    """A job that fails in a million ways keeps a list that can be read, and no failure is lost."""
    failures = [
        Failure("unknown_field", "no field", "res.partner", f"f{n}") for n in range(MOST_CAUSES + 5)
    ]
    failures.append(failures[-1])
    causes = count_causes(failures)
    assert [one["count"] for one in causes] == [2, *[1] * (MOST_CAUSES - 1), 5]
    merged = merge_causes(causes, causes, [entry(9)])
    assert sum(one["count"] for one in merged) == 2 * len(failures) + 9
    assert merged[0] == entry(9)
    assert merged[-1] == {**OTHER_CAUSES, "count": 12}
    assert len(merged) == MOST_CAUSES + 1


def test_causes_of_chunks_are_added_up():
    """Equal causes of several chunks are one line, most frequent first."""
    rare = entry(2, type="missing", constraint=None)
    assert merge_causes([rare], None, [entry(1)], [entry(4)]) == [entry(5), rare]


def test_a_cause_knows_that_its_messages_differ():
    """A message that does not stand for all failures is said to be an example, for good."""
    varied = entry(5, varied=True)
    assert merge_causes([entry(1)], [entry(4, "other words")]) == [varied]
    assert merge_causes([entry(1)], [entry(4, varied=True)]) == [varied]
    assert merge_causes([entry(4, varied=True)], [entry(1)]) == [varied]


def test_merging_changes_none_of_what_it_reads():
    """The stored causes of a job are read again after a rollback."""
    causes = [entry(1)]
    merge_causes(causes, causes)
    assert causes == [entry(1)]


def test_a_reopened_failure_is_taken_off():
    """One failure less; a cause without failures goes."""
    assert without_cause([entry(2)], CAUSE) == [entry(1)]
    assert without_cause([entry(1)], CAUSE) == []
    assert without_cause([entry(1)], {**CAUSE, "field": "ref"}) == [entry(1)]
    assert without_cause([entry(5)], CAUSE, 3) == [entry(2)]


def test_a_reopened_failure_of_a_rare_cause():
    """A cause without an entry of its own is among the other causes."""
    others = {**OTHER_CAUSES, "count": 4}
    rare = {**CAUSE, "field": "ref"}
    assert without_cause([entry(1), others], rare, 3) == [entry(1), {**others, "count": 1}]


def test_a_cause_that_is_partly_among_the_others():
    """What the entry of a cause does not hold is taken from the other causes, so no failure is
    counted that there is not."""
    others = {**OTHER_CAUSES, "count": 4}
    assert without_cause([entry(2), others], CAUSE, 5) == [{**others, "count": 1}]
    assert without_cause([entry(2), others], CAUSE, 2) == [others]


def test_a_message_can_be_stored():
    """Whatever an exception says: no NUL, no half a character, and bounded. So with a value."""
    text = "a\0b\ud800" + "x" * 5000
    failure = Failure("error", text, value=text)
    assert failure.message == failure.value == ("ab?" + "x" * 5000)[:MESSAGE_LIMIT]


@pytest.mark.parametrize(
    "value", [None, True, 0, 1.5, "text", [], {}, {"a": [1, {"b": None}]}, "\\u0000", "é\u2028"]
)
def test_plain_values_are_kept(value):
    """What is JSON comes back as it is, without a note."""
    assert plain_value(value) == (value, None)


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {(1, 2): 3}, {1, 2}, b"x"])
def test_what_is_not_json_is_null_with_a_note(value):
    """A strange return value never fails an operation."""
    kept, note = plain_value(value)
    assert kept is None
    assert note.endswith("is not plain JSON and was not kept.")


def test_nul_is_null_with_a_note():
    """PostgreSQL has no NUL in text: the value goes, the operation stays."""
    assert plain_value(["a\0b"]) == (None, "The return value has a NUL character and was not kept.")


def test_a_value_without_end_is_null_with_a_note():
    """A value that holds itself is no JSON."""
    value = []
    value.append(value)
    assert plain_value(value)[0] is None


def test_a_long_text_is_cut():
    """64 K characters of a text are kept, and the note says how long it was."""
    kept, note = plain_value("x" * 100_000)
    assert kept == "x" * VALUE_LIMIT
    assert note == "The return value was cut: it had 100002 characters of JSON."


def test_a_long_list_keeps_its_first_items():
    """As many whole items as fit."""
    kept, note = plain_value(list(range(100_000)))
    assert kept == list(range(len(kept)))
    assert 60_000 < len(json.dumps(kept)) <= VALUE_LIMIT
    assert note == f"The return value was cut: {len(kept)} of 100000 items are kept."


def test_a_long_object_is_dropped():
    """An object has no beginning: it is not kept in part."""
    kept, note = plain_value({"a": "x" * 100_000})
    assert kept is None
    assert note == "The return value was not kept: it had 100009 characters of JSON."
