"""PostgreSQL keeps the plans of a session; those of a small table may not fit a large one."""

from odoo.tests import tagged

from .races import ITEM, ItemRaceCase


@tagged("post_install", "-at_install")
class TestKeptPlans(ItemRaceCase):
    cleans = (ITEM,)

    def test_the_first_chunk_of_a_job(self):
        """After its first, short steps, a table that has grown is looked into by its index."""
        runner = self.runner()
        self.keep_a_plan_of_a_small_table(runner.cr)
        self.submit(self.creates("small", 6), chunk_size=3)
        runner.step()
        self.assertIn("Index", self.plan(runner.cr))

    def keep_a_plan_of_a_small_table(self, cr):
        cr.execute("CREATE TEMPORARY TABLE growing (id int PRIMARY KEY)")
        cr.execute("INSERT INTO growing VALUES (1); ANALYZE growing")
        cr.commit()  # pylint: disable=invalid-commit
        cr.execute("SET plan_cache_mode = force_generic_plan")
        cr.execute("PREPARE is_there (int) AS SELECT FROM growing WHERE id = $1 FOR KEY SHARE")
        self.assertIn("Seq Scan", self.plan(cr))
        cr.execute("INSERT INTO growing SELECT generate_series(2, 10000)")
        cr.commit()  # pylint: disable=invalid-commit
        self.assertIn("Seq Scan", self.plan(cr))
        cr.rollback()
        self.addCleanup(
            cr.execute, "DEALLOCATE is_there; RESET plan_cache_mode; DROP TABLE growing"
        )

    def plan(self, cr):
        cr.execute("EXPLAIN EXECUTE is_there (1)")
        return "\n".join(line for (line,) in cr.fetchall())
