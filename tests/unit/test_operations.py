from engine.operations import Operation, joined


def rows(*follows):
    return [
        (Operation(at, at, "load", "m", {"fields": ["a"], "row": [at]}), follows[at])
        for at in range(len(follows))
    ]


def test_rows_become_part_of_their_record():
    """A record has the rows that continue it, in order; the next begins where one does not."""
    first, second, third = joined(rows(False, True, True, False, False))
    assert first.payload == {"fields": ["a"], "row": [0], "more_rows": [[1], [2]]}
    assert (first.position, first.last_position) == (0, 2)
    assert (second.payload, second.last_position) == ({"fields": ["a"], "row": [3]}, 3)
    assert third.position == 4


def test_a_first_row_that_follows_is_a_record():
    """The rows before it may have landed with an earlier chunk."""
    (only,) = joined(rows(True))
    assert (only.position, only.followers) == (0, 0)
