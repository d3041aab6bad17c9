"""Measure batch jobs against plain loops over the ORM; called by scripts/bench."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import report
from beside import beside
from claims import claims
from compare import compare
from costs import costs
from loads import Load, LoadWithErrors, LoadWithKey
from machine import describe
from parallel import parallel
from path import path
from upserts import Upsert, one_call_each
from workloads import Create, CreateWithErrors, Subdivisions, Unlink, Write

from odoo.modules.registry import Registry
from odoo.tools import config

NAMES = (
    *("create", "create_bad", "write", "unlink", "upsert", "load", "load_bad", "load_keyed"),
    *("subdivisions", "parallel", "beside", "costs", "claims", "path"),
)


def main() -> int:
    options = parse_arguments()
    arguments = ["-d", options.database, "--no-http", "--max-cron-threads=0", "--log-level=warn"]
    arguments.append("--db_maxconn=190")  # each simulated runner has a connection
    # simulated runners share one pool of connections
    arguments.append("--log-handler=odoo.addons.batch_job.execution.transaction.commit:ERROR")
    config.parse_config(arguments, setup_logging=True)
    registry = Registry(options.database)
    with registry.cursor() as cr:
        context = describe(cr)
        user_id = admin_id(cr)
    report.heading(context, " ".join(["scripts/bench", *sys.argv[2:]]))
    results = []
    for name in options.names or NAMES:
        results.append(measure(name, registry, user_id, options))
        report.show(results[-1])
    if options.json:
        Path(options.json).write_text(json.dumps({**context, "results": results}, indent=1) + "\n")
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("database", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help=", ".join(NAMES))
    parser.add_argument("--repeat", type=int, default=5, help="rounds of each (default 5)")
    parser.add_argument("--size", type=int, default=5000, help="operations (default 5000)")
    parser.add_argument("--chunk-size", type=int, default=500, help="default 500")
    parser.add_argument("--json", metavar="FILE", help="write every round to a file")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: say some of {', '.join(NAMES)}")
    return options


def measure(name: str, registry, user_id: int, options) -> dict:
    works = (Create, CreateWithErrors, Write, Unlink, Upsert, Load, LoadWithErrors, LoadWithKey)
    simple = {work.name: work for work in works}
    if name in simple:
        work = simple[name](options.size, options.chunk_size)
        result = compare(registry, user_id, work, options.repeat)
        if name == "upsert":
            result["one_call_each"] = one_call_each(options.database)
        return result
    if name == "subdivisions":
        return compare(registry, user_id, Subdivisions(options.chunk_size), options.repeat)
    if name == "parallel":
        databases = [f"{options.database}_parallel_{number}" for number in (1, 2)]
        return parallel(databases, user_id, 2 * options.size, options.repeat)
    if name == "beside":
        database = f"{options.database}_parallel_2"
        return beside(database, user_id, options.size, options.chunk_size, options.repeat)
    if name == "claims":
        return claims(registry)
    if name == "path":
        return path(registry, user_id, options.size, options.chunk_size, options.repeat)
    works = [kind(options.size, options.chunk_size) for kind in simple.values()]
    return costs(registry, user_id, works, options.repeat)


def admin_id(cr) -> int:
    cr.execute("SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'user_admin'")
    return cr.fetchone()[0]


if __name__ == "__main__":
    sys.exit(main())
