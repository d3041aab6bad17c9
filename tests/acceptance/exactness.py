"""What "nothing is lost, nothing is done twice" means, checked to the last record."""

ITEM = "test.batch.item"


def create(name, **values):
    return {"op": "create", "model": ITEM, "values": {"name": name, **values}}


def call(method, *, ids=(), each=False, **kwargs):
    operation = {"op": "call", "model": ITEM, "method": method, "kwargs": kwargs}
    if ids:
        operation |= {"ids": list(ids), "each": each}
    return operation


def creates(prefix, count, before=(), after=()):
    """Creates of items with a number each. Some wait at a gate `before` their write or `after` it:
    place -> number of the gate."""
    operations = [create(f"{prefix} {number}") for number in range(count)]
    for when, places in (("before", before), ("after", after)):
        for place, gate in dict(places).items():
            kwargs = {"name": f"{prefix} {place}", when: gate}
            operations[place] = call("create_gated", **kwargs)
    return operations


def names_of(operations):
    """The name of the item that each operation makes, None for one that makes none."""
    return [(o.get("values") or o.get("kwargs") or {}).get("name") for o in operations]


def assert_exact(database, rpc, job, operations, prefix):
    """The job ends done: every operation once, every outcome right, nothing left over."""
    assert_counters(rpc.wait(job), "done", succeeded=len(operations))
    outcomes = rpc.results(job)
    assert [outcome["index"] for outcome in outcomes] == list(range(len(operations)))
    assert {outcome["state"] for outcome in outcomes} == {"done"}
    assert_records(database, operations, outcomes, prefix)
    assert_nothing_runs(database, job)


def assert_counters(status, state, succeeded=0, failed=0, skipped=0):
    names = ("state", "total", "succeeded", "failed", "skipped", "remaining")
    total = succeeded + failed + skipped
    right = (state, total, succeeded, failed, skipped, 0)
    assert tuple(status[name] for name in names) == right


def assert_records(database, operations, outcomes, prefix):
    """The items are those of the operations that are done, each with its outcome's id."""
    known = dict(
        database.rows("SELECT name, id FROM test_batch_item WHERE name LIKE %s", f"{prefix}%")
    )
    said = {
        name: outcome["ids"] or outcome["value"]
        for name, outcome in zip(names_of(operations), outcomes, strict=True)
        if name and outcome["state"] == "done"
    }
    assert said == {name: [record] for name, record in known.items()}


def assert_nothing_runs(database, job):
    """Every chunk ended and was counted, once; no lock outlives its chunk."""
    states = database.column("SELECT DISTINCT state FROM batch_job_chunk WHERE job_id = %s", job)
    assert states == ["done"]
    assert (
        database.column("SELECT id FROM batch_job_chunk WHERE job_id = %s AND NOT folded", job)
        == []
    )
    counted, total, needs_runner = database.rows(
        "SELECT sum(c.succeeded + c.failed + c.skipped), j.total, j.needs_runner"
        " FROM batch_job j JOIN batch_job_chunk c ON c.job_id = j.id WHERE j.id = %s"
        " GROUP BY j.id",
        job,
    )[0]
    assert (counted, needs_runner) == (total, False)
    assert database.chunk_locks() == 0
