import functools
import json

from lxml import etree

from odoo.tests import tagged

from ..dispatch.admission import Admission
from ..engine.outcomes import Outcome
from .plan_cases import OURS, PlanCase

OLD_JOBS = 20_000
FILL_OLD_JOBS = """
    WITH old AS (
        INSERT INTO batch_job (name, user_id, policy, state, total, succeeded, failed, skipped,
                               needs_runner, next_position, parts, max_parallel, chunk_size,
                               priority, rate, finished_at)
        SELECT 'old', %(user)s, 'isolate', 'done', 1, 1, 0, 0, FALSE, 1, 0, 1, 0, 10, 0.0, now()
          FROM generate_series(1, %(old)s)
     RETURNING id)
    INSERT INTO batch_job_chunk
           (job_id, owner_id, first_position, last_position, state, attempt, lost, conflicts,
            suspect, folded, size, duration, succeeded, failed, skipped)
    SELECT id, %(user)s, 0, 0, 'done', 1, 0, 0, FALSE, TRUE, 1, 0.5, 1, 0, 0
      FROM old
"""


def shown_by(model, kind):
    """What a view asks of the server, from its fields."""
    view = model.get_view(view_type=kind)
    return specification(model, etree.fromstring(view["arch"]))


def specification(model, node):
    asked = {}
    for child in node:
        name = child.get("name")
        if child.tag != "field" or name not in model._fields:
            asked |= specification(model, child) if isinstance(child.tag, str) else {}
            continue
        field = model._fields[name]
        asked[name] = {}
        if field.type in ("one2many", "many2many"):
            inner = specification(model.env[field.comodel_name], child)
            asked[name] = {"fields": inner, "limit": 40}
        elif field.type == "many2one":
            asked[name] = {"fields": {"display_name": {}}}
    return asked


@tagged("post_install", "-at_install")
class TestQueryPlan(PlanCase):
    """A job of 200,000 operations, half done, among 20,000 old jobs: what runs often stays fast."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.job = cls.new_job()
        cls.cr.execute(FILL_OLD_JOBS, {"user": cls.admin.id, "old": OLD_JOBS})
        cls.cr.execute("ANALYZE batch_job, batch_job_chunk, batch_job_operation")
        cls.commit()

    def assert_indexed(self, queries, tables):
        """No plan reads a table from end to end, none expects many rows of one; together they
        touch `tables`."""
        touched = set()
        for query in queries:
            for node in self.plan(query):
                if OURS.fullmatch(node.get("Relation Name", "")):
                    touched.add(node["Relation Name"])
                    self.assertNotEqual(node["Node Type"], "Seq Scan", query)
                    self.assertLess(node["Plan Rows"], 5_000, json.dumps(node) + query)
        self.assertEqual(touched, tables)

    def test_claim_needs_indexes_only(self):
        """Nothing that a claim asks or writes needs more than an index."""
        runner = self.runner()
        queries = self.statements(runner.cr, runner.claim)
        self.assertGreater(len(queries), 8)
        self.assert_indexed(queries, {"batch_job", "batch_job_chunk"})

    def test_admission_takes_one_indexed_query(self):
        """What is open is added up from the rows of open jobs."""
        queries = self.statements(self.cr, lambda: Admission(self.env)._open(self.admin.id))
        self.assertEqual(len(queries), 1)
        self.assert_indexed(queries, {"batch_job"})

    def test_read_and_write_of_a_chunk(self):
        """The operations of a chunk in the midst of the job are found by their positions, and so
        they are when their outcomes are written."""
        operations, first = self.env["batch.job.operation"], self.REST + self.CHUNK
        positions = range(first, first + self.CHUNK)
        outcomes = [Outcome(position, "done", ids=[position]) for position in positions]

        def work():
            pending = operations._pending(self.job.id, positions[0], positions[-1])
            self.assertEqual([operation.position for operation in pending], list(positions))
            operations._record(self.job.id, outcomes)

        queries = self.statements(self.cr, work)
        self.assertEqual(len(queries), 2)
        self.assert_indexed(queries, {"batch_job_operation"})

    def test_stages_are_found_by_position(self):
        """Where a stage ends, and what kinds a chunk holds, is found by the positions of one
        chunk."""
        operations, first = self.env["batch.job.operation"], self.REST

        def look():
            starts = operations._stage_starts(self.job.id, first - 1, first + self.CHUNK)
            self.assertEqual([position for position, _kind, _model in starts], [first - 1])
            kinds = operations._kinds_of(self.job.id, first, first + self.CHUNK - 1)
            self.assertEqual(kinds, [(starts[0][1], "test.batch.item")])

        queries = self.statements(self.cr, look)
        self.assertEqual(len(queries), 2)
        self.assert_indexed(queries, {"batch_job_operation"})

    def test_status_counts_nothing(self):
        """Status reads the job's row and looks for chunks that nobody works on; it counts nothing
        and does not touch the operations."""
        self.renew()
        self.cr.execute(
            "UPDATE batch_job SET last_claimed_at = NULL, last_folded_at = NULL,"
            " queued_at = queued_at - interval '1 hour' WHERE id = %s",
            [self.job.id],
        )
        queries = self.statements(self.cr, self.job.status)
        self.assert_indexed(queries, {"batch_job", "batch_job_chunk"})
        self.assertEqual([query for query in queries if "count(" in query.lower()], [])

    def test_screens_scan_nothing(self):
        """The form of the job, the list and the board of all jobs, and the speed read a few
        operations by an index; nothing is counted, added up or scanned."""
        self.renew()
        jobs = self.env["batch.job"].with_user(self.admin)
        job = jobs.browse(self.job.id)
        screens = {
            "form": lambda: job.web_read(shown_by(jobs, "form")),
            "list": lambda: jobs.web_search_read([], shown_by(jobs, "list"), limit=80),
            "board": lambda: jobs.web_search_read([], shown_by(jobs, "kanban"), limit=40),
            "columns": lambda: jobs.web_read_group([], ["state"], ["__count"]),
            "speed": job.throughput,
        }
        for name, opened in screens.items():
            with self.subTest(name):
                jobs.invalidate_model()
                queries = self.statements(self.cr, opened)
                self.assertTrue(queries)
                for query in queries:
                    if "batch_job_operation" in query or "batch_job_chunk" in query:
                        self.assert_reads_few(query)

    def assert_reads_few(self, query):
        self.assertNotIn("batch_job_operation", query if "count(" in query.lower() else "")
        for node in self.plan(query, "EXPLAIN (ANALYZE, FORMAT JSON)"):
            if OURS.fullmatch(node.get("Relation Name", "")):
                self.assertNotEqual(node["Node Type"], "Seq Scan", query)
                read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                self.assertLess(read * node["Actual Loops"], 1_000, query)

    def test_results_are_found_by_first_index(self):
        """A page of results, also one filtered by state, is found by its first index."""
        for state, after in ((None, -1), (None, 150_000), ("pending", 99_990), ("done", 50_000)):
            with self.subTest(state=state, after=after):
                page = functools.partial(self.job.results, state, after, 1000)
                queries = self.statements(self.cr, page)
                queries = [query for query in queries if "batch_job_operation" in query]
                # the second one where the first rows are of another state
                self.assertEqual(len(queries), 2 if after == 99_990 else 1)
                for query in queries:
                    kinds = [node["Node Type"] for node in self.plan(query)]
                    self.assertEqual(kinds, ["Limit", "Index Scan"])
