"""What tours of the screens of jobs have in common."""

from odoo.tests import HttpCase

from ..dispatch.locked_job import LockedJob


class JobTourCase(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.env.ref("base.user_admin")
        cls.jobs = cls.env["batch.job"].with_user(cls.admin)

    def tag(self, **values):
        return {"op": "create", "model": "res.partner.category", "values": values}

    def make_running(self, needs_runner=True, **options):
        """A job of ten operations that a runner has begun."""
        job = self.jobs.browse(self.jobs.submit([self.tag(name="A")] * 10, **options)["id"])
        LockedJob.lock(self.env, job.id).set(state="running", needs_runner=needs_runner)
        return job

    def make_server_action(self, name, code):
        """In the menu of a job."""
        model = self.env.ref("batch_job.model_batch_job")
        values = {"name": name, "model_id": model.id, "state": "code", "code": code}
        self.env["ir.actions.server"].create(values)
