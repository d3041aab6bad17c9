"""The speed of a job over its time at work."""

from datetime import datetime, timedelta

from odoo.exceptions import MissingError
from odoo.tests import new_test_user, tagged

from .view_cases import GROUPS, ViewsCase, create

NINE = datetime(2026, 1, 2, 9)


@tagged("post_install", "-at_install")
class TestThroughput(ViewsCase):
    def setUp(self):
        super().setUp()
        self.job = self.execute(create(name="A"))
        self.env.cr.execute("DELETE FROM batch_job_chunk WHERE job_id = %s", self.job.ids)

    def landed(self, *chunks):
        """Chunks of (seconds since nine, seconds at work, rows, failed rows)."""
        chunk = self.env["batch.job.chunk"]
        for since, seconds, rows, failed in chunks:
            chunk._cut(
                {"id": self.job.id, "user_id": self.owner.id, "company_id": None},
                0,
                rows - 1,
                state="done",
                started_at=NINE + timedelta(seconds=since),
                duration=seconds,
                size=rows,
                succeeded=rows - failed,
                failed=failed,
            )

    def found(self):
        answer = self.job.throughput()
        points = answer["points"]
        return answer["seconds"], [(one["rate"], one["failed_rate"]) for one in points], points

    def test_nothing_has_run(self):
        """A job of which nothing has landed has no points."""
        self.assertEqual(self.job.throughput(), {"seconds": 0.0, "points": []})

    def test_chunks_are_spread_over_their_time(self):
        """A chunk counts in all the seconds in which it was at work; two at once add up."""
        self.landed((0, 4, 40, 8), (2, 2, 10, 0))
        seconds, rates, points = self.found()
        self.assertEqual(seconds, 1.0)
        self.assertEqual(rates, [(10.0, 2.0), (10.0, 2.0), (15.0, 2.0), (15.0, 2.0)])
        self.assertEqual(points[0]["at"], "2026-01-02T09:00:00+00:00")

    def test_a_wait_and_a_pause(self):
        """In a wait of seconds the speed is zero; a pause of an hour is left out."""
        self.landed((0, 2, 20, 0), (4, 2, 40, 0), (3606, 2, 60, 60))
        _seconds, rates, points = self.found()
        fast, faster, failed = (10.0, 0.0), (20.0, 0.0), (30.0, 30.0)
        self.assertEqual(rates, [fast, fast, (0, 0), (0, 0), faster, faster, failed, failed])
        self.assertEqual(
            [one["at"][11:19] for one in points[2:7:2]], ["09:00:02", "09:00:04", "10:00:06"]
        )

    def test_a_long_job_has_as_many_points(self):
        """A long job has 60 points, and no row is lost in them."""
        self.landed(*((10 * number, 10, 50, 1) for number in range(90)))
        seconds, rates, _points = self.found()
        self.assertEqual((seconds, rates), (15.0, [(5.0, 0.1)] * 60))

    def test_a_short_job(self):
        """A job of a tenth of a second has the speed of that tenth."""
        self.landed((0, 0.1, 20, 0))
        self.assertEqual(self.found()[:2], (0.1, [(200.0, 0.0)]))

    def test_who_may_ask(self):
        """Who may read the job may ask: a manager, and nobody else."""
        self.landed((0, 1, 10, 0))
        self.assertEqual(len(self.job.with_user(self.manager).throughput()["points"]), 1)
        other = new_test_user(self.env, "throughput_other", GROUPS)
        with self.assertRaises(MissingError):
            self.job.with_user(other).throughput()
