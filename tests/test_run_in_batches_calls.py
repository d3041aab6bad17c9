"""Run in Batches: what is done to records by archive, delete, buttons and server actions."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .deeds import DEED, DeedsCase

FINISH = "{'finished_in': country_id}"


@tagged("post_install", "-at_install")
class TestArchiveAndDelete(DeedsCase):
    def test_archive_as_the_list_does(self):
        """Archive calls the model's own method; a record that it leaves active has failed."""
        deeds = self.make(20)
        deeds[7].kept = True
        self.commit()
        job = self.do({"kind": "archive"}, deeds)
        self.assert_counters(job, "partial", succeeded=19, failed=1)
        self.assertEqual(self.errors(job), [(deeds[7].ids, "needs_person")])
        self.assertEqual(deeds.filtered("active"), deeds[7])
        self.assertFalse(deeds[7].trace, "what the method did to it is undone")
        self.assertIn("archived with", deeds[0].trace)

    def test_single_record_is_archived(self):
        """A model that opens a form after it has archived a single record has archived it."""
        deeds = self.make(1)
        job = self.do({"kind": "archive"}, deeds)
        self.assert_counters(job, "done", succeeded=1)
        self.assertFalse(deeds.active)

    def test_delete_keeps_what_is_locked(self):
        """Delete deletes with the rights of the user; a locked record is named."""
        deeds = self.make(5)
        deeds[2].locked = True
        self.commit()
        job = self.do({"kind": "delete"}, deeds, self.chief)
        self.assertEqual(self.errors(job), [(deeds[2].ids, "access")])
        self.assertEqual(deeds.exists(), deeds[2])
        self.assertEqual(job.name, "Delete 5 Deed")


@tagged("post_install", "-at_install")
class TestButtons(DeedsCase):
    def test_button_of_the_form(self):
        """A button is pressed for each record alone, in its context; a record for which the form
        hides the button in every place is left, and named."""
        country = self.env.ref("base.be")
        deeds = self.make(6, country_id=country.id)
        tomorrow = fields.Date.today() + timedelta(days=2)
        deeds[1].state = "done"  # hidden
        deeds[2].write({"state": "done", "kind": "b"})  # shown in the second place
        deeds[3].due = tomorrow  # hidden
        deeds[4].due = "2020-01-01"  # shown
        deeds[5].name = "refuse"
        self.commit()
        job = self.do(self.button("action_finish", FINISH), deeds)
        self.assert_counters(job, "partial", succeeded=3, failed=3)
        self.assertEqual(
            self.errors(job),
            [
                (deeds[1].ids, "not_offered"),
                (deeds[3].ids, "not_offered"),
                (deeds[5].ids, "user_error"),
            ],
        )
        finished = f"finished 1 in {country.id};"
        self.assertEqual(
            [one.trace or "" for one in deeds], [finished, "", finished, "", finished, ""]
        )
        self.assertIn("“Finish”", self.outcomes(job)[1]["error"]["message"])

    def test_hidden_with_what_is_around_it(self):
        """What hides a node of the form hides the buttons in it."""
        deeds = self.make(2)
        deeds[0].kind = "a"
        self.commit()
        job = self.do(self.button("action_count"), deeds)
        self.assertEqual(self.errors(job), [(deeds[0].ids, "not_offered")])
        self.assertEqual(deeds[1].trace, "counted 1;")

    def test_needs_a_person(self):
        """A method that returns an action to open has failed, and nothing is kept of it."""
        deeds = self.make(2)
        job = self.do(self.button("action_ask"), deeds)
        self.assertEqual([kind for _ids, kind in self.errors(job)], ["needs_person"] * 2)
        message = self.outcomes(job)[0]["error"]["message"]
        self.assertIn("“Ask” needs a person: it opens “More to say”", message)
        self.assertEqual([one.trace or "" for one in deeds], ["", ""])

    def test_buttons_that_are_not_offered(self):
        """A button of other groups, one with arguments, one that is never shown and any other
        method are refused, when the job is submitted and when an operation calls them."""
        deeds = self.make(1)
        for method, context in (
            ("action_purge", "{}"),
            ("action_say", "{}"),
            ("action_count", "{'n': 1}"),
            ("action_ask", "{'n': 2}"),
            ("unlink", "{}"),
        ):
            with self.subTest(method), self.assertRaisesRegex(UserError, "not in the form"):
                self.start(self.button(method, context), record_ids=deeds.ids)
            with self.subTest(method), self.assertRaises(AccessError):
                deeds.with_user(self.user).batch_job_press(method, context)

    def test_button_that_was_taken_away(self):
        """Groups hold when the job runs, also if the user has lost them meanwhile."""
        deeds = self.make(1)
        job = self.start(self.button("action_purge"), self.chief, record_ids=deeds.ids)
        self.chief.group_ids -= self.env.ref("base.group_system")
        self.run_jobs()
        self.chief.group_ids += self.env.ref("base.group_system")
        self.commit()
        self.assertEqual(self.errors(job), [(deeds.ids, "access")])
        self.assertFalse(deeds.trace)


@tagged("post_install", "-at_install")
class TestServerActions(DeedsCase):
    def run_action(self, name, together):
        return {"kind": "action", "action_id": self.action(name).id, "together": together}

    def test_so_many_records_in_a_call(self):
        """A server action gets as many records in a call as the person has chosen."""
        deeds = self.make(5)
        job = self.do(self.run_action("count", 2), deeds)
        self.assert_counters(job, "done", succeeded=3)
        self.assertEqual(job.name, "Count Together: 5 Deed")
        self.assertEqual(deeds.mapped("trace"), ["counted 2;"] * 4 + ["counted 1;"])

    def test_needs_a_person(self):
        """A server action that returns an action to open has failed, and nothing is kept of it."""
        deeds = self.make(3)
        job = self.do(self.run_action("ask", 2), deeds)
        self.assertEqual(
            self.errors(job), [(deeds[:2].ids, "needs_person"), (deeds[2].ids, "needs_person")]
        )
        self.assertEqual([one.trace or "" for one in deeds], [""] * 3)

    def test_actions_that_are_not_offered(self):
        """An action of other groups, of forms only or of another model is refused."""
        ids = self.make(1).ids
        other = self.env["ir.actions.server"].search(
            [("model_id.model", "=", "res.partner")], limit=1
        )
        for action_id in (self.action("purge").id, self.action("form").id, other.id, 0):
            what = {"kind": "action", "action_id": action_id, "together": 1}
            with self.subTest(action_id), self.assertRaisesRegex(UserError, "not in the menu"):
                self.start(what, record_ids=ids)
            with self.subTest(action_id), self.assertRaises(AccessError):
                self.env[DEED].browse(ids).with_user(self.user).batch_job_run_action(action_id)
