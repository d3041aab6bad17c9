"""Orders with their partners and lines as one job of operations that refer to each other."""

from exactness import assert_counters, assert_nothing_runs

LINES = 5
FAULTY = range(5, 1_000, 100)  # ten of a thousand orders
FAULT = (
    "ALTER TABLE res_partner ADD CONSTRAINT fault CHECK (city IS DISTINCT FROM 'faulty') NOT VALID"
)
MENDED = "ALTER TABLE res_partner DROP CONSTRAINT fault"


def create(model, ref=None, **values):
    return {"op": "create", "model": model, "values": values, "ref": ref}


def operations(prefix, orders, order_model, line_model, faulty=(), **line_values):
    """Partners and orders as they come, the lines after all of them."""
    made = []
    for n in range(orders):
        city = "faulty" if n in faulty else "sound"
        made += [
            create("res.partner", f"p{n}", name=f"{prefix} {n}", city=city),
            create(order_model, f"o{n}", name=f"{prefix} {n}", partner_id={"$ref": f"p{n}"}),
        ]
    for n in range(orders):
        made += [
            create(line_model, order_id={"$ref": f"o{n}"}, name=f"{prefix} {n}.{k}", **line_values)
            for k in range(LINES)
        ]
    return made


def assert_orders(database, prefix, orders, lines, numbers):
    """Exactly these orders exist, each with the partner of its name and its five lines."""
    rows = database.rows(
        f"SELECT o.name, p.name, array_agg(l.name ORDER BY l.name) FROM {orders} o"
        f" JOIN res_partner p ON p.id = o.partner_id LEFT JOIN {lines} l ON l.order_id = o.id"
        " WHERE o.name LIKE %s GROUP BY o.id, p.id",
        f"{prefix} %",
    )
    expected = [
        (f"{prefix} {n}", f"{prefix} {n}", [f"{prefix} {n}.{k}" for k in range(LINES)])
        for n in numbers
    ]
    assert sorted(rows) == sorted(expected)
    (count,) = database.column("SELECT count(*) FROM res_partner WHERE name LIKE %s", f"{prefix} %")
    assert count == len(expected)


def run_orders(
    database, rpc, say, prefix, order_model, line_model, line_values=None, orders=1_000, **options
):
    """Run the job with partners that fail, then retry it with the fault mended."""
    tables = [model.replace(".", "_") for model in (order_model, line_model)]
    database.rows(FAULT)
    faulty = [n for n in FAULTY if n < orders]
    made = operations(prefix, orders, order_model, line_model, faulty, **(line_values or {}))
    job = rpc.submit(made, chunk_size=100, **options)
    status = rpc.wait(job, patience=300)
    say(f"{prefix}: {status['rate']:.0f} operations/s")
    skipped = len(faulty) * (1 + LINES)
    done = orders * (2 + LINES) - len(faulty) - skipped
    assert_counters(status, "partial", succeeded=done, failed=len(faulty), skipped=skipped)
    assert_orders(database, prefix, *tables, set(range(orders)) - set(faulty))
    assert_reasons(rpc.results(job), orders, faulty)
    assert_nothing_runs(database, job)
    database.rows(MENDED)
    rpc.job("retry", job)
    assert_counters(rpc.wait(job, patience=300), "done", succeeded=orders * (2 + LINES))
    assert_orders(database, prefix, *tables, range(orders))
    assert {one["error"] for one in rpc.results(job)} == {None}


def assert_reasons(outcomes, orders, faulty):
    """Each failed partner takes its order along, and that its lines; each says which."""
    for n in faulty:
        partner, order = outcomes[2 * n : 2 * n + 2]
        lines = outcomes[2 * orders + LINES * n : 2 * orders + LINES * (n + 1)]
        assert (partner["state"], partner["error"]["type"]) == ("failed", "constraint")
        assert {one["state"] for one in [order, *lines]} == {"skipped"}
        assert {one["error"]["type"] for one in [order, *lines]} == {"reference"}
        assert f"'p{n}', operation {2 * n}, is failed" in order["error"]["message"]
        for line in lines:
            assert f"'o{n}', operation {2 * n + 1}, is skipped" in line["error"]["message"]
