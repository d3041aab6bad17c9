"""What screens read of a large job with failures, among thousands of old jobs, and how."""

import functools
import runpy
from pathlib import Path

from odoo.tests import tagged

from .plan_cases import OURS, PlanCase

BENCH = Path(__file__).parent.parent / "scripts/_bench"
LARGE = runpy.run_path(str(BENCH / "large_job.py"))
SCREENS = runpy.run_path(str(BENCH / "screen_calls.py"))
CALLS, FIELDS_OF = SCREENS["CALLS"], SCREENS["fields_of"]
OLD_JOBS = 5_000
# rows; of operations the 10,001 that Odoo counts of a list, and some of other jobs before them
MOST_READ = {"batch_job": 1_000, "batch_job_chunk": 1_000, "batch_job_operation": 10_500}
ALL_JOBS = ("list", "board", "graph", "pivot")
MOST_RECORDS = 25_000  # the button opens 20,000, and one row in thirty has failed
MANAGER = "base.group_user,batch_job.group_manager"

FILL_JOBS = """
    INSERT INTO batch_job (name, user_id, policy, state, total, succeeded, failed, skipped,
                           needs_runner, next_position, parts, max_parallel, chunk_size, priority,
                           rate, create_date, queued_at, finished_at)
    SELECT 'old', %(user)s, 'isolate', CASE WHEN n %% 3 = 0 THEN 'partial' ELSE 'done' END,
           1, 1, 0, 0, FALSE, 1, 0, 1, 0, 10, 0.0, t, t, t
      FROM (SELECT n, now() - n * interval '10 min' AS t FROM generate_series(1, %(old)s) n) n
"""
FILL_CHUNKS = """
    INSERT INTO batch_job_chunk
           (job_id, owner_id, first_position, last_position, state, attempt, lost, conflicts,
            suspect, folded, size, duration, succeeded, failed, skipped, runner, started_at)
    SELECT id, user_id, 0, 0, 'done', 1, 0, 0, FALSE, TRUE, 1, 0.5, 1, 0, 0, 0, finished_at + part
      FROM batch_job, unnest('{0 s,1 s,2 s}'::interval[]) part
     WHERE name = 'old'
"""


@tagged("post_install", "-at_install")
class TestScreenPlans(PlanCase):
    """A job of 50,000 operations, of which 1,500 failed, and 5,000 old ones with 15,000 chunks."""

    TIMES = 100

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.new_user("plans_manager", MANAGER)
        cls.job = cls.new_job()
        cls.cr.execute(FILL_JOBS, {"user": cls.admin.id, "old": OLD_JOBS})
        cls.cr.execute(FILL_CHUNKS)
        cls.cr.execute("ANALYZE batch_job, batch_job_chunk, batch_job_operation")
        cls.commit()

    @classmethod
    def new_job(cls):
        """A small one that really ran, made large."""
        size = LARGE["OPERATIONS"]
        jobs = cls.env["batch.job"].with_user(cls.admin)
        job = jobs.browse(jobs.submit(LARGE["operations"](), chunk_size=size)["id"])
        cls.run_jobs(cls)
        LARGE["multiply"](cls.cr, job.id, cls.TIMES)
        return job

    def asks(self, call):
        """What a screen asks, as a function."""
        env = self.env(user=self.manager if call.is_managers else self.admin)
        return call.make(env, self.job.with_env(env))

    def read_by(self, query):
        """How a query reads each of our tables, and how many rows of it."""
        for node in self.plan(query, "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON)"):
            if OURS.fullmatch(node.get("Relation Name", "")):
                rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
                rows += node.get("Rows Removed by Index Recheck", 0)
                yield node["Node Type"], node["Relation Name"], rows * node["Actual Loops"]

    def test_the_large_job(self):
        """The job is what a real one of its size would be: its counts add up, also by cause."""
        status = self.job.status()
        self.assertEqual(
            [status[name] for name in ("state", "total", "succeeded", "failed", "remaining")],
            ["partial", 50_000, 48_500, 1_500, 0],
        )
        self.assertEqual([cause["count"] for cause in self.job.causes], [400] * 3 + [300])
        self.cr.execute(
            "SELECT count(*) FILTER (WHERE state = 'failed'), count(DISTINCT position),"
            " max(position) FROM batch_job_operation WHERE job_id = %s",
            [self.job.id],
        )
        self.assertEqual(self.cr.fetchone(), (1_500, 50_000, 49_999))

    def test_screens_read_few_rows(self):
        """No screen scans the operations, nor reads more operations or chunks than Odoo counts of a
        list. Only lists, boards, graphs and pivots of jobs read all jobs, to count them: Odoo
        does."""
        asked = 0
        for call in CALLS:
            queries = self.statements(self.cr, self.asks(call))
            asked += bool(queries)
            for query in queries:
                for kind, table, rows in self.read_by(query):
                    if table == "batch_job" and call.screen in ALL_JOBS:
                        continue
                    scan = ("batch_job_operation", "Seq Scan")
                    most = MOST_RECORDS if call.name == "Records" else MOST_READ[table]
                    with self.subTest(call.screen, call=call.name, table=table):
                        self.assertLessEqual(rows, most, query)
                        # a count of all rows may read the first 10,001 in any order
                        if not query.endswith("LIMIT 10001) t"):
                            self.assertNotEqual(scan, (table, kind), query)
            self.renew()
        self.assertGreater(asked, len(CALLS) / 2)  # some dialogs open without a query

    def test_pages(self):
        """A page of rows reads its own rows: of all, of a cause, of those that failed or were not
        done."""
        for call in CALLS:
            if call.screen != "rows":
                continue
            queries = self.statements(self.cr, self.asks(call))
            (page,) = [query for query in queries if query.endswith("LIMIT 80")]
            ((_kind, _table, rows),) = self.read_by(page)
            with self.subTest(call.name):
                self.assertEqual(rows, 80, page)
            self.renew()

    def test_a_page_of_jobs(self):
        """A list of 80 jobs asks as often as one of ten, also of jobs that wait."""
        self.have_waiting(80)
        jobs = self.env["batch.job"].with_user(self.admin)
        asked = FIELDS_OF(jobs, "list")
        counts = []
        for limit in (10, 10, 80):  # the first one reads views and words
            self.renew()
            read = functools.partial(jobs.web_search_read, [], asked, limit=limit)
            counts.append(len(self.statements(self.cr, read)))
        self.assertEqual(counts[2], counts[1])

    def test_overview_reads_no_operation(self):
        """The overview reads jobs and chunks, and no more of them when twenty jobs run."""
        ask = self.env["batch.job"].with_user(self.manager).overview
        self.have_running(1)
        few = self.statements(self.cr, ask)
        self.assertFalse([query for query in few if "batch_job_operation" in query])
        self.have_running(19)
        self.assertEqual(len(ask()["jobs"]), 20)
        self.renew()
        self.assertEqual(len(self.statements(self.cr, ask)), len(few))

    def have_waiting(self, count):
        """Jobs to which nothing has happened for an hour."""
        self.cr.execute(
            "UPDATE batch_job SET state = 'queued', queued_at = now() - interval '1 hour',"
            " last_claimed_at = NULL, last_folded_at = NULL"
            " WHERE id IN (SELECT id FROM batch_job ORDER BY id DESC LIMIT %s)",
            [count],
        )
        self.commit()

    def have_running(self, count):
        for _n in range(count):
            job = self.submit(LARGE["operations"]()[:1])
            self.locked(job).set(state="running")
        self.commit()
