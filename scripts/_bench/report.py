"""What was measured, as text."""

from __future__ import annotations

from statistics import median

WORDS = {
    "create": "creates",
    "create_bad": "creates, 1 % of them bad",
    "write": "writes of different values",
    "unlink": "unlinks",
    "upsert": "upserts, half of them known",
    "load": "rows loaded",
    "load_bad": "rows loaded, 1 % of them bad",
    "load_keyed": "rows loaded by key, half of them known",
    "subdivisions": "subdivisions of ISO 3166-2",
}
AGAINST = {
    "create_bad": "an in-process loop with savepoints",
    "subdivisions": "an in-process loop with a savepoint per record",
}


def heading(context: dict[str, str], command: str) -> None:
    print(f"$ {command}")
    for key, value in context.items():
        print(f"{key:>9}: {value}")


def show(result: dict) -> None:
    ways = {
        "parallel": _show_parallel,
        "beside": _show_beside,
        "costs": _show_costs,
        "claims": _show_claims,
        "path": _show_path,
    }
    ways.get(result["name"], _show_comparison)(result)


def _show_comparison(result: dict) -> None:
    median, name = result["median"], result["name"]
    against = AGAINST.get(name, "an in-process loop")
    print(f"\n{median['operations']:,.0f} {WORDS[name]}: a job against {against}")
    print("  round     job/s   loop/s   ratio   job CPU s   loop CPU s   CPU ratio")
    for number, one in enumerate([*result["rounds"], median], 1):
        label = "median" if one is median else number
        ratio = one.get("ratio") or one["job"] / one["loop"]
        cpu_ratio = one.get("cpu_ratio") or one["loop_cpu"] / one["job_cpu"]
        print(
            f"  {label:>6}{one['job']:>10,.0f}{one['loop']:>9,.0f}{ratio:>8.2f}"
            f"{one['job_cpu']:>12.2f}{one['loop_cpu']:>13.2f}{cpu_ratio:>12.2f}"
        )
    print(
        f"  with submission {median['job_with_submission']:,.0f}/s,"
        f" ratio {median['ratio_with_submission']:.2f}; submission of an operation"
        f" {median['submission_us']:.0f} µs, {median['submission_cpu_us']:.0f} µs CPU"
    )
    if result.get("one_call_each"):
        rate = result["one_call_each"]
        times = median["job_with_submission"] / rate
        print(f"  a search and a create or write each, by RPC: {rate:,.0f}/s; a job: {times:.0f} x")
    if median["job_failed"] or median["loop_failed"]:
        print(f"  failed: {median['job_failed']:.0f} of the job, {median['loop_failed']:.0f} here")


def _show_parallel(result: dict) -> None:
    print(f"\n{result['operations']:,} creates, max_parallel=2: two cron processes against one")
    print("  round     two/s    one/s   ratio")
    for number, one in enumerate([*result["rounds"], result["median"]], 1):
        label = "median" if one is result["median"] else number
        ratio = one.get("ratio") or one["two"] / one["one"]
        print(f"  {label:>6}{one['two']:>10,.0f}{one['one']:>9,.0f}{ratio:>8.2f}")


def _show_beside(result: dict) -> None:
    print(f"\n{result['operations']:,} operations, two cron processes: max_parallel=0 against 1")
    print("  kind          as many as pay/s    one/s   ratio")
    for one in result["rounds"]:
        ratio = one["as_many_as_pay"] / one["one"]
        rates = f"{one['as_many_as_pay']:>17,.0f}{one['one']:>9,.0f}"
        print(f"  {one['kind']:<13}{rates}{ratio:>8.2f}")
    for kind, ratio in result["median"].items():
        print(f"  median of {kind:<29}{ratio:>8.2f}")


def _show_costs(result: dict) -> None:
    tables = result["tables"]
    print(f"\nms of CPU (Python and PostgreSQL) for a chunk of {result['chunk_size']}")
    print(f"  {'':50}" + "".join(f"{name:>10}" for name in tables))
    for step in next(iter(tables.values())):
        print(f"  {step:50}" + "".join(f"{table[step]:10.2f}" for table in tables.values()))
    print(f"  {'all':50}" + "".join(f"{sum(table.values()):10.2f}" for table in tables.values()))
    print(f"  outcomes written in place (HOT): {100 * result['in_place']:.0f} %")


def _show_claims(result: dict) -> None:
    commit = median(one["commit_ms"] for one in result["rows"])
    print(f"\nreal claims, each chunk a wait of 0.5 to 1.5 s; a commit takes {commit:.1f} ms")
    print(
        "                           at once    claims a second         time           a claim, ms"
    )
    print(
        "  runners   jobs  users  of a job    made  possible    lost   idle   median   95 %   CPU"
    )
    for one in result["rows"]:
        print(
            f"  {one['runners']:>7}{one['jobs']:>7}{one['users']:>7}{one['max_parallel']:>10}"
            f"{one['claims']:>8.1f}{one['possible']:>10.0f}{100 * one['lost']:>6.1f} %"
            f"{100 * one['idle']:>5.0f} %{one['median_ms']:>9.1f}{one['slow_ms']:>7.1f}"
            f"{one['cpu_ms']:>6.1f}"
        )


def _show_path(result: dict) -> None:
    steps = result["steps"]
    print(f"\nµs of CPU (Python and PostgreSQL) for one of {result['operations']:,} creates")
    for step, spent in {**steps, "all": sum(steps.values())}.items():
        print(f"  {step:34}{spent:8.2f}")
