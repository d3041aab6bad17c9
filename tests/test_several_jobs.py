"""The buttons above the list of jobs."""

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..models.batch_job_several import MOST_SELECTED
from .races import RaceCase
from .view_cases import GROUPS, ViewsCase, create


class SelectionCase(ViewsCase):
    def submit(self, **options):
        jobs = self.env["batch.job"].with_user(self.owner)
        operations = [create(name="A"), create(name="B")]
        return jobs.browse(jobs.submit(operations, **options)["id"])

    def message(self, action):
        return action["params"]["message"]


@tagged("post_install", "-at_install")
class TestSelection(SelectionCase):
    def test_each_job_by_itself(self):
        """A verb is done to the jobs that it moves, and for each other job it is said why not."""
        ended, draft = self.execute(create(name="A")), self.submit(start=False)
        jobs = self.submit() + ended + self.submit() + draft + self.submit()
        self.assertEqual(
            self.message(jobs.action_pause_selected()),
            "3 paused, 1 had ended, 1 not started.",
        )
        states = ["paused", "done", "paused", "draft", "paused"]
        self.assertEqual(jobs.mapped("state"), states)
        jobs[0].resume()
        self.assertEqual(
            self.message((jobs - draft).action_resume_selected()),
            "2 resumed, 1 had ended, 1 at work or waiting.",
        )
        self.assertEqual(self.message(jobs.action_cancel_selected()), "4 cancelled, 1 had ended.")

    def test_what_is_refused_is_named(self):
        """A job that refuses a verb is named, with the reason; the others are done."""
        tried = self.submit(dry_run=True, name="Trial")
        jobs = tried + self.submit()
        action = jobs.action_pause_selected()
        lines = self.message(action).splitlines()
        self.assertEqual(lines[0], "1 paused.")
        self.assertIn("“Trial”: A job of policy all and a dry run are one transaction", lines[1])
        self.assertTrue(action["params"]["sticky"])
        self.assertEqual(jobs.mapped("state"), ["queued", "paused"])

    def test_nothing_to_retry(self):
        """A job whose rows are all done, or of which only a cancel kept some, has nothing to
        retry; failed rows are retried."""
        jobs = self.execute(create(name="A")) + self.submit() + self.execute(create())
        jobs[1].cancel()
        self.assertEqual(
            self.message(jobs.action_retry_selected()), "1 retried, 2 had nothing to retry."
        )
        self.assertEqual(jobs.mapped("state"), ["done", "cancelled", "queued"])

    def test_manager_moves_jobs_of_others(self):
        """A manager may do it to the jobs of others; another user may not, and is told so."""
        jobs = self.submit() + self.submit()
        other = new_test_user(self.env, "selection_other", GROUPS)
        message = self.message(jobs.with_user(other).action_cancel_selected())
        self.assertTrue(message.startswith("0 cancelled."), message)
        self.assertEqual(message.count("does not exist, or you have no right to see it"), 2)
        self.assertEqual(jobs.mapped("state"), ["queued", "queued"])
        message = self.message(jobs.with_user(self.manager).action_cancel_selected())
        self.assertEqual(message, "2 cancelled.")
        self.assertEqual(jobs.mapped("state"), ["cancelled", "cancelled"])

    def test_not_too_many(self):
        """More jobs than may be locked at once are refused, before anything is done."""
        jobs = self.env["batch.job"].browse(range(1, MOST_SELECTED + 2))
        with self.assertRaisesRegex(UserError, "at most 1,000 jobs"):
            jobs.action_pause_selected()


@tagged("post_install", "-at_install")
class TestQuestion(SelectionCase):
    def asked(self, jobs, verb):
        question = jobs.selection_question(verb)
        return question["count"], question["title"], question["text"]

    def test_question_names_jobs_and_rows(self):
        """What is asked names how many jobs the verb moves, and how many rows."""
        partly = self.submit()
        self.change(partly, state="running", succeeded=17_045, total=30_000)
        jobs = partly + self.submit() + self.execute(create(), create(), create(name="A"))
        self.assertEqual(
            self.asked(jobs, "cancel"),
            (
                2,
                "Cancel 2 of 3 jobs?",
                "17,045 rows are done and stay. 12,957 rows will not run.",
            ),
        )
        self.assertEqual(
            self.asked(jobs, "pause"),
            (2, "Pause 2 of 3 jobs?", "12,957 rows will wait until the jobs are resumed."),
        )
        self.assertEqual(
            self.asked(jobs, "retry"),
            (
                1,
                "Retry 1 of 3 jobs?",
                "2 rows that failed or were skipped will run again.",
            ),
        )

    def test_one(self):
        """One job and one row are told in the singular."""
        job = self.execute(create(), create(name="A"))
        text = "1 row that failed or was skipped will run again."
        self.assertEqual(self.asked(job, "retry"), (1, "Retry the job?", text))
        self.change(job, state="running", total=3, succeeded=1, failed=1)
        text = "1 row is done and stays. 1 row will not run."
        self.assertEqual(self.asked(job, "cancel"), (1, "Cancel the job?", text))
        text = "1 row will wait until the jobs are resumed."
        self.assertEqual(self.asked(job, "pause"), (1, "Pause the job?", text))
        self.change(job, state="paused")
        self.assertEqual(self.asked(job, "resume"), (1, "Resume the job?", "1 row will run."))

    def test_nothing_to_do(self):
        """If the verb moves none of the jobs, that is said instead."""
        count, _title, text = self.asked(self.execute(create(name="A")), "resume")
        self.assertEqual((count, text), (0, "None of the selected jobs is paused."))

    def test_no_other_verb(self):
        """Only the verbs of the buttons can be asked about."""
        with self.assertRaisesRegex(UserError, "verb is pause, resume, cancel or retry"):
            self.submit().selection_question("unlink")


@tagged("post_install", "-at_install")
class TestOverRpc(RaceCase):
    def test_in_a_request(self):
        """In a request of its own the verbs are done one after another, and a refused one takes
        nothing back."""
        groups = "base.group_user,base.group_partner_manager"
        user = self.new_user("selection_rpc", groups)
        jobs = [self.submit(self.creates(f"rpc {n}", 2), user) for n in range(3)]
        jobs.insert(1, self.submit(self.creates("rpc all", 2), user, policy="all"))
        reply = self.rpc(user, "batch.job", "action_pause_selected", [job.id for job in jobs])
        self.assertEqual(reply.status, 200, reply.body)
        self.assertTrue(reply.body["params"]["message"].startswith("3 paused.\n"))
        states = [job.state for job in jobs]
        self.assertEqual(states, ["paused", "queued", "paused", "paused"])
