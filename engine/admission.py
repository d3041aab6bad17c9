"""How many operations may be open at once, and how many one job may have."""

from dataclasses import dataclass
from enum import Enum

LARGEST_REQUEST = 128  # MiB: Odoo's own limit unless set
DRAFT_LIFE = 24  # hours after which a draft that nobody touches counts no more
RETRY_AFTER = 5  # seconds after which a refused submission may ask for room again


class Full(Enum):
    """Whose open operations leave no room."""

    USER = "of one user"
    ALL = "of all users"


@dataclass(frozen=True)
class Limits:
    """Numbers of operations. The defaults are far above what anybody meets by accident: at 1,500
    operations a second, five million take an hour.
    """

    per_user: int = 5_000_000
    in_all: int = 20_000_000
    job: int = 5_000_000

    @property
    def largest_job(self) -> int:
        """The largest job that can ever be admitted: a job larger than another limit would wait
        for ever."""
        return min(self.job, self.per_user, self.in_all)

    def full(self, count: int, of_user: int, in_all: int) -> Full | None:
        """Whether there is room for a job that is to be opened.

        :param count: its operations; of a job that may still grow, those that it has. Each job
            needs room for one.
        :param of_user: the open operations of its owner
        :param in_all: the open operations of all users
        :returns: None: there is room

        >>> Limits(10, 100, 10).full(4, 6, 6)
        >>> Limits(10, 100, 10).full(0, 10, 10), Limits(10, 10, 10).full(1, 0, 10)
        (<Full.USER: 'of one user'>, <Full.ALL: 'of all users'>)
        """
        needed = max(count, 1)
        if of_user + needed > self.per_user:
            return Full.USER
        return Full.ALL if in_all + needed > self.in_all else None
