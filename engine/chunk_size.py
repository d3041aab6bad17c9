"""How many operations make a chunk, and how a chunk is cut smaller."""

import time
from collections.abc import Callable, Iterable, Iterator

FIRST_SIZE = 50  # operations, when nothing is known yet
FIRST_STEP = 5  # operations, where nothing can be put back in smaller parts afterwards
LARGEST_STEP = 200  # operations; the worst is a step of slow ones after quick ones
LARGEST_SIZE = 1_000  # past this little is gained
TARGET_SECONDS = 1.0  # of work in one chunk
HAND_BACK_AFTER = 5.0  # seconds a chunk is at work; far below the time limit of any worker
HISTORY = 3  # latest chunks that decide the size of the next
WAYS = 10  # 10-way beats halving as soon as two operations of a chunk fail


def next_size(history: list[tuple[int, float]], least: int | None = None) -> int:
    """The size of the next chunk of a job that leaves it to us.

    :param history: (operations, seconds) of its latest chunks
    :param least: how small it may become at once; a quarter of the largest unless given

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
    """A size that leaves something for the other runners of a job, so that all end together.

    :param left: operations that no chunk has yet
    :param at_once: chunks of the job that may run at once

    >>> [fair_size(500, left, 2) for left in (5_000, 700, 60)]
    [500, 350, 50]
    """
    return min(size, max(FIRST_SIZE, -(-left // at_once)))


def hands_back(seconds: float) -> bool:
    """Whether a chunk lands what is done by now and gives the rest back to the queue.

    :param seconds: it has been at work; asked between groups of merged operations

    >>> hands_back(4.9), hands_back(5.1)
    (False, True)
    """
    return seconds > HAND_BACK_AFTER


def first_step(history: list[tuple[int, float]]) -> int:
    """How many operations of a chunk are tried together before somebody looks at the clock.

    >>> first_step([]), first_step([(50, 0.05)]), first_step([(2, 6.0)])
    (5, 200, 1)
    """
    return next_size(history, least=1) if history else FIRST_STEP


def handed_back(rest: list, done: int, seconds: float) -> list[list]:
    """Cut what a slow chunk gives back into smaller chunks, at most ten.

    :param done: operations that it has landed, in so many `seconds`

    >>> handed_back([3, 4, 5, 6], 2, 1.0)
    [[3, 4], [5, 6]]
    """
    size = max(next_size([(done, seconds)], least=1), -(-len(rest) // WAYS))
    return [rest[start : start + size] for start in range(0, len(rest), size)]


def chunks_of(operations: list, size: int, wave_ends: list[int] | None) -> list[list]:
    """Cut a whole job as its claims would: by position, at the end of a wave, never in a record.

    :param operations: all of it, in order, with `position` and `last_position`
    :param wave_ends: the last position of each wave; None: there is one wave only
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
    """Cut lists into steps of at most a second or so, by how long the caller was busy with the one
    before. Slow items after quick ones are noticed after one step.

    :param largest: items in one step
    :param first: items in the first one
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
