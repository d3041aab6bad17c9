import pytest

from engine.chunk_size import (
    FIRST_SIZE,
    LARGEST_SIZE,
    LARGEST_STEP,
    fair_size,
    handed_back,
    next_size,
    paced,
    split,
)


class Clock:
    """Time that passes when a test says so."""

    time = 0.0

    def now(self):
        return self.time


def test_first_chunk_has_a_fixed_size():
    """Without history the first size is taken."""
    assert next_size([]) == FIRST_SIZE == 50


@pytest.mark.parametrize(
    ("history", "size"),
    [
        ([(100, 1.0)], 100),
        ([(100, 0.5)], 200),
        ([(100, 0.01)], 400),
        ([(400, 0.01)], LARGEST_SIZE),
        ([(100, 2.0)], 50),
        ([(100, 100.0)], 25),
        ([(1, 60.0)], 1),
        ([(100, 1.0), (100, 3.0)], 50),
        ([(100, 0.0)], FIRST_SIZE),
        ([(10_000, 100.0)], LARGEST_SIZE),
    ],
)
def test_size_follows_what_a_second_holds(history, size):
    """A chunk is to take a second; it grows or shrinks at most fourfold and stays in bounds."""
    assert next_size(history) == size


@pytest.mark.parametrize("at_once", [1, 2, 3, 16])
def test_runners_of_a_job_end_together(at_once):
    """Chunks get smaller towards the end, but not tiny: the last ones are about equal."""
    left, sizes = 5_000, []
    while left:
        sizes.append(min(left, fair_size(500, left, at_once)))
        left -= sizes[-1]
    assert sizes[0] == max(FIRST_SIZE, min(500, -(-5_000 // at_once)))
    assert sizes == sorted(sizes, reverse=True)
    assert at_once == 1 or max(sizes[-at_once:]) <= 2 * FIRST_SIZE


@pytest.mark.parametrize(
    ("seconds", "largest", "sizes"),
    [
        (0.0005, LARGEST_STEP, [5, 20, 80, *[200] * 9, 95]),
        (0.0005, 1_000, [5, 20, 80, 320, 1_000, 575]),
        (0.0005, 30, [5, 20, 30, 30]),
        (0.1, LARGEST_STEP, [5, 10, 10, 10]),
        (10.0, LARGEST_STEP, [5, 1, 1, 1]),
    ],
)
def test_steps_follow_what_a_second_holds(seconds, largest, sizes):
    """Slow operations make short steps, so that somebody looks at the clock between them."""
    clock, seen = Clock(), []
    for step in paced([list(range(2_000))], largest, clock.now):
        clock.time += seconds * len(step)
        seen.append(step)
    assert [item for step in seen for item in step] == list(range(2_000))
    assert [len(step) for step in seen][: len(sizes)] == sizes


def test_steps_end_where_a_part_ends():
    """What was learnt of the operations before holds for the next part."""
    clock, sizes = Clock(), []
    for step in paced([list(range(60)), list(range(300))], clock=clock.now):
        clock.time += 0.001 * len(step)
        sizes.append(len(step))
    assert sizes == [5, 20, 35, 140, 160]


def test_slow_ones_after_quick_ones():
    """One step, of at most 200, is too long; soon they hold again what a second does."""
    for quick in range(1_300, 1_500):
        clock, seconds = Clock(), []
        for step in paced([[0.0005] * quick + [0.13] * 1_000], clock=clock.now):
            clock.time += sum(step)
            seconds.append(sum(step))
        assert max(seconds) <= 200 * 0.13 + 1e-6
        worst = seconds.index(max(seconds))
        assert max(seconds[worst + 2 :]) < 1.1


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 100, 101, 999])
def test_split_keeps_every_item_in_order(count):
    """A chunk cut smaller has the same operations in the same order, in at most ten parts."""
    parts = split(list(range(count)))
    assert [item for part in parts for item in part] == list(range(count))
    assert len(parts) <= 10
    assert all(parts)
    assert count == 1 or max(map(len, parts)) < count


@pytest.mark.parametrize(
    ("count", "done", "seconds", "sizes"),
    [
        (48, 2, 6.0, [5] * 9 + [3]),
        (4, 1, 3.0, [1] * 4),
        (45, 5, 5.2, [5] * 9),
        (900, 100, 6.0, [90] * 10),
        (3, 40, 5.1, [3]),
    ],
)
def test_what_goes_back_is_cut_small(count, done, seconds, sizes):
    """In parts of what a second holds, so that other runners of the job find some, but not more
    than ten."""
    parts = handed_back(list(range(count)), done, seconds)
    assert [item for part in parts for item in part] == list(range(count))
    assert [len(part) for part in parts] == sizes


def test_steps_begin_as_large_as_is_known():
    """Who knows how quick the items are begins with more of them."""
    clock = Clock()
    sizes = [len(step) for step in paced([list(range(500))], 1_000, clock.now, first=500)]
    assert sizes == [500]
