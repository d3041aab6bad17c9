"""How the number of chunks at once follows what happens."""

from engine.pace import Pace


def test_it_grows_by_one_after_each_calm_chunk():
    """Without trouble the number grows with each chunk, up to the runners of the server."""
    pace, limits = Pace(), []
    for _chunk in range(4):
        pace = pace.after_calm(1, most=5)
        limits.append(pace.limit)
    assert limits == [3, 4, 5, 5]


def test_it_halves_after_trouble():
    """A conflict, a wait or a lost worker halves the number; one chunk always may run."""
    pace, limits = Pace(16), []
    for _trouble in range(6):
        pace = pace.after_trouble()
        limits.append(pace.limit)
    assert limits == [8, 4, 2, 1, 1, 1]


def test_several_troubles_at_once_count_as_one():
    """Chunks that disturb each other come to nothing together: the next trial is not put off more
    than after one trouble."""
    pace = Pace(16)
    for _trouble in range(4):
        pace = pace.after_trouble()
    assert (pace.limit, pace.patience) == (1, 8)
    assert pace.after_calm(1, most=16).after_trouble().patience == 64


def test_after_one_trouble_it_comes_back():
    """One trouble costs a while: 8 calm chunks for the next one at once, then 4, 2 and 1 each."""
    pace, chunks = Pace(4).after_trouble(), []
    count = 0
    while pace.limit < 6:
        limit = pace.limit
        pace, count = pace.after_calm(1, most=16), count + 1
        if pace.limit > limit:
            chunks.append(count)
    assert chunks == [8, 12, 14, 15]


def test_where_chunks_always_disturb_each_other_trials_are_rare():
    """A job of 1,000 chunks that never may run side by side makes five trials."""
    pace, trials = Pace(), 0
    for _chunk in range(1_000):
        if pace.limit > 1:
            pace, trials = pace.after_trouble(), trials + 1
        pace = pace.after_calm(1, most=16)
    assert trials == 5


def test_fewer_runners_than_before():
    """The number never exceeds the runners that there are."""
    assert (Pace(8).at_most(3).limit, Pace(2).at_most(3).limit) == (3, 2)
