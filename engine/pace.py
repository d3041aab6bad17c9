"""How many chunks of a job run side by side, if the job leaves that to the server."""

from dataclasses import dataclass, replace

FIRST_LIMIT = 2  # chunks at once, before anything is known
MORE_PATIENCE = 8  # times as many calm chunks before the next trial, after each trouble
MOST_PATIENCE = 4096  # calm chunks


def chunks_at_once(job: dict) -> int:
    """How many chunks of a job may run at once now, by its row.

    >>> chunks_at_once({"max_parallel": 4, "pace": None})
    4
    >>> chunks_at_once({"max_parallel": 0, "pace": {"limit": 3}})
    3
    """
    return job["max_parallel"] or (job["pace"] or {}).get("limit", 1)


@dataclass(frozen=True)
class Pace:
    """The number of chunks at once, and what it has learnt.

    `calm`: chunks that have ended since the number changed; -1 after a trouble, until one ends.
    `patience`: how many calm chunks must end before the number grows by one.
    `missed`: a runner may have left because no second chunk could begin.
    """

    limit: int = FIRST_LIMIT
    calm: int = 0
    patience: int = 1
    missed: bool = False

    def after_calm(self, chunks: int, most: int) -> "Pace":
        """Some chunks have ended, none of which was disturbed.

        :param most: runners of the server

        >>> Pace().after_calm(1, most=16).limit, Pace().after_calm(1, most=2).limit
        (3, 2)
        """
        calm = max(self.calm, 0) + chunks
        if calm < self.patience or self.limit >= most:
            return replace(self, calm=min(calm, self.patience))
        patience = max(self.patience // 2, 1)
        # claims pass over a job with so many chunks at work: nobody has noted who left
        return replace(self, limit=self.limit + 1, calm=0, patience=patience, missed=True)

    def after_trouble(self) -> "Pace":
        """Two chunks were in each other's way: a conflict, a wait for a lock, one that may not
        begin beside the other; or a worker died.

        Each trouble makes the next trial rarer: where chunks always disturb each other, the trials
        cost next to nothing. Several troubles without a calm chunk between count as one.

        >>> Pace(8).after_trouble()
        Pace(limit=4, calm=-1, patience=8, missed=False)
        """
        patience = self.patience
        if self.calm >= 0:
            patience = min(patience * MORE_PATIENCE, MOST_PATIENCE)
        return replace(self, limit=max(self.limit // 2, 1), calm=-1, patience=patience)

    def at_most(self, most: int) -> "Pace":
        """The same with no more chunks at once than the server has runners."""
        return self if self.limit <= most else replace(self, limit=most)
