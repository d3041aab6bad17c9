"""What managers see of the queue at one glance, what of it is mended, and what it costs."""

import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..dispatch.slots import RUNNERS_PARAMETER, Slots
from ..models import batch_job_overview
from .races import RaceCase

GROUPS = "base.group_user,batch_job.group_manager"


class OverviewCase(RaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.new_user("overview_manager", GROUPS)

    def overview(self, user=None):
        self.renew()
        return self.env["batch.job"].with_user(user or self.manager).overview()

    def change(self, job, **values):
        self.locked(job).set(**values)
        self.commit()

    def move_chunks(self, job, **values):
        """Give a job's chunks another past."""
        for chunk_id in job.chunk_ids.ids:
            self.env["batch.job.chunk"]._update(chunk_id, **values)
        self.commit()

    def kinds(self, overview):
        return [trouble["kind"] for trouble in overview["troubles"]]


@tagged("post_install", "-at_install")
class TestOverview(OverviewCase):
    def test_who_is_no_manager(self):
        """The overview and what it mends are refused to a user, who has no menu for it either."""
        user = self.new_user("overview_user")
        for method, arguments in (("overview", {}), ("mend_queue", {"how": "wake"})):
            reply = self.rpc(user, "batch.job", method, **arguments)
            self.assertEqual(reply.status, 403, method)
            self.assertIn("for managers", reply.message)
        menu = self.env.ref("batch_job.batch_job_menu_overview")
        seen = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
        self.assertNotIn(menu.id, seen)
        self.assertIn(menu.id, self.env["ir.ui.menu"].with_user(self.manager)._visible_menu_ids())

    def test_manager_reads_the_overview_by_rpc(self):
        """A manager gets the overview as JSON, over RPC, in a transaction of its own."""
        self.submit(self.creates("A", 2))
        reply = self.rpc(self.manager, "batch.job", "overview")
        self.assertEqual((reply.status, reply.body["counts"]["waiting"]), (200, 1))

    def test_jobs_are_counted_by_state(self):
        """Jobs are counted by what they do; one whose eta has not come is for later, and the
        oldest waits since its eta."""
        now = fields.Datetime.now()
        waiting, younger, later, paused = (self.submit(self.creates("A", 1)) for _n in range(4))
        self.submit(self.creates("A", 1), start=False)
        self.change(waiting, queued_at=now - timedelta(hours=2), eta=now - timedelta(seconds=75))
        self.change(younger, queued_at=now - timedelta(seconds=30))
        self.change(later, queued_at=now - timedelta(days=1), eta=now + timedelta(hours=1))
        paused.pause()
        self.commit()
        counts = self.overview()["counts"]
        self.assertEqual(
            [counts[name] for name in ("running", "waiting", "scheduled", "paused", "failed")],
            [0, 2, 1, 1, 0],
        )
        self.assertRegex(counts["oldest"], r"^1 min (1[5-9]|2\d) s$")

    def test_failures_count_on_their_day(self):
        """Jobs with failures count on the day they end, by the user's clock, with their rows."""
        job = self.submit_and_run([*self.creates("A", 1), *[self.bad()] * 2])
        self.submit_and_run(self.creates("B", 1))
        counts = self.overview()["counts"]
        self.assertEqual((counts["failed"], counts["failed_rows"]), (1, 2))
        midnight = fields.Datetime.to_datetime(counts["today"])
        self.change(job, finished_at=midnight - timedelta(seconds=1))
        self.assertEqual(self.overview()["counts"]["failed"], 0)

    def test_midnight_is_the_users(self):
        """Today begins at midnight where the manager is."""
        self.manager.tz = "Asia/Tokyo"
        self.commit()
        midnight = fields.Datetime.to_datetime(self.overview()["counts"]["today"])
        self.assertEqual((midnight.hour, midnight.minute, midnight.second), (15, 0, 0))

    def test_most_are_counted(self):
        """Above a number of failed jobs it says that there are more, and reads no more of them."""
        for _n in range(3):
            self.submit_and_run([self.bad()])
        self.patch(batch_job_overview, "MOST_COUNTED", 2)
        counts = self.overview()["counts"]
        self.assertEqual((counts["failed"], counts["failed_more"]), (2, True))

    def bad(self):
        return {"op": "create", "model": "test.batch.item", "values": {"colour": 1}}

    def test_twenty_running_jobs_are_listed(self):
        """At most twenty running jobs are listed, the most urgent first; all are counted."""
        jobs = [self.submit(self.creates("A", 2)) for _n in range(22)]
        for job in jobs:
            self.change(job, state="running")
        self.change(jobs[21], priority=-1, rate=0.1, name="Urgent")
        self.change(jobs[20], priority=0, policy="all")
        seen = self.overview()
        self.assertEqual((len(seen["jobs"]), seen["counts"]["running"]), (20, 22))
        first, second = seen["jobs"][:2]
        self.assertEqual(
            (first["name"], first["user_id"], first["time_left_text"], first["can_pause"]),
            ("Urgent", self.admin.name, "20 s", True),
        )
        self.assertEqual((second["id"], second["can_pause"]), (jobs[20].id, False))

    def test_other_companies_stay_unseen(self):
        """Of another company's jobs a manager sees nothing but that a runner is busy."""
        theirs = self.env["res.company"].create({"name": "Theirs"})
        owner = self.new_user(
            "overview_theirs", company_id=theirs.id, company_ids=[(6, 0, theirs.ids)]
        )
        job = self.submit(self.creates("Secret of theirs", 2), user=owner, name="Theirs alone")
        self.assertEqual(job.company_id, theirs)
        self.runner().claim()
        seen = self.overview()
        self.assertEqual((seen["counts"]["running"], seen["jobs"]), (0, []))
        self.assertEqual([one["state"] for one in seen["runners"]], ["works", "idle"])
        self.assertNotIn("job", seen["runners"][0])
        self.assertNotIn("heirs", json.dumps(seen))
        seen = self.overview(self.admin.with_context(allowed_company_ids=theirs.ids))
        self.assertEqual(seen["counts"]["running"], 0)

    def test_overview_has_no_content(self):
        """Nothing of an operation is in the overview, whether it is at work or has failed."""
        self.submit_and_run([{**self.bad(), "values": {"colour": "Secret", "name": "Secret"}}])
        self.submit(self.creates("Secret", 3))
        self.runner().claim()
        self.assertNotIn("Secret", json.dumps(self.overview()))


@tagged("post_install", "-at_install")
class TestLastHour(OverviewCase):
    def landed(self, count, failed=0, skipped=0, **values):
        """A job whose one chunk has landed so, as long ago as `values` say."""
        job = self.submit_and_run(self.creates("A", 1))
        counts = {"succeeded": count, "failed": failed, "skipped": skipped}
        self.move_chunks(job, **counts, **values)
        return job

    def test_rows_count_in_their_minute(self):
        """Rows count in the minute in which they landed; what landed over an hour ago does not."""
        now = fields.Datetime.now().replace(second=30)
        self.landed(5, failed=2, skipped=1, started_at=now - timedelta(minutes=10), duration=1.0)
        self.landed(7, started_at=now - timedelta(minutes=11), duration=50.0)
        self.landed(9, started_at=now - timedelta(minutes=61), duration=61.0)
        self.landed(100, started_at=now - timedelta(minutes=61), duration=1.0)
        hour = self.overview()["hour"]
        minute = int(now.timestamp()) // 60 - hour["first"]  # the server's clock is in UTC
        found = {
            place - minute: (hour["done"][place], hour["failed"][place], hour["skipped"][place])
            for place in range(len(hour["done"]))
            if hour["done"][place]
        }
        self.assertEqual(found, {-10: (12, 2, 1), **self.first_minute(hour, minute, 9)})
        self.assertEqual(len(hour["done"]), 60)

    def first_minute(self, hour, minute, count):
        """A minute ago the first minute of the hour was another one."""
        return {-60: (count, 0, 0)} if minute >= 60 else {}

    def test_of_ones_companies(self):
        """Rows of another company do not count."""
        job = self.landed(5, company_id=2**31 - 1)
        self.assertEqual(sum(self.overview()["hour"]["done"]), 0)
        self.move_chunks(job, company_id=None)
        self.assertEqual(sum(self.overview()["hour"]["done"]), 5)

    def test_too_many_chunks(self):
        """Where more chunks were claimed than are read, the chart begins after the oldest of
        those that are."""
        now = fields.Datetime.now()
        for minutes in (30, 20, 10):
            self.landed(1, started_at=now - timedelta(minutes=minutes), duration=1.0)
        self.patch(batch_job_overview, "MOST_CHUNKS", 2)
        hour = self.overview()["hour"]
        self.assertEqual(sum(hour["done"]), 2)
        self.assertIn(len(hour["done"]), (28, 27))


@tagged("post_install", "-at_install")
class TestRunners(OverviewCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.have_runners, Slots(self.env).wanted_runners())
        self.have_runners(3)
        self.seen_at(fields.Datetime.now())

    def have_runners(self, number):
        self.renew()
        self.env["ir.config_parameter"].set_param(RUNNERS_PARAMETER, number)
        Slots(self.env).follow_setting()
        self.commit()

    def seen_at(self, moment):
        Slots(self.env).all().write({"lastcall": moment})
        self.commit()

    def switch(self, number, active):
        Slots(self.env).slot(number).active = active
        self.commit()

    def claimed(self, slot, seconds=60):
        """A chunk of a new job that a living runner has, for so long."""
        job = self.submit(self.creates("A", 7), name=f"Of {slot}")
        runner = self.runner(slot)
        chunk_id = runner.claim().chunk_id
        began = fields.Datetime.now() - timedelta(seconds=seconds)
        self.env["batch.job.chunk"]._update(chunk_id, started_at=began)
        self.commit()
        return job, runner

    def test_what_each_does(self):
        """Who is at work, at which job and which rows; who is idle, and who is switched off."""
        job, _runner = self.claimed(1)
        self.switch(2, active=False)
        self.looked_at_the_queue(0, seconds_ago=95)
        seen = self.overview()
        busy, idle, off = seen["runners"]
        self.assertRegex(busy.pop("since"), r"^1 min \d s$")
        self.assertEqual(
            busy,
            {
                "number": 2,
                "state": "works",
                "job": {"id": job.id, "name": "Of 1"},
                "places": [1, 7],
            },
        )
        self.assertRegex(idle.pop("looked"), r"^1 min 3\d s$")
        self.assertEqual(idle, {"number": 1, "state": "idle"})
        self.assertEqual(off, {"number": 3, "state": "off"})
        self.assertEqual((self.kinds(seen), seen["more_runners"]), (["some_off"], 0))

    def looked_at_the_queue(self, slot, seconds_ago):
        lastcall = seconds_ago and fields.Datetime.now() - timedelta(seconds=seconds_ago)
        Slots(self.env).slot(slot).lastcall = lastcall
        self.commit()

    def test_a_runner_that_has_never_looked(self):
        """After the installation, or where Odoo starts no scheduled action: it is told at once."""
        self.looked_at_the_queue(0, seconds_ago=None)
        [first, *_others] = self.overview()["runners"]
        self.assertEqual(first, {"number": 1, "state": "idle", "looked": None})

    def test_chunk_of_a_dead_worker_comes_first(self):
        """A chunk whose lock nobody holds belongs to a dead worker, and comes first; one that was
        claimed a moment ago may not have been locked yet when the locks were read."""
        _job, runner = self.claimed(2)
        self.claimed(0)
        runner.lose_its_locks()
        seen = self.overview()
        self.assertEqual(
            [(one["number"], one["state"]) for one in seen["runners"]],
            [(3, "lost"), (1, "works"), (2, "idle")],
        )
        self.assertEqual(
            [(one["kind"], one["mend"]) for one in seen["troubles"]], [("lost", "wake")]
        )
        self.env.cr.execute("UPDATE batch_job_chunk SET started_at = now() AT TIME ZONE 'UTC'")
        self.commit()
        self.assertEqual(self.overview()["troubles"], [])

    def test_busy_runners_are_listed_first(self):
        """Of many runners the busy ones are listed first, and how many more there are is said."""
        self.have_runners(25)
        self.claimed(24)
        seen = self.overview()
        self.assertEqual(
            (len(seen["runners"]), seen["more_runners"], seen["runners"][0]["number"]), (20, 5, 25)
        )

    def test_unseen_queue_can_be_woken(self):
        """A queue that no runner has looked at for two minutes says so, and can be woken; but not
        while a runner is at work."""
        self.seen_at(fields.Datetime.now() - timedelta(seconds=130))
        [trouble] = self.overview()["troubles"]
        self.assertEqual((trouble["kind"], trouble["mend"]), ("unseen", "wake"))
        self.claimed(0)
        self.assertEqual(self.overview()["troubles"], [])

    def test_wake_triggers_runners_switched_on(self):
        """To wake the queue triggers all runners that are switched on."""
        self.switch(1, active=False)
        self.env["ir.cron.trigger"].search([]).unlink()
        self.env["batch.job"].with_user(self.manager).mend_queue("wake")
        triggered = self.env["ir.cron.trigger"].search([]).cron_id
        self.assertEqual(triggered, Slots(self.env).slot(0) | Slots(self.env).slot(2))

    def test_administrator_switches_runners_on(self):
        """Runners that are switched off are switched on by an administrator, not by a manager, who
        is offered no such button."""
        for number in range(3):
            self.switch(number, active=False)
        for user, how in ((self.manager, None), (self.admin, "switch_on")):
            [trouble] = self.overview(user)["troubles"]
            self.assertEqual((trouble["kind"], trouble["mend"]), ("all_off", how))
        jobs = self.env["batch.job"]
        with self.assertRaisesRegex(AccessError, "Only an administrator"):
            jobs.with_user(self.manager).mend_queue("switch_on")
        self.assertFalse(any(Slots(self.env).all().mapped("active")))
        jobs.with_user(self.admin).mend_queue("switch_on")
        self.commit()
        self.assertEqual(Slots(self.env).wanted_slots().mapped("active"), [True] * 3)
        self.assertEqual(self.overview(self.admin)["troubles"], [])

    def test_pending_upgrade_has_no_button(self):
        """An upgrade that is pending is named; no button mends it."""
        module = self.env["ir.module.module"].search([("state", "=", "uninstalled")], limit=1)
        self.addCleanup(self.mark, module, "uninstalled")
        self.mark(module, "to install")
        [trouble] = self.overview()["troubles"]
        self.assertEqual((trouble["kind"], trouble["mend"]), ("upgrade", None))

    def mark(self, module, state):
        self.renew()
        self.env.cr.execute(
            "UPDATE ir_module_module SET state = %s WHERE id = %s", [state, module.id]
        )
        self.commit()

    def test_unknown_way_to_mend_is_refused(self):
        """A way to mend that does not exist is refused."""
        with self.assertRaisesRegex(UserError, "how must be wake or switch_on"):
            self.env["batch.job"].with_user(self.manager).mend_queue("restart")
