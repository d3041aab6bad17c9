"""What tests of the screens have in common."""

from odoo.tests import TransactionCase, new_test_user

from ..dispatch.locked_job import LockedJob

GROUPS = "base.group_user,base.group_partner_manager"


def create(**values):
    return {"op": "create", "model": "res.partner.category", "values": values}


class ViewsCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = new_test_user(cls.env, "views_owner", GROUPS)
        cls.manager = new_test_user(cls.env, "views_manager", f"{GROUPS},batch_job.group_manager")

    def execute(self, *operations, user=None, **options):
        jobs = self.env["batch.job"].with_user(user or self.owner)
        return jobs.browse(jobs.execute(list(operations), **options)["id"])

    def change(self, job, **values):
        """Write a job's row, as runners do."""
        LockedJob.lock(self.env, job.id).set(**values)
        job.invalidate_recordset()
