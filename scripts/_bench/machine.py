"""Where and when, and the CPU time that both sides of a comparison used."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path


@dataclass
class Spent:
    """Seconds by the clock, and CPU seconds of Python and of PostgreSQL's side of it."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def measured(cr):
    """Measure a block; `cr` is any cursor on the database, used before and after it."""
    spent = Spent()
    backends = _backend_cpu(cr)
    cpu, wall = time.process_time(), time.perf_counter()
    yield spent
    spent.wall = time.perf_counter() - wall
    after = _backend_cpu(cr)
    spent.cpu = time.process_time() - cpu
    spent.cpu += sum(after[pid] - backends.get(pid, 0.0) for pid in after)


def _backend_cpu(cr) -> dict[int, float]:
    cr.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    pids = [row[0] for row in cr.fetchall()]
    cr.rollback()
    return {pid: cpu_of(pid) for pid in pids}


def cpu_of(pid: int) -> float:
    """CPU seconds of a process of one thread, 0 if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0


def cpu_of_all(pids: list[int]) -> float:
    """CPU seconds of processes with all their threads, to hundredths; 0 for those that are gone."""
    ticks = 0
    for pid in pids:
        try:
            figures = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(figures[11]) + int(figures[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident_mib(pids: list[int]) -> float:
    """The resident memory of processes; those that are gone have none."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def describe(cr) -> dict[str, str]:
    """Machine, date and versions."""
    from odoo.release import version

    cr.execute("SHOW server_version")
    postgres = cr.fetchone()[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{os.cpu_count()} × {_cpu_name()}, {memory:.0f} GiB, {platform.system()}",
        "load": " ".join(f"{one:.2f}" for one in os.getloadavg()),
        "versions": f"Odoo {version}, PostgreSQL {postgres}, Python {platform.python_version()}",
        "commit": _commit(),
    }


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
