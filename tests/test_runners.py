from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..dispatch.runner import Runner
from ..dispatch.slots import RUNNERS_PARAMETER, Slots
from .races import ITEM, RaceCase


@tagged("post_install", "-at_install")
class TestRunners(RaceCase):
    """The number of runners is a setting; saving it never fails."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.save, runners=2)

    def save(self, runners):
        """As the page Settings does."""
        settings = self.env["res.config.settings"].with_user(self.admin)
        settings.create({"batch_job_runners": runners}).execute()
        self.commit()

    def active(self):
        self.renew()
        return Slots(self.env).all().mapped("active")

    def test_new_runner_has_not_looked_at_the_queue(self):
        """A runner that is added says so on the overview, whenever the first one has looked."""
        Slots(self.env).slot(0).lastcall = fields.Datetime.now()
        runners = len(Slots(self.env).all()) + 1
        self.save(runners)
        self.assertFalse(Slots(self.env).slot(runners - 1).lastcall)

    def test_more_and_fewer(self):
        """Scheduled actions are added, switched off, and switched on again."""
        self.assertEqual(self.active()[:2], [True, True])
        self.save(4)
        self.assertEqual(self.active()[:4], [True] * 4)
        slots = Slots(self.env).all()
        self.assertEqual(
            slots.mapped("code")[:4], [f"model._run_slot({number})" for number in range(4)]
        )
        self.save(1)
        self.assertEqual(self.active(), [True] + [False] * (len(slots) - 1))
        self.save(3)
        self.assertEqual(self.active()[:4], [True, True, True, False])
        self.assertEqual(len(self.active()), len(slots))

    def test_nonsense_is_refused(self):
        """Less than one and more than 128 are no numbers of runners."""
        for number in (0, -1, 129):
            refusal = self.assertRaisesRegex(ValidationError, "from 1 to 128")
            with self.subTest(number=number), refusal:
                self.save(number)
            self.renew()

    def test_more_than_connections(self):
        """There are no more runners than PostgreSQL has connections for; who asks for more is told
        how many and why."""
        with patch.object(Slots, "connections", lambda slots: 40):
            self.save(5)
            with self.assertRaises(ValidationError) as refused:
                self.save(6)
        self.assertEqual(
            refused.exception.args[0],
            "Up to 5 runners are possible. PostgreSQL grants 40 connections, of which 20 are left "
            "to HTTP workers and others, and a runner takes up to 4. For more runners, raise "
            "PostgreSQL's max_connections.",
        )

    def test_fewer_connections_than_before(self):
        """A number that was possible once hinders nobody who changes another setting."""
        self.save(6)
        with patch.object(Slots, "connections", lambda slots: 40):
            self.save(6)
        self.assertEqual(Slots(self.env).wanted_runners(), 6)

    def test_the_connections_of_this_server(self):
        """What is reserved for superusers is not granted to runners."""
        limit, reserved = self.ask(
            "SELECT current_setting('max_connections')::int,"
            " current_setting('superuser_reserved_connections')::int"
        )
        self.assertEqual(Slots(self.env).connections(), limit - reserved)

    def test_nobody_can_be_told_of_progress(self):
        """That PostgreSQL refuses to notify browsers, as it does when it has no connection left,
        takes no chunk from its worker and sets no job aside."""
        jobs = [
            self.submit(self.creates("untold", 4), chunk_size=2),
            self.submit(self.creates("untold, all", 4), policy="all"),
        ]
        loggers = ("dispatch.claim", "dispatch.work", "execution.transaction.commit")
        names = [f"odoo.addons.batch_job.{name}" for name in loggers]
        no_function = patch("odoo.addons.bus.models.bus.ODOO_NOTIFY_FUNCTION", "no_such_function")
        with no_function, mute_logger(*names):
            self.run_to_end(*jobs)
        for job in jobs:
            self.assert_counters(job, "done", succeeded=4)
            chunks = [(chunk.attempt, chunk.lost, chunk.conflicts) for chunk in job.chunk_ids]
            self.assertEqual(set(chunks), {(1, 0, 0)})

    def test_saving_while_a_runner_runs(self):
        """Odoo locks a scheduled action that runs: saving goes on without it, and it follows when
        another runner begins."""
        busy = Slots(self.env).slot(1)
        with self.registry.cursor() as cron:
            # as ir.cron does for the whole run
            cron.execute("SELECT FROM ir_cron WHERE id = %s FOR NO KEY UPDATE", [busy.id])
            self.save(1)
            self.assertEqual(self.active()[:2], [True, True])
        self.run_jobs(slot=0)
        self.assertEqual(self.active()[:2], [True, False])

    def test_what_was_switched_off_stays_off(self):
        """Somebody archived a scheduled action, or the database is a neutralized copy: neither a
        saved page without another number nor a runner at work switches it on again."""
        Slots(self.env).slot(1).active = False
        self.commit()
        self.addCleanup(self.save, runners=3)
        self.save(2)
        self.submit_and_run(self.creates("switched off", 1))
        self.assertEqual(self.active()[:2], [True, False])

    def test_a_slot_that_somebody_deleted(self):
        """The others keep their numbers, and saving the setting makes it anew."""
        self.save(3)
        slots = Slots(self.env).all()
        slots[1].unlink()
        self.commit()
        self.run_jobs(slot=2)
        self.assertEqual(Slots(self.env).slot(2), slots[2])
        self.save(2)
        self.assertEqual(self.active()[:3], [True, True, False])
        codes = Slots(self.env).all().mapped("code")
        self.assertEqual(codes[:3], [f"model._run_slot({number})" for number in range(3)])

    def test_a_superfluous_runner_does_nothing(self):
        """A runner beyond the number claims nothing, although it may still be active."""
        self.save(1)
        job = self.submit(self.creates("superfluous", 1))
        self.run_jobs(slot=1)
        self.assert_counters(job, "queued", remaining=1)
        self.run_jobs(slot=0)
        self.assert_counters(job, "done", succeeded=1)

    def test_a_parameter_that_is_no_number(self):
        """Somebody edits the system parameter by hand: the default holds."""
        for text, number in (("many", 2), ("", 2), ("0", 1), ("999", 128)):
            self.env["ir.config_parameter"].set_param(RUNNERS_PARAMETER, text)
            self.assertEqual(Slots(self.env).wanted_runners(), number, text)


@tagged("post_install", "-at_install")
class TestTurns(RaceCase):
    """Whose job comes next."""

    def turns(self, **jobs):
        """Who is served by each claim of one runner, until nothing is left."""
        runner, order = self.runner(), []
        names = {job.id: name for name, job in jobs.items()}
        while claim := runner.step():
            order.append(names[claim.job["id"]])
        self.renew()
        return order

    def test_eta_of_a_job_that_has_begun(self):
        """It says when a job begins: one that runs goes on to its end."""
        job = self.submit(self.creates("eta", 2), chunk_size=1)
        self.runner().step()
        job.eta = fields.Datetime.now() + timedelta(hours=1)
        job.pause()
        job.resume()
        self.commit()
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=2)

    def test_lower_priority_number_goes_first(self):
        """The lower number goes first, whatever was submitted first."""
        jobs = {
            name: self.submit(self.creates(f"priority {name}", 2), chunk_size=1, priority=priority)
            for name, priority in (("normal", 10), ("late", 20), ("urgent", 1))
        }
        expected = ["urgent"] * 2 + ["normal"] * 2 + ["late"] * 2
        self.assertEqual(self.turns(**jobs), expected)

    def test_users_take_turns(self):
        """A large import of one user does not starve another's small job."""
        other = self.new_user("turns_user")
        big = self.submit(self.creates("turns big", 8), chunk_size=1)
        also = self.submit(self.creates("turns also", 2), chunk_size=1)
        small = self.submit(self.creates("turns small", 3), other, chunk_size=1)
        order = self.turns(admin=big, admin_too=also, other=small)
        self.assertEqual(order[1::2][:3], ["other"] * 3)
        self.assertEqual(order[:4:2], ["admin", "admin_too"])
        self.assertEqual(len(order), 13)

    def test_many_small_jobs_do_not_starve_a_big_one(self):
        """Turns go by user, not by job: a stream of small jobs leaves every other turn."""
        other = self.new_user("stream_user")
        big = self.submit(self.creates("stream big", 5), chunk_size=1)
        smalls = {
            f"small{number}": self.submit(self.creates(f"stream {number}", 1), other)
            for number in range(5)
        }
        order = self.turns(big=big, **smalls)
        self.assertEqual([name == "big" for name in order], [True, False] * 5)

    def test_turns_of_ended_jobs_count(self):
        """Who has just been served comes after who has waited, although that job has ended."""
        served, waiting = self.new_user("turns_served"), self.new_user("turns_waiting")
        self.submit_and_run(self.creates("served before", 1), served)
        second = self.submit(self.creates("served again", 1), served)
        first = self.submit(self.creates("waited", 1), waiting)
        self.assertEqual(self.turns(again=second, waited=first), ["waited", "again"])

    def test_a_job_ends_when_its_last_chunk_has_landed(self):
        """A job with nothing left to do is closed before another one gets its next chunk."""
        jobs = [self.submit(self.creates(f"closed {number}", 1)) for number in range(4)]
        runner = self.runner()
        for done in range(4):
            runner.step()
            self.renew()
            states = [job.status()["state"] for job in jobs[:done]]
            self.assertEqual(states, ["done"] * done)

    def test_not_before_its_time(self):
        """A job with an eta is not claimed before it; the runners are called for that time."""
        eta = fields.Datetime.now() + timedelta(days=1)
        job = self.submit(self.creates("eta", 1), eta=f"{eta.isoformat()}Z")
        self.run_jobs()
        self.assert_counters(job, "queued", remaining=1)
        slots = Slots(self.env).all().filtered("active")
        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id", "in", slots.ids), ("call_at", "=", eta)]
        )
        self.assertEqual(triggers.cron_id, slots)

    def test_a_wave_calls_the_runners_that_left(self):
        """Who had nothing to do at the end of a wave comes back when the next one begins, if that
        has something for it."""
        first = [{**one, "ref": f"{n}"} for n, one in enumerate(self.creates("wave", 2))]
        write = {"op": "write", "model": ITEM, "values": {"value": 1}}
        second = [{**write, "ids": [{"$ref": f"{n}"}], "ref": f"then {n}"} for n in (0, 1)]
        last = {"op": "unlink", "model": ITEM, "ids": [{"$ref": "then 0"}]}
        self.submit([*first, *second, last], max_parallel=2, chunk_size=1)
        runner, calls = self.runner(), []
        for _chunk in range(5):
            self.forget_triggers()
            runner.step()
            self.renew()
            calls.append(bool(self.waiting_triggers()))
        self.assertEqual(calls, [False, False, True, False, False])

    def test_a_wave_of_a_retry_calls_the_runners(self):
        """The same where all waves are queued already."""
        first = {**self.creates("again", 1)[0], "ref": "0"}
        write = {"op": "write", "model": ITEM, "values": {"value": 1}, "ids": [{"$ref": "0"}]}
        job = self.submit([first, write], max_parallel=2, chunk_size=1)
        job.cancel()
        job.retry(cancelled=True)
        self.commit()
        runner, calls = self.runner(), []
        for _chunk in range(2):
            self.forget_triggers()
            runner.step()
            self.renew()
            calls.append(bool(self.waiting_triggers()))
        self.assertEqual(calls, [False, True])

    def test_no_cron_worker_can_be_told(self):
        """That PostgreSQL refuses to notify them is no failure of a runner that wants to come back:
        Odoo switches scheduled actions off that fail too often."""
        self.forget_triggers()
        no_function = patch("odoo.addons.base.models.ir_cron.ODOO_NOTIFY_FUNCTION", "no_such")
        with (
            no_function,
            mute_logger("odoo.addons.batch_job.execution.transaction.commit", "odoo.sql_db"),
        ):
            Runner(self.env, 0)._come_back()
        self.renew()
        self.assertEqual(self.waiting_triggers().cron_id, Slots(self.env).slot(0))

    def waiting_triggers(self):
        slots = Slots(self.env).all()
        return self.env["ir.cron.trigger"].search([("cron_id", "in", slots.ids)])

    def forget_triggers(self):
        self.renew()
        self.waiting_triggers().unlink()
        self.commit()

    def test_earlier_after_all(self):
        """The owner may take the eta away; the job runs then."""
        job = self.submit(self.creates("earlier", 1), eta="2100-01-01")
        job.write({"eta": False})
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=1)


