"""Large jobs made by SQL, and what statements read of them."""

import re

from .races import RaceCase

STATEMENT = re.compile(r"^\s*(SELECT|UPDATE|INSERT|DELETE|WITH)\b")
OURS = re.compile(r"\bbatch_job(_operation|_chunk)?\b")

FILL_OPERATIONS = """
    INSERT INTO batch_job_operation
           (job_id, owner_id, index, position, op, model, payload, ref, makes, state, record_ids,
            subject)
    SELECT %(job)s, %(user)s, n, n, 'create', 'test.batch.item',
           jsonb_build_object('values', jsonb_build_object('name', 'Acme ' || n)),
           'ref-' || n, 'made-' || n,
           CASE WHEN n < %(done)s THEN 'done' ELSE 'pending' END, to_jsonb(ARRAY[n]),
           'Acme ' || n
      FROM generate_series(0, %(total)s - 1) n
"""
FILL_CHUNKS = """
    INSERT INTO batch_job_chunk
           (job_id, owner_id, first_position, last_position, state, attempt, lost, conflicts,
            suspect, folded, size, duration, succeeded, failed, skipped)
    SELECT %(job)s, %(user)s, n, n + %(chunk)s - 1, 'done', 1, 0, 0,
           FALSE, TRUE, %(chunk)s, 0.5, %(chunk)s, 0, 0
      FROM generate_series(0, %(done)s - 1, %(chunk)s) n
"""


class PlanCase(RaceCase):
    """One large job, half done, for all tests of the class."""

    OPERATIONS = 200_000
    CHUNK = 500
    REST = OPERATIONS // 2  # where the second half begins

    @classmethod
    def new_job(cls):
        """Half done and at work; not committed."""
        jobs = cls.env["batch.job"].with_user(cls.admin)
        first = {"op": "create", "model": "test.batch.item", "values": {"name": "x"}}
        job = jobs.browse(jobs.submit([first], chunk_size=cls.CHUNK)["id"])
        sizes = {
            "job": job.id,
            "user": cls.admin.id,
            "total": cls.OPERATIONS,
            "done": cls.REST,
            "chunk": cls.CHUNK,
        }
        cls.cr.execute("DELETE FROM batch_job_operation WHERE job_id = %(job)s", sizes)
        cls.cr.execute(FILL_OPERATIONS, sizes)
        cls.cr.execute(FILL_CHUNKS, sizes)
        cls.cr.execute(
            "UPDATE batch_job SET total = %(total)s, succeeded = %(done)s, state = 'running',"
            " next_position = %(done)s WHERE id = %(job)s",
            sizes,
        )
        return job

    def forget_jobs(self):
        """All of it serves every test of the class."""

    def statements(self, cr, function):
        """What a function asks of our tables, as PostgreSQL got it."""
        seen, execute = [], cr.execute

        def listen(*args, **kwargs):
            result = execute(*args, **kwargs)
            seen.append(cr.query.decode())
            return result

        cr.execute = listen
        try:
            function()
        finally:
            del cr.execute
        return [query for query in seen if STATEMENT.match(query) and OURS.search(query)]

    def plan(self, query, explain="EXPLAIN (FORMAT JSON)"):
        """The nodes of a query's plan, from the top."""
        self.cr.execute(" ".join([explain, query]))
        ((plan,),) = self.cr.fetchone()
        return list(nodes(plan["Plan"]))


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)
