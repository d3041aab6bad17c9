import random

import pytest

from engine.segments import Step, segments


def new(item, names=False, alone=False):
    return Step(item, creates=True, names_its_model=names, alone=alone)


def old(item, record_id, alone=False):
    return Step(item, creates=False, alone=alone, id=record_id)


def cut(steps, creates_first):
    return ["".join(step.item for step in part) for part in segments(steps, creates_first)]


@pytest.mark.parametrize(
    ("steps", "creates_first", "parts"),
    [
        ([new("a"), old("b", 1), new("c"), old("d", 2)], True, ["abcd"]),
        ([new("a"), old("b", 1), new("c"), old("d", 2)], False, ["abcd"]),
        ([new("a", True), old("b", 1), new("c", True)], True, ["ab", "c"]),
        ([new("a", True), old("b", 1), new("c", True)], False, ["a", "bc"]),
        ([old("a", 1), new("b", True), new("c", True), old("d", 2)], True, ["a", "bcd"]),
        ([old("a", 1), new("b", True), new("c"), old("d", 2)], False, ["abc", "d"]),
        ([old("a", 1), old("b", 2), old("c", 1)], False, ["ab", "c"]),
        ([new("a"), old("b", 1, alone=True), new("c")], True, ["a", "b", "c"]),
        ([new("a"), new("b", alone=True), new("c")], False, ["a", "b", "c"]),
        ([], True, []),
    ],
)
def test_no_create_passes_an_update(steps, creates_first, parts):
    """Steps are cut where a create that looks at others would pass an update, or be passed."""
    assert cut(steps, creates_first) == parts


@pytest.mark.parametrize("seed", range(100))
def test_no_create_sees_another_past(seed):
    """Whatever the steps: a create that looks at others finds as many updated as in order."""
    chance = random.Random(seed)
    steps = [
        new("n", chance.random() < 0.3) if chance.random() < 0.5 else old("o", place)
        for place in range(chance.randrange(20))
    ]
    for creates_first in (True, False):
        updated, seen = 0, []
        for part in segments(steps, creates_first):
            for step in sorted(part, key=lambda one: one.creates != creates_first):
                updated += not step.creates
                if step.names_its_model:
                    seen.append(updated)
        expected = [
            sum(not before.creates for before in steps[:place])
            for place, step in enumerate(steps)
            if step.names_its_model
        ]
        assert seen == expected
