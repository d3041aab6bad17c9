"""The figures of `scripts/bench scale`, and the table of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import quantiles

from machine import Spent

MIB = 2**20
MOST = 1.15  # of the best tenth, a tenth may take
STATUS_MS = 5
COLUMNS = (
    # title, width, digits
    ("tenth", 7, 0),
    ("job µs", 8, 0),
    ("ORM µs", 8, 0),
    ("ratio", 7, 2),
    ("of best", 9, 2),
    ("CPU: job µs", 13, 0),
    ("ORM µs", 8, 0),
    ("ratio", 7, 2),
    ("of best", 9, 2),
    ("status ms", 11, 1),
    ("CPU ms", 8, 1),
    ("a user's", 10, 1),
    ("server MiB", 12, 0),
    ("sent µs", 9, 0),
    ("client MiB", 12, 0),
    ("read µs", 9, 0),
    ("client MiB", 12, 0),
)


@dataclass
class Tenth:
    """What a tenth of the job took, and the ORM alone in its pauses."""

    seconds: float = 0.0  # by the clock, of some of its chunks
    operations: int = 0  # of these chunks
    cpu: list[tuple[float, int]] = field(default_factory=list)  # seconds, operations
    alone_spent: list[Spent] = field(default_factory=list)
    alone: int = 0
    status: list[Spent] = field(default_factory=list)
    user: list[Spent] = field(default_factory=list)  # a read of one row of `res.users`
    server_mib: float = 0.0

    def summary(self) -> dict:
        """In µs an operation, and ms of a status: the longest of a hundred, the longest CPU."""
        figures = {
            "job": 1e6 * self.seconds / self.operations,
            "orm": 1e6 * sum(one.wall for one in self.alone_spent) / self.alone,
            "job_cpu": 1e6 * sum(one[0] for one in self.cpu) / sum(one[1] for one in self.cpu),
            "orm_cpu": 1e6 * sum(one.cpu for one in self.alone_spent) / self.alone,
        }
        return {
            **figures,
            "ratio": figures["job"] / figures["orm"],
            "cpu_ratio": figures["job_cpu"] / figures["orm_cpu"],
            "status": _longest_of_100(self.status),
            "status_cpu": 1e3 * max(one.cpu for one in self.status),
            "user": _longest_of_100(self.user),
            "server_mib": self.server_mib,
        }


def _longest_of_100(calls: list[Spent]) -> float:
    """Milliseconds by the clock."""
    return 1e3 * quantiles([one.wall for one in calls], n=100, method="inclusive")[98]


def show(result: dict) -> None:
    size, tenths = result["operations"], result["tenths"]
    each = size // len(tenths)
    best, best_cpu = (min(one[key] for one in tenths) for key in ("ratio", "cpu_ratio"))
    print(f"\n{size:,} creates in one job; autovacuum off, the statistics know another job")
    print("  " + "".join(f"{title:>{width}}" for title, width, _digits in COLUMNS))
    rows = zip(result["submission"], tenths, result["reading"], strict=True)
    for number, (sent, one, read) in enumerate(rows, 1):
        _row(
            *(number, one["job"], one["orm"], one["ratio"], one["ratio"] / best),
            *(one["job_cpu"], one["orm_cpu"], one["cpu_ratio"], one["cpu_ratio"] / best_cpu),
            *(one["status"], one["status_cpu"], one["user"], one["server_mib"]),
            *(1e6 * sent["seconds"] / each, sent["client_mib"]),
            *(1e6 * read["seconds"] / each, read["client_mib"]),
        )
    _show_worst(tenths, best, best_cpu)
    _show_disk(size, result["disk"])


def _row(*figures) -> None:
    cells = zip(figures, COLUMNS, strict=True)
    print("  " + "".join(f"{one:>{width}.{digits}f}" for one, (_title, width, digits) in cells))


def _show_worst(tenths: list[dict], best: float, best_cpu: float) -> None:
    worst = max(one["ratio"] for one in tenths) / best
    worst_cpu = max(one["cpu_ratio"] for one in tenths) / best_cpu
    print(
        f"  the worst tenth takes {worst:.2f} of the best by the clock, {worst_cpu:.2f} in CPU time"
        f" (at most {MOST})"
    )
    status, cpu, user = (
        max(one[key] for one in tenths) for key in ("status", "status_cpu", "user")
    )
    print(
        f"  a status takes {status:.1f} ms (99 of 100), {cpu:.1f} ms CPU (below {STATUS_MS});"
        f" to read one user takes {user:.1f} ms at the same moments"
    )


def _show_disk(size: int, tables: dict) -> None:
    for name, disk in tables.items():
        print(
            f"  {name}: {disk['all'] / MIB:,.0f} MiB, of which {disk['indexes'] / MIB:,.0f} are"
            f" indexes; {disk['all'] / size:,.0f} bytes an operation"
        )
