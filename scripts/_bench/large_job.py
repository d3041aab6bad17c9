"""A large job made of a small one that really ran: its rows, many times."""

from __future__ import annotations

OPERATIONS = 500  # of the small job
BAD = ({"country_id": 2**31 - 1}, {"type": "nowhere"}, {"telephone": "1"}, {"name": False})

COUNTS = ("total", "succeeded", "failed", "skipped", "cancelled", "next_position")
# of each table: what goes on from copy to copy
PLACES = {
    "batch_job_operation": ("index", "position"),
    "batch_job_chunk": ("first_position", "last_position"),
}


def operations() -> list[dict]:
    """Creates of partners: 15 of them are bad, for one of four reasons each."""
    found = []
    for number in range(OPERATIONS):
        values = {"name": f"Partner {number}", "ref": f"R-{number}", "city": "Gent"}
        if number % 33 == 7:
            values |= BAD[number // 33 % 4]
        found.append({"op": "create", "model": "res.partner", "values": values})
    return found


def multiply(cr, job_id: int, times: int) -> None:
    """Make a job `times` as large: each operation and each chunk again, with its outcome.

    Whatever columns the tables have, a copy has what the small job's row has. The job's own counts
    and those of its causes grow alike.
    """
    cr.execute("SELECT total FROM batch_job WHERE id = %s", [job_id])
    [(size,)] = cr.fetchall()
    for table, places in PLACES.items():
        columns = _columns(cr, table)
        values = [f"{name} + n * {size}" if name in places else f'"{name}"' for name in columns]
        names = ", ".join(f'"{name}"' for name in columns)
        cr.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} FROM {table},"
            " generate_series(1, %s) n WHERE job_id = %s ORDER BY n, id",
            [times - 1, job_id],
        )
    assignments = ", ".join(f"{name} = {name} * %(times)s" for name in COUNTS)
    cr.execute(
        f"""
        UPDATE batch_job
           SET {assignments},
               cause_counts = (SELECT jsonb_agg(cause || jsonb_build_object(
                             'count', (cause->>'count')::int * %(times)s) ORDER BY n)
                           FROM jsonb_array_elements(cause_counts) WITH ORDINALITY AS c(cause, n))
         WHERE id = %(job)s
        """,
        {"times": times, "job": job_id},
    )


def _columns(cr, table: str) -> list[str]:
    cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_name = %s AND column_name != 'id' AND is_generated = 'NEVER'"
        " ORDER BY ordinal_position",
        [table],
    )
    return [name for (name,) in cr.fetchall()]