@tagged("post_install", "-at_install")
class TestPutBack(RaceCase):
    """When an idle runner comes back for a chunk that was put back."""

    def put_back(self, *seconds, **options):
        """A job with a queued chunk of one operation for each wait, and its chunks."""
        options = {"chunk_size": 1, "max_parallel": 2, **options}
        job = self.submit(self.creates(self._testMethodName, len(seconds)), **options)
        row = self.locked(job).row
        chunks = self.env["batch.job.chunk"]
        for number, wait in enumerate(seconds):
            moment = wait and fields.Datetime.now() + timedelta(seconds=wait)
            chunks._cut(row, number, number, not_before=moment)
        self.locked(job).set(next_position=len(seconds))
        return chunks.search([("job_id", "=", job.id)])

    def wait(self):
        wait = Runner(self.env, 0).wait_of_next_chunk()
        return wait and round(wait.total_seconds(), -1)

    def test_earliest_chunk_says_when(self):
        """The first chunk that may run again says when."""
        self.put_back(100, 50, None)
        self.assertEqual(self.wait(), 50)

    def test_next_chunk_in_order_says_when(self):
        """With one chunk at a time it is the next one, whenever the others may run."""
        self.put_back(100, 50, max_parallel=1)
        self.assertEqual(self.wait(), 100)

    def test_beside_somebody_at_work(self):
        """What may run by now is left to the runner that works for the job; what may not run yet
        is waited for, unless no more may run at once."""
        first, *_others = self.put_back(None, -50, 50)
        self.assertEqual(self.wait(), -50)
        self.env["batch.job.chunk"]._update(first.id, state="running")
        self.assertEqual(self.wait(), 50)
        self.locked(first.job_id).set(max_parallel=1)
        self.assertIsNone(self.wait())

    def test_ready_since_the_claim(self):
        """A chunk that became ready between the claim and this look is not left lying."""
        first, second = self.put_back(None, 50)
        self.env["batch.job.chunk"]._update(first.id, state="running")
        self.cr.execute(
            "UPDATE batch_job_chunk SET not_before = clock_timestamp() AT TIME ZONE 'UTC'"
            " WHERE id = %s",
            [second.id],
        )
        self.assertEqual(self.wait(), 0)

    def test_a_job_that_has_time(self):
        """A job that waits for its eta calls its runners by itself."""
        chunk = self.put_back(50)
        self.locked(chunk.job_id).set(eta=fields.Datetime.now() + timedelta(days=1))
        self.assertIsNone(self.wait())
