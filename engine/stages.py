"""Stages: where the next chunk ends in a job that runs as many chunks at once as pay.

A stage is a maximal run of neighbours of one kind: the same op, model, context and method. Stages
keep their order. Only chunks of one stage run side by side.
"""

ALONE = ""  # the stage of a chunk that runs beside no other chunk


def cut(starts: list[tuple[int, str]], first: int, size: int, total: int) -> tuple[int, str]:
    """Where the next chunk ends, and which stage the chunk is of.

    The chunk ends with its stage. Only if the stages are smaller than a chunk, a chunk takes
    several whole stages; such a chunk runs alone.

    :param starts: (position, kind) of each stage that begins from the chunk's neighbour before it
        to `first + size`; the first entry is that neighbour, or the chunk's own first operation
    :param size: of the chunk, in operations
    :param total: operations of the job
    :returns: (first position after the chunk, the kind of its stage or `ALONE`)

    >>> cut([(0, "create")], 0, 500, 2_000)
    (500, 'create')
    >>> cut([(0, "create"), (300, "write")], 0, 500, 2_000)
    (300, 'create')
    >>> cut([(0, "create"), (1, "write"), (2, "create"), (3, "write")], 0, 3, 2_000)
    (3, '')
    """
    start, kind = [one for one in starts if one[0] <= first][-1]
    ends = [position for position, _kind in starts if first < position <= first + size]
    if total <= first + size:
        ends.append(total)
    if not ends:
        return first + size, kind
    # the rest of a large stage runs beside its other chunks
    if start < first or len(ends) == 1:
        return ends[0], kind
    return ends[-1], ALONE
