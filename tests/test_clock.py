from odoo.tests import tagged

from ..dispatch.stalled import Stalled
from .races import RaceCase

RATE = "SELECT rate FROM batch_job WHERE id = %s"
HOUR = "interval '1 hour'"
NOW = "clock_timestamp() AT TIME ZONE 'UTC'"


@tagged("post_install", "-at_install")
class TestClockSetBack(RaceCase):
    """The clock was set back an hour while jobs were at work: what is stored lies in the future."""

    def began_before(self, user=None, name="", **options):
        """A job of five chunks of which one was done when the clock was an hour ahead."""
        name = f"{self._testMethodName} {name}"
        job = self.submit(self.creates(name, 5), user, chunk_size=1, **options)
        self.runner().step()
        self.cr.execute(
            f"UPDATE batch_job SET published_at = published_at + {HOUR},"
            f" queued_at = queued_at + {HOUR}, started_at = started_at + {HOUR},"
            f" last_claimed_at = last_claimed_at + {HOUR},"
            f" last_folded_at = last_folded_at + {HOUR} WHERE id = %s",
            [job.id],
        )
        self.commit()
        return job

    def test_a_chunk_that_was_put_back(self):
        """A wait that is longer than any wait is none: the chunk is claimed at once."""
        job = self.began_before()
        runner = self.runner()
        claim = runner.claim()
        runner.lose_its_locks()
        for ahead, is_claimed in (("50 s", False), ("1 hour", True)):
            self.cr.execute(
                "UPDATE batch_job_chunk SET state = 'queued',"
                f" not_before = {NOW} + %s::interval WHERE id = %s",
                [ahead, claim.chunk_id],
            )
            self.commit()
            again = runner.claim()
            self.assertEqual(again and again.chunk_id, claim.chunk_id if is_claimed else None)
        runner.work(again)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=5)

    def test_users_take_turns_at_once(self):
        """Users take turns from now on; nobody waits until the clock has caught up."""
        other = self.new_user("clock_user")
        jobs = {
            self.began_before(name="mine").id: "mine",
            self.began_before(other, "other").id: "other",
        }
        runner = self.runner()
        order = [jobs[runner.step().job["id"]] for _turn in range(6)]
        self.assertEqual(order[::2], [order[0]] * 3)
        self.assertEqual(order[1::2], [order[1]] * 3)
        self.assertNotEqual(order[0], order[1])

    def test_turns_of_one_user(self):
        """So do the jobs of a user."""
        jobs = [self.began_before(name=name) for name in ("one", "two")]
        runner = self.runner()
        order = [runner.step().job["id"] for _turn in range(4)]
        self.assertEqual(sorted(order), sorted([job.id for job in jobs] * 2))

    def test_no_rate_is_negative(self):
        """No rate and no duration is negative, then or later."""
        job = self.began_before()
        runner = self.runner()
        while runner.step():
            self.assertGreaterEqual(self.ask(RATE, job.id)[0], 0)
        self.assertGreater(self.ask(RATE, job.id)[0], 0)
        self.assertEqual(job.duration_text, "less than a second")
        self.assert_counters(job, "done", succeeded=5)

    def test_screen_is_told_of_the_next_chunk(self):
        """The screen is told of the next chunk, not an hour later."""
        job = self.began_before()
        self.runner().claim()
        query = f"SELECT published_at <= {NOW} FROM batch_job WHERE id = %s"
        self.assertEqual(self.ask(query, job.id), (True,))

    def test_who_watches_still_wakes_the_runners(self):
        """A job that nobody works for is a forgotten one, although it was touched "later"."""
        job = self.began_before()
        self.assertTrue(Stalled(self.env).is_forgotten(job.sudo()))


@tagged("post_install", "-at_install")
class TestClockSetForward(RaceCase):
    """The clock jumped an hour ahead: what is stored lies long ago."""

    def test_rate_drops_and_recovers(self):
        """The rate drops, as nobody can tell an hour of work from a jump, and recovers."""
        job = self.submit(self.creates(self._testMethodName, 4), chunk_size=1)
        runner = self.runner()
        runner.step()
        self.cr.execute(
            f"UPDATE batch_job SET last_folded_at = last_folded_at - {HOUR} WHERE id = %s", [job.id]
        )
        self.commit()
        runner.step()
        low = self.ask(RATE, job.id)[0]
        self.assertTrue(0 < low < 0.01, low)
        self.run_to_end(job)
        self.assertGreater(self.ask(RATE, job.id)[0], low)
