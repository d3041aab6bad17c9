"""Records of a list, and what a user does with them in batches."""

from odoo.fields import Command

from .common import CommittedCase

DEED = "test.batch.deed"
USER = "base.group_user,base.group_partner_manager"
ADMINISTRATOR = f"{USER},base.group_system"


class DeedsCase(CommittedCase):
    cleans = (DEED, "res.partner.category")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.new_user("deeds_user", USER)
        cls.chief = cls.new_user("deeds_chief", ADMINISTRATOR)
        cls.reader = cls.new_user("deeds_reader")

    def setUp(self):
        super().setUp()
        self.newest = self.env["batch.job"].search([], limit=1)  # newest first

    def tearDown(self):
        self.renew()
        for job in self.env["batch.job"].search([("state", "in", ("queued", "running"))]):
            job.with_user(job.user_id).cancel()
        self._all(DEED).search([]).unlink()
        self.commit()
        super().tearDown()

    def make(self, count, **values):
        """So many records, committed."""
        deeds = self.env[DEED].create([{"name": f"deed {n}"} | values for n in range(count)])
        self.commit()
        return deeds

    def selection(self, user=None, **context):
        return self.env["batch.job.selection"].with_user(user or self.user).with_context(**context)

    def start(self, what, user=None, context=None, **chosen):
        """Submit as the dialog does, and commit; gives the job, for its owner."""
        selection = self.selection(user, **(context or {}))
        answer = selection.run(DEED, what, **chosen)
        self.commit()
        return self.env["batch.job"].with_user(user or self.user).browse(answer["action"]["res_id"])

    def do(self, what, deeds, user=None, **options):
        """Start a job on chosen records and run it; gives the job."""
        job = self.start(what, user, record_ids=deeds.ids, **options)
        self.run_jobs()
        return job

    def errors(self, job):
        """The record of each operation that failed, and the type of its error."""
        return [
            (outcome["ids"], outcome["error"]["type"])
            for outcome in self.outcomes(job)
            if outcome["error"]
        ]

    def new_jobs(self):
        """The jobs that the test has submitted."""
        return self.env["batch.job"].search([("id", ">", self.newest.id or 0)])

    def action(self, name):
        return self.env.ref(f"batch_job_test.test_batch_deed_action_{name}")

    def button(self, method, context="{}"):
        return {"kind": "button", "method": method, "context": context, "view_id": 0}


def tags(env, *names):
    return env["res.partner.category"].create([{"name": name} for name in names])


def link(*records):
    return [Command.link(record.id) for record in records]
