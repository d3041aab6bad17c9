"""The same partners made by the ORM in processes of their own, with no network and no job around.

What nothing that creates through the ORM can beat on this machine with as many processes.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

ADMIN = 2
AT_ONCE = 500  # records in a call and in a commit


class OrmProcesses:
    """Processes that have loaded Odoo and wait, from entry to exit."""

    def __init__(self, database: str, count: int):
        self._command = [sys.executable, __file__, database]
        self._count = count

    def __enter__(self) -> OrmProcesses:
        self._processes = [
            subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            for _process in range(self._count)
        ]
        for process in self._processes:
            process.stdout.readline()  # ready
        return self

    def __exit__(self, *_error) -> None:
        for process in self._processes:
            process.stdin.close()
            process.wait()

    async def make(self, records: list[dict]) -> list[int]:
        """Make the records, a share in each process; gives all ids."""
        shares = [records[number :: self._count] for number in range(self._count)]
        pairs = zip(self._processes, shares, strict=True)
        parts = await asyncio.gather(*[asyncio.to_thread(_ask, *pair) for pair in pairs])
        return [one for part in parts for one in part]


def _ask(process, values: list[dict]) -> list[int]:
    process.stdin.write(json.dumps(values) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def _serve(database: str) -> None:
    from odoo import api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--no-http", "--log-level=warn"], setup_logging=True)
    registry = Registry(database)
    print("ready", flush=True)
    for line in sys.stdin:
        records, ids = json.loads(line), []
        with registry.cursor() as cr:
            env = api.Environment(cr, ADMIN, {})
            for start in range(0, len(records), AT_ONCE):
                ids += env["res.partner"].create(records[start : start + AT_ONCE]).ids
                cr.commit()
        print(json.dumps(ids), flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1])
