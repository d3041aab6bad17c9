"""Measure the client end to end against what people do today, in turn, on real servers.

Called by `scripts/bench client`. Each side makes the same partners over the network and has all
their ids in the end: a job through the client (one runner; two), calls of 100 records on one
connection, and zenoo-rpc's batch at concurrency 1 and 5. Beside them, as what cannot be beaten: two
processes that do nothing but create, without a network. All of it on a server with one HTTP worker,
as many processes as one runner has, and on one with more workers than cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from statistics import median

import client_sides
from client_ceiling import OrmProcesses
from client_server import Server, make_key

MEMORY = (10_000, 100_000)  # operations
KIB = 1024
PROCESSES = 2  # as two cron workers are


def main() -> int:
    options = parse_arguments()
    if options.memory:
        return print_memory(options)
    key = make_key(options.database)
    results: dict = {}
    with OrmProcesses(options.database, PROCESSES) as orm:
        for workers in options.workers:
            with Server(options.database, workers, options.cron_workers) as url:
                sides = client_sides.sides(url, options.database, key, orm)
                results[workers] = compare(sides, options)
                show(results[workers], workers, options)
        if not options.no_memory:
            with Server(options.database, options.workers[-1], options.cron_workers) as url:
                results["memory"] = [memory(url, options.database, key, size) for size in MEMORY]
            show_memory(results["memory"])
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench client", description=__doc__)
    parser.add_argument("database", help=argparse.SUPPRESS)
    parser.add_argument("--repeat", type=int, default=3, help="rounds of each (default 3)")
    parser.add_argument("--size", type=int, default=5000, help="records (default 5000)")
    parser.add_argument(
        "--workers",
        type=int,
        nargs="+",
        default=[1, 3],
        help="HTTP workers, a comparison for each number (default 1 and 3)",
    )
    parser.add_argument(
        "--with",
        dest="modules",
        metavar="MODULES",
        help="install these beside, sale say: creating costs more then (default base modules only)",
    )
    parser.add_argument("--cron-workers", type=int, default=2, help="(default 2)")
    parser.add_argument("--no-memory", action="store_true", help="without the 100,000 operations")
    parser.add_argument("--json", metavar="FILE", help="write every round to a file")
    parser.add_argument("--memory", nargs=3, metavar=("URL", "KEY", "SIZE"), help=argparse.SUPPRESS)
    return parser.parse_args()


def compare(sides, options) -> dict:
    """Rates and ratios; the first round warms the caches and is not counted."""
    rounds = [one_round(sides, number, options.size) for number in range(options.repeat + 1)][1:]
    return {"rounds": rounds, **summary(list(sides), rounds)}


def one_round(sides, number: int, size: int) -> dict[str, float]:
    """Records per second of each side; another one goes first each time."""
    names = list(sides)
    shift = number % len(names)
    rates = {}
    for name in names[shift:] + names[:shift]:
        begin = time.perf_counter()
        made = asyncio.run(sides[name](size))
        rates[name] = size / (time.perf_counter() - begin)
        assert len(set(made)) == size, f"{name}: {len(set(made))} of {size} ids"
    return rates


def summary(names: list[str], rounds: list[dict[str, float]]) -> dict:
    rates = {name: median(one[name] for one in rounds) for name in names}
    jobs = [name for name in rates if name.startswith("job")]
    ceiling = client_sides.CEILING
    peers = [name for name in rates if name not in (*jobs, ceiling)]
    ratios = {
        name: {
            **{peer: median(one[name] / one[peer] for one in rounds) for peer in peers},
            "the best of them": median(one[name] / max(one[p] for p in peers) for one in rounds),
        }
        for name in (*jobs, ceiling)
    }
    return {"median": rates, "ratios": ratios}


def show(result: dict, workers: int, options) -> None:
    print(
        f"\n{options.size:,} partners from outside, end to end; HTTP workers: {workers}, cron"
        f" workers: {options.cron_workers}; modules: {options.modules or 'base only'}; records/s,"
        f" {options.repeat} rounds in turn"
    )
    for name, rate in result["median"].items():
        each = " ".join(f"{one[name]:,.0f}" for one in result["rounds"])
        print(f"  {name:<34}{rate:>8,.0f}   ({each})")
    for name, ratios in result["ratios"].items():
        for peer, ratio in ratios.items():
            print(f"  {name}: {ratio:.2f} x {peer}")


def show_memory(sizes: list[dict]) -> None:
    print()
    for one in sizes:
        print(
            f"  {one['operations']:>7,} operations from a generator, results read back:"
            f" {one['seconds']:.1f} s, {one['rate']:,.0f}/s,"
            f" peak memory of the client {one['peak_mib']:.1f} MiB"
        )


def memory(url: str, database: str, key: str, size: int) -> dict:
    """What a process of its own needs for so many operations."""
    command = [sys.executable, __file__, database, "--memory", url, key, str(size)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def print_memory(options) -> int:
    url, key, size = options.memory
    begin = time.perf_counter()
    count = asyncio.run(client_sides.stream(url, options.database, key, int(size)))
    seconds = time.perf_counter() - begin
    assert count == int(size), f"{count} results of {size}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB
    values = {"seconds": seconds, "rate": count / seconds, "peak_mib": peak}
    print(json.dumps({"operations": count, **values}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
