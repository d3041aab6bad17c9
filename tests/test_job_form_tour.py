"""The form of a job in a real browser: tours, and the JavaScript tests of its controller."""

from odoo.tests import HttpCase, tagged

from ..dispatch.locked_job import LockedJob
from .tour_cases import JobTourCase

CHANGE = """
job = env["test.batch.item"]._lock_job({job_id})
job.set(succeeded=3)
{then}
"""


@tagged("post_install", "-at_install")
class TestJobForm(JobTourCase):
    def make_change(self, job, then=""):
        """A server action: three operations succeeded; then what `then` says."""
        self.make_server_action("Tour of batch_job", CHANGE.format(job_id=job.id, then=then))

    def tour(self, name, job):
        self.start_tour(f"/odoo/batch-jobs/{job.id}", name, login="admin")

    def test_follows_the_bus(self):
        """The form shows what the server publishes; nothing else could tell it (no polling)."""
        job = self.make_running(needs_runner=False)
        publish = "env['test.batch.item']._publish_progress(job)"
        self.make_change(job, then=publish)
        self.tour("batch_job_follows_server", job)

    def test_follows_without_the_bus(self):
        """A live job's form shows what has changed though nothing is published."""
        job = self.make_running(needs_runner=True)
        self.make_change(job)
        self.tour("batch_job_follows_server", job)

    def test_buttons_do_what_they_say(self):
        """Start, Pause, Resume, Cancel with its question, and Run What Is Left do what they say."""
        job = self.jobs.browse(self.jobs.submit([], start=False)["id"])
        job.append([self.tag(name="B")], 0)
        self.tour("batch_job_buttons", job)
        status = job.status()
        self.assertEqual((status["state"], status["remaining"]), ("queued", 1))

    def test_partly_done_job_shows_its_causes(self):
        """An ended job shows causes and culprits, leads to a record, and is retried."""
        job = self.make_partly_done()
        self.tour("batch_job_partly_done", job)
        status = job.status()
        self.assertEqual(
            (status["state"], status["succeeded"], status["remaining"]), ("queued", 1, 3)
        )

    def make_partly_done(self):
        """A job of which one operation is done, two failed of one cause, and one of another."""
        tag = self.env["res.partner.category"].create({"name": "Tag of the tour"})
        bad = {"op": "write", "model": tag._name, "ids": tag.ids, "values": {"nmae": "x"}}
        operations = [self.tag(name="C"), self.tag(), self.tag(), bad]
        return self.jobs.browse(self.jobs.execute(operations)["id"])

    def test_retry_of_a_cause(self):
        """The button beside a cause asks with the number, and retries these operations."""
        job = self.make_partly_done()
        self.tour("batch_job_retry_of_a_cause", job)
        status = job.status()
        self.assertEqual((status["state"], status["failed"], status["remaining"]), ("queued", 1, 2))

    def test_screens_tell_dry_runs_apart(self):
        """List, board and form tell dry runs and what is left apart; a long name costs no bar."""
        operations = [self.tag(name="D"), self.tag(), self.tag(name="E"), self.tag(name="F")]
        job = self.jobs.browse(self.jobs.execute(operations)["id"])
        counts = {"succeeded": 1, "skipped": 2, "cancelled": 2, "queued_at": job.create_date}
        LockedJob.lock(self.env, job.id).set(name="Retried " + "and long " * 25, **counts)
        tried = self.jobs.browse(self.jobs.execute(operations[:3])["id"])
        LockedJob.lock(self.env, tried.id).set(name="Tried", dry_run=True)
        self.start_tour("/odoo/batch-jobs", "batch_job_screens", login="admin")

    def test_wrong_cell_of_a_row_is_marked(self):
        """A row is found by its name; its form marks the wrong cell and folds the JSON away."""
        operations = [self.tag(name=f"Kunde 0012{n}", parent_id=2**31 - 1) for n in (3, 4)]
        jobs = self.jobs.with_context(batch_job_first_row=2)
        self.tour("batch_job_rows", jobs.browse(jobs.execute(operations)["id"]))

    def test_javascript_units_succeed(self):
        """The form's controller reloads, polls and unsubscribes when it should (hoot tests)."""
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&id={hoot_id('@batch_job')}",
            "",
            "",
            login="admin",
            timeout=120,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=lambda message: "[HOOT]" not in message,
        )


@tagged("post_install", "-at_install")
class TestJobFormOnAPhone(HttpCase):
    browser_size = "375x667"
    touch_enabled = True

    def test_causes_come_first_on_a_phone(self):
        """On a phone, what went wrong stands above everything else."""
        jobs = self.env["batch.job"].with_user(self.env.ref("base.user_admin"))
        operation = {"op": "create", "model": "res.partner.category", "values": {}}
        job = jobs.browse(jobs.execute([operation])["id"])
        self.start_tour(f"/odoo/batch-jobs/{job.id}", "batch_job_causes_on_a_phone", login="admin")

    def test_download_on_a_phone(self):
        """The menu with the downloads closes at the tap, and the file comes all the same."""
        jobs = self.env["batch.job"].with_user(self.env.ref("base.user_admin"))
        operation = {"op": "create", "model": "res.partner.category", "values": {}}
        job = jobs.browse(jobs.execute([operation])["id"])
        path = f"/odoo/batch-jobs/{job.id}"
        self.start_tour(path, "batch_job_download_on_a_phone", login="admin")


def hoot_id(suite) -> str:
    """What Odoo's test page calls a suite: a hash of its name."""
    number = 0
    for letter in suite:
        number = ((number << 5) - number + ord(letter)) & 0xFFFFFFFF
    return f"{number:08x}"
