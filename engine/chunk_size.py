"""How many operations make a chunk, and how a chunk is cut smaller."""

import time
from collections.abc import Callable, Iterable, Iterator

FIRST_SIZE = 50  # operations in a job's first chunk
FIRST_STEP = 5  # operations in the first step, before any step was timed
LARGEST_STEP = 200  # operations; limits the damage when slow operations follow quick ones
LARGEST_SIZE = 1_000  # operations; larger chunks are hardly faster
TARGET_SECONDS = 1.0  # of work in one chunk
HAND_BACK_AFTER = 5.0  # seconds of work; far below the time limit of any worker
HISTORY = 3  # latest chunks that decide the size of the next chunk
WAYS = 10  # cutting in ten beats halving as soon as two operations of a chunk fail


def next_size(history: list[tuple[int, float]], least: int | None = None) -> int:
    """The size of the next chunk of a job that sets no chunk size.

    :param history: (operations, seconds) of the job's latest chunks
    :param least: the smallest size allowed; default: a quarter of the largest chunk in `history`

    >>> next_size([])
    50
    >>> next_size([(50, 0.05)])
    200
    >>> next_size([(50, 10.0)])
    12
    """
    operations = sum(size for size, _seconds in history)
    seconds = sum(seconds for _size, seconds in history)
    if not operations or seconds <= 0:
        return FIRST_SIZE
    largest_before = max(size for size, _seconds in history)
    wanted = int(TARGET_SECONDS * operations / seconds)
    if least is None:
        least = min(largest_before // 4, LARGEST_SIZE)
    return max(1, min(wanted, 4 * largest_before, LARGEST_SIZE), least)


def fair_size(size: int, left: int, at_once: int) -> int:
    """A size that leaves operations for the job's other runners, so that all end together.

    :param left: operations that are not in a chunk yet
    :param at_once: chunks of the job that may run at once

    >>> [fair_size(500, left, 2) for left in (5_000, 700, 60)]
    [500, 350, 50]
    """
    return min(size, max(FIRST_SIZE, -(-left // at_once)))


def hands_back(seconds: float) -> bool:
    """Whether a chunk lands its finished operations now and hands the rest back to the queue.

    The runner asks between groups of merged operations.

    :param seconds: how long the chunk has been at work

    >>> hands_back(4.9), hands_back(5.1)
    (False, True)
    """
    return seconds > HAND_BACK_AFTER


def first_step(history: list[tuple[int, float]]) -> int:
    """The size of a chunk's first step: the operations before the first look at the clock.

    >>> first_step([]), first_step([(50, 0.05)]), first_step([(2, 6.0)])
    (5, 200, 1)
    """
    return next_size(history, least=1) if history else FIRST_STEP


def handed_back(rest: list, done: int, seconds: float) -> list[list]:
    """Cut the rest of a slow chunk into smaller chunks, at most ten.

    :param rest: the operations that the slow chunk hands back
    :param done: how many operations the slow chunk has landed
    :param seconds: how long those took

    >>> handed_back([3, 4, 5, 6], 2, 1.0)
    [[3, 4], [5, 6]]
    """
    size = max(next_size([(done, seconds)], least=1), -(-len(rest) // WAYS))
    return [rest[start : start + size] for start in range(0, len(rest), size)]


def chunks_of(operations: list, size: int, wave_ends: list[int] | None) -> list[list]:
    """Cut a whole job into the chunks that claims would cut.

    A chunk ends at its size or at the end of a wave. A record and its followers stay together.

    :param operations: all operations of the job, in order, with `position` and `last_position`
    :param wave_ends: the last position of each wave; None: the job has one wave
    """
    chunks: list[list] = []
    ends = set(wave_ends or ())
    end = -1  # position of the chunk's last row
    for operation in operations:
        if not chunks or operation.position > end or chunks[-1][-1].last_position in ends:
            chunks.append([])
            end = operation.position + size - 1
        chunks[-1].append(operation)
    return chunks


def paced(
    parts: Iterable[list],
    largest: int = LARGEST_STEP,
    clock: Callable[[], float] = time.monotonic,
    first: int = FIRST_STEP,
) -> Iterator[list]:
    """Cut lists into steps that take the caller about a second each.

    The time that the caller spent on a step decides the size of the next step. So slow items after
    quick items cost at most one step that is too long.

    :param largest: the most items in one step
    :param first: items in the first step
    """
    size = first
    for part in parts:
        start = 0
        while start < len(part):
            step = part[start : start + min(size, largest)]
            start, began = start + len(step), clock()
            yield step
            size = next_size([(len(step), clock() - began)], least=1)


def split(items: list, ways: int = WAYS) -> list[list]:
    """Cut a list into at most `ways` neighbouring parts of nearly equal length.

    >>> split([1, 2, 3, 4, 5], 2)
    [[1, 2, 3], [4, 5]]
    """
    size = -(-len(items) // ways)
    return [items[start : start + size] for start in range(0, len(items), size)]
