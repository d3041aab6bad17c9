"""Measure OCA queue_job, calls of one record and a job beside each other, in turn, on one server.

Called by `scripts/bench queue_job`. queue_job runs two jobs at once, as the two cron workers do.
Its database has the apps that queue_job needs, mail among them, so all sides make the same work.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from functools import partial
from statistics import median

import client_sides
import httpx
from client_ceiling import OrmProcesses
from client_server import ADMIN, Server, make_key

from odoo import api
from odoo.modules.registry import Registry
from odoo.tools import config

POLL = 0.1  # seconds
PATIENCE = 600
HTTP_WORKERS = 3
AT_ONCE = 2
MODULES = "base,web,queue_job"


class Sides:
    """Ways to make partners. `size` is for the fast ones: the slow ones make a part of it."""

    def __init__(self, url: str, database: str, orm: OrmProcesses):
        self.url, self.database, self.orm = url, database, orm
        self.key = make_key(database)
        config.parse_config(["-d", database, "--no-http"], setup_logging=False)
        self.registry = Registry(database)

    def all(self, size: int) -> dict:
        """Name -> (a function that makes partners, how many)."""
        where = self.url, self.database, self.key
        job = partial(client_sides._job, *where)
        return {
            "job, one runner": (lambda count: asyncio.run(job(1, count)), size),
            "job, max_parallel=2": (lambda count: asyncio.run(job(2, count)), size),
            "queue_job, one record a job": (partial(self.queue, 1), size // 10),
            "queue_job, 100 records a job": (partial(self.queue, 100), size),
            "one record per call": (self.call, size // 10),
            "100 records per call": (
                lambda count: asyncio.run(client_sides._calls(*where, count)),
                size,
            ),
            client_sides.CEILING: (
                lambda count: asyncio.run(client_sides._orm(self.orm, count)),
                size,
            ),
        }

    def queue(self, each: int, count: int) -> None:
        """Enqueue jobs of `each` records, and wait until queue_job has done all."""
        with self.registry.cursor() as cr:
            partners = api.Environment(cr, ADMIN, {})["res.partner"]
            for _start in range(0, count, each):
                values = [client_sides._values() for _number in range(each)]
                partners.with_delay(description="bench").create(values)
        end = time.monotonic() + PATIENCE
        while left := self._left():
            if time.monotonic() > end:
                raise SystemExit(f"{left} jobs of queue_job are not done")
            time.sleep(POLL)

    def _left(self) -> int:
        with self.registry.cursor() as cr:
            cr.execute("SELECT count(*) FROM queue_job WHERE state != 'done'")
            return cr.fetchone()[0]

    def call(self, count: int) -> None:
        """A JSON-2 call for each record, on one connection."""
        headers = {"Authorization": f"bearer {self.key}", "X-Odoo-Database": self.database}
        with httpx.Client(base_url=self.url, headers=headers, timeout=120) as http:
            for _number in range(count):
                body = {"vals_list": [client_sides._values()]}
                http.post("/json/2/res.partner/create", json=body).raise_for_status()


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench queue_job", description=__doc__)
    parser.add_argument("database", help=argparse.SUPPRESS)
    parser.add_argument("--repeat", type=int, default=3, help="rounds of each (default 3)")
    parser.add_argument("--size", type=int, default=10_000, help="records (default 10,000)")
    options = parser.parse_args()
    server = Server(options.database, HTTP_WORKERS, AT_ONCE, f"--load={MODULES}")
    os.environ["ODOO_QUEUE_JOB_HOST"], port = server.url.removeprefix("http://").split(":")
    os.environ["ODOO_QUEUE_JOB_PORT"] = port
    os.environ["ODOO_QUEUE_JOB_CHANNELS"] = f"root:{AT_ONCE}"
    with OrmProcesses(options.database, AT_ONCE) as orm, server as url:
        sides = Sides(url, options.database, orm).all(options.size)
        rounds = [one_round(sides, number) for number in range(options.repeat + 1)][1:]
    print(f"\npartners a second; the database has {MODULES}; {options.repeat} rounds in turn")
    for name, (_make, count) in sides.items():
        each = " ".join(f"{one[name]:,.0f}" for one in rounds)
        rate = median(one[name] for one in rounds)
        print(f"  {name:<32}{rate:>8,.0f}   ({each}), of {count:,}")


def one_round(sides: dict, number: int) -> dict[str, float]:
    """Records per second of each side; another one goes first each time."""
    names = list(sides)
    shift = number % len(names)
    rates = {}
    for name in names[shift:] + names[:shift]:
        make, count = sides[name]
        begin = time.perf_counter()
        make(count)
        rates[name] = count / (time.perf_counter() - begin)
    return rates


if __name__ == "__main__":
    main()
