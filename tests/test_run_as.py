from unittest.mock import patch

from odoo import Command
from odoo.tests import tagged
from odoo.tools.translate import code_translations

from .rpc_cases import MODEL, AccessCase, create

GOOD = create("good")


@tagged("post_install", "-at_install")
class TestOwner(AccessCase):
    """A job runs as its owner, who must still be there and have the companies."""

    def run_env(self, user, **options):
        arguments = {"operations": [{"op": "call", "model": MODEL, "method": "return_env"}]}
        reply = self.rpc(user, "batch.job", "submit", **arguments, **options)
        self.run_jobs()
        job = self.env["batch.job"].browse(reply.body["id"]).with_user(user)
        (outcome,) = self.outcomes(job)
        return job, outcome["value"]

    def test_operations_run_as_the_owner(self):
        """Operations run as the owner, without superuser rights, in their language, time zone and
        companies, with the context that RPC was given but for keys that steer us."""
        self.owner.tz = "Europe/Brussels"
        sent = {"note": "kept", "cron_id": 1, "lastcall": 2, "batch_job_trick": 3}
        _job, (uid, su, lang, tz, companies, context) = self.run_env(self.owner, context=sent)
        own = [self.owner.id, False, "en_US", "Europe/Brussels", self.owner.company_ids.ids]
        self.assertEqual([uid, su, lang, tz, companies], own)
        self.assertEqual(context.pop("note"), "kept")
        self.assertEqual(context.keys(), {"lang", "tz", "allowed_company_ids"})

    def test_context_of_an_operation(self):
        """An operation's own context is added to the job's, but for keys that steer us."""
        context = {"lang": "en_US", "own": [1], "ir_cron_progress_id": 1, "batch_job_trick": 3}
        call = {"op": "call", "model": MODEL, "method": "return_env", "context": context}
        job = self.submit_and_run([call], user=self.owner)
        found = self.outcomes(job)[0]["value"][-1]
        self.assertEqual(found.keys(), {"lang", "tz", "allowed_company_ids", "own"})

    def test_archived_owner_pauses_the_job(self):
        """The job of an archived owner is paused and says so; it goes on when they are back."""
        user = self.new_user("archived_owner")
        job = self.submit([create("archived")], user=user)
        user.active = False
        self.run_jobs()
        paused = self.rpc(self.manager, "batch.job", "status", job.ids).body
        self.assertEqual((paused["state"], paused["remaining"]), ("paused", 1))
        self.assertEqual(
            paused["error"],
            "The owner, Archived_Owner, is archived. Activate the user, then resume.",
        )
        user.active = True
        self.commit()
        self.rpc(user, "batch.job", "resume", job.ids)
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=1)

    def test_words_in_the_owners_language(self):
        """What a runner stores for the owner to read is in the owner's language, if that is still
        in use."""
        french = self.env["res.lang"]._activate_lang("fr_FR")
        user = self.new_user("french_owner", lang="fr_FR")
        self.addCleanup(self.speak_english_only, user, french)
        job = self.submit([create("words")], user=user)
        user.active = False
        source = "The owner, %s, is archived. Activate the user, then resume."
        french_terms = {source: "%s est archivé."}
        languages = code_translations.python_translations
        with patch.dict(languages, {("batch_job", "fr_FR"): french_terms}):
            self.run_jobs()
            self.assertEqual(job.sudo().error, "French_Owner est archivé.")
            self.speak_english_only(user, french)
            job.sudo().resume()
            self.run_jobs()
        self.assertEqual(job.sudo().error, source % "French_Owner")

    def speak_english_only(self, user, french):
        self.renew()
        user.lang = "en_US"
        french.active = False
        self.commit()

    def test_lost_company_pauses_the_job(self):
        """The job of an owner who has lost a company it needs is paused and says so."""
        company = self.env["res.company"].create({"name": "Lost Company"})
        user = self.new_user(
            "company_owner", company_ids=[Command.set([self.owner.company_id.id, company.id])]
        )
        job, value = self.run_env(user, context={"allowed_company_ids": [company.id]})
        self.assertEqual((value[4], job.company_id), ([company.id], company))
        job = self.in_company(user, company)
        user.company_ids -= company
        self.run_jobs()
        self.assertEqual(
            job.status()["error"],
            "The owner, Company_Owner, has lost access to Lost Company. Give it back, then resume.",
        )
        self.assert_counters(job, "paused", remaining=1)
        user.company_ids += company
        self.commit()
        job.resume()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=1)

    def test_deleted_company_pauses_the_job(self):
        """A job whose company was deleted is paused, and says which one and what to do."""
        company = self.env["res.company"].create({"name": "Deleted Company"})
        user = self.new_user(
            "deleted_owner", company_ids=[Command.set([self.owner.company_id.id, company.id])]
        )
        for job in (self.in_company(user, company), self.beside_company(user, company)):
            with self.subTest(of_its_own=job.company_id == company):
                self.delete_company(user, company)
                self.run_jobs()
                self.assertEqual(
                    job.status()["error"],
                    f"A company that the job works in was deleted (id {company.id}). The job "
                    "cannot go on: cancel it, and submit what is left in another company.",
                )
                self.assert_counters(job, "paused", remaining=1)
                job.cancel()
                self.commit()
                self.assert_counters(job, "cancelled", skipped=1)

    def delete_company(self, user, company):
        user.company_ids -= company
        self.env["res.partner"].search([("company_id", "=", company.id)]).company_id = False
        company.exists().unlink()
        self.commit()

    def beside_company(self, user, company):
        both = [user.company_id.id, company.id]
        jobs = self.env["batch.job"].with_user(user).with_context(allowed_company_ids=both)
        status = jobs.submit([create("beside")])
        self.commit()
        return self.env["batch.job"].with_user(user).browse(status["id"])

    def in_company(self, user, company):
        jobs = self.env["batch.job"].with_user(user).with_context(allowed_company_ids=company.ids)
        status = jobs.submit([create("lost")])
        self.commit()
        return self.env["batch.job"].with_user(user).browse(status["id"])

    def test_manager_of_another_company(self):
        """Managers see the jobs of their companies only."""
        company = self.env["res.company"].create({"name": "Apart Company"})
        user = self.new_user(
            "apart_owner", company_ids=[Command.set(company.ids)], company_id=company.id
        )
        job = self.submit([GOOD], user=user, start=False)
        self.assertEqual(job.company_id, company)
        self.assert_unseen(self.rpc(self.manager, "batch.job", "status", job.ids), job)
        self.assert_unseen(self.rpc(self.manager, "batch.job", "cancel", job.ids), job)
