"""How many keys a chunk may lock: all chunks together must not fill PostgreSQL's lock table."""

# of the lock table: with half as much again, which `most_keys` may give at the worst, it still
# has room for the locks of everybody else. A full table makes every session fail
PART = 5 / 8


def budget(lock_table: int) -> int:
    """The locks on keys that all chunks share.

    :param lock_table: the locks that PostgreSQL's table has room for

    >>> budget(64 * 100)
    4000
    """
    return int(PART * lock_table)


def certain_share(keys: int, runners: int) -> int:
    """The keys that each chunk may lock whatever the others have: half of the budget serves this.

    >>> certain_share(4000, 4)
    500
    """
    return max(1, keys // (2 * runners))


def size_for_keys(keys: int, runners: int, at_work: int) -> int:
    """The most operations with keys in a new chunk: half a share, because other chunks may begin.

    :param keys: the budget
    :param at_work: chunks with keys that are at work already

    >>> [size_for_keys(4000, 16, at_work) for at_work in (0, 1, 15)]
    [2000, 1000, 125]
    """
    return max(certain_share(keys, runners), keys // (2 * (at_work + 1)))


def most_keys(keys: int, runners: int, held: int, taking: int) -> int:
    """The most keys that a chunk may lock one by one. A chunk with more keys locks whole models.

    :param keys: the budget
    :param held: locks that are in the table
    :param taking: chunks, this one among them, that have yet to take their locks

    >>> most_keys(4000, 16, 0, 1), most_keys(4000, 16, 3000, 2), most_keys(4000, 16, 4500, 1)
    (4000, 500, 125)
    """
    return max(certain_share(keys, runners), (keys - held) // max(1, taking))
