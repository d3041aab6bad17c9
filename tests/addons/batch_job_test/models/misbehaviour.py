import os
import time

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import SQL

from odoo.addons.batch_job.dispatch.claim import Claims
from odoo.addons.batch_job.dispatch.ending import end
from odoo.addons.batch_job.dispatch.locked_job import LockedJob

GATES = 64_646_464  # first key of the advisory locks that tests hold; the second is the gate


class TestBatchItem(models.Model):
    _name = "test.batch.item"
    _description = "A record with a unique name, and methods that misbehave"

    name = fields.Char(required=True)
    value = fields.Integer()

    _name_unique = models.Constraint("UNIQUE (name)", "An item of this name exists already.")

    @api.model
    def _lock_job(self, job_id):
        """For server actions, which cannot import."""
        return LockedJob.lock(self.sudo().env, job_id)

    @api.model
    def _end_job(self, job, **counts):
        """What a claim does when nothing is left to do."""
        job.set(**counts)
        end(job)

    @api.model
    def _publish_progress(self, job):
        """What a claim publishes."""
        Claims(job.env)._publish(job, is_last=False)

    @api.model
    def create_gated(self, name: str, before: int = 0, after: int = 0, value: int = 0):
        """Create an item; wait for gates that a test holds, before or after the write."""
        self._sign()
        self._pass_gate(before)
        item = self.create({"name": name, "value": value} if value else {"name": name})
        self._pass_gate(after)
        return item

    def write_gated(self, values: dict, before: int = 0, after: int = 0):
        self._sign()
        self._pass_gate(before)
        self.write(values)
        self._pass_gate(after)

    @api.model
    def create_slowly(self, name: str, seconds: float):
        """As a slow operation does: a long report, a service somewhere else."""
        self._sign()
        time.sleep(seconds)
        return self.create({"name": name})

    def increment(self):
        """Not harmless when it is done twice, unlike a write of the same values."""
        for item in self:
            item.value += 1

    @api.model
    def give_new(self):
        """A record that is not stored."""
        return self.new({"name": "new"})

    def fail(self, text: str):
        raise UserError(text)

    @api.model
    def exit_process(self, name: str):
        self.create({"name": name})
        self.env.flush_all()
        os._exit(1)

    @api.model
    def commit_then_fail(self, name: str):
        self.create({"name": name})
        self.env.cr.commit()  # pylint: disable=invalid-commit
        raise UserError(name)

    @api.model
    def mail_now(self, partner: int, subject: str, fail: bool = False):
        """Needs the app `mail`: notify a partner by e-mail, and fail or not."""
        record = self.env["res.partner"].browse(partner)
        record.message_post(body=subject, subject=subject, partner_ids=record.ids)
        if fail:
            raise UserError(subject)

    @api.model
    def mail_at_commit(self, subject: str, fail: bool = False):
        """As apps do that call somebody when their work is certain: mail, webhooks."""
        name = self.env.cr.dbname

        @self.env.cr.postcommit.add
        def send():
            with Registry(name).cursor() as cr:
                servers = api.Environment(cr, SUPERUSER_ID, {})["ir.mail_server"]
                sender, receivers = "jobs@example.com", ["zebra@example.com"]
                servers.send_email(servers._build_email__(sender, receivers, subject, subject))

        if fail:
            raise UserError(subject)

    @api.model
    def set_parameter(self, key: str, value: str, fail: bool = False):
        """Change a system parameter, have it cached anew, and fail or not."""
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param(key, value)
        parameters.get_param(key)
        if fail:
            raise UserError(value)

    @api.model
    def add_field(self, name: str):
        """Leave the registry invalidated: the model gets another field."""
        self.env["ir.model.fields"].sudo().create(
            {
                "name": name,
                "field_description": name,
                "ttype": "char",
                "model_id": self.env["ir.model"].sudo()._get_id(self._name),
            }
        )

    @api.model
    def bad_query(self, text: str):
        """An SQL error with the caller's data in the statement."""
        self.env.cr.execute(SQL("SELECT %s::int", text))

    @api.model
    def look(self, key: str, gate: int = 0) -> dict:
        """What this process knows about a system parameter and about the fields of the model."""
        self._pass_gate(gate)
        parameters = self.env["ir.config_parameter"].sudo()
        return {
            "pid": os.getpid(),
            "parameter": parameters.get_param(key),
            "fields": sorted(name for name in self._fields if name.startswith("x_")),
        }

    def _sign(self):
        """Have PostgreSQL show which process this is. Odoo's own name for its connections, with
        the process's id, is that of the master: it is made before the workers are."""
        self.env.cr.execute(SQL("SET application_name = %s", f"worker-{os.getpid()}"))

    def _pass_gate(self, gate):
        if gate:
            self.env.flush_all()
            self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock_shared(%s, %s)", GATES, gate))
