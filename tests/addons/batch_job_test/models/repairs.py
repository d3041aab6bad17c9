import contextlib

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

MAILBOX = []  # what the commit hooks of this process have "sent"


class TestBatchRepair(models.Model):
    _name = "test.batch.repair"
    _description = "A record whose methods leave traces that no savepoint undoes"

    name = fields.Char(required=True)
    number = fields.Integer()
    computed_as = fields.Char(compute="_compute_computed_as", store=True, compute_sudo=False)

    @api.depends("name")
    def _compute_computed_as(self):
        for record in self:
            lang = self.env.context.get("lang")
            record.computed_as = f"uid {self.env.uid} su {self.env.su} lang {lang}"

    @api.model
    def run_statement(self, name: str, statement: str):
        self.env.cr.execute("SAVEPOINT own")
        self.create({"name": name})
        self.env.flush_all()
        self.env.cr.execute(SQL(statement))

    @api.model
    def send(self, name: str, fail: bool = False):
        """Send when the transaction commits, as mails and webhooks are."""
        self.create({"name": name})
        hooks = self.env.cr.postcommit
        hooks.add(lambda: MAILBOX.append(name))
        batch = hooks.data.setdefault("test_batch_repair", [])
        if not batch:
            hooks.add(lambda: MAILBOX.append(hooks.data.pop("test_batch_repair")))
        batch.append(name)
        if fail:
            raise UserError(name)

    @api.model
    def send_on_precommit(self, name: str, fail: bool = False):
        self.env.cr.precommit.add(lambda: MAILBOX.append(f"{name} before the commit"))
        if fail:
            raise UserError(name)

    @api.model
    def break_the_commit_hook(self, name: str):
        """The commit succeeds, then its hook fails."""

        def fail():
            raise RuntimeError(name)

        self.create({"name": name})
        self.env.cr.postcommit.add(fail)

    @api.model
    def end_transaction(self, name: str, how: str):
        self.create({"name": name})
        if how == "progress":
            self.env["ir.cron"]._commit_progress(1)
        elif how == "connection":
            self.env.cr.connection.commit()
        elif how == "unseen":
            self.env.flush_all()
            self.env.cr.connection.cursor().execute("COMMIT")
        else:
            getattr(self.env.cr, how)()

    @api.model
    def swallow_commit_refusal(self, name: str):
        self.create({"name": name})
        with contextlib.suppress(Exception):
            self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def swallow_sql_error(self, text: str):
        """Go on as if nothing had happened; the transaction cannot."""
        with contextlib.suppress(psycopg2.Error):
            self.env.cr.execute(SQL("SELECT %s::int", text))

    @api.model
    def remember(self, key: str, fail: bool = False):
        """Keep something for the rest of the transaction, as Odoo's import keeps external ids."""
        record = self.create({"name": key})
        self.env.cr.cache.setdefault("test_batch_repair", {})[key] = record.id
        if fail:
            raise UserError(key)

    @api.model
    def recall(self) -> list:
        return sorted(self.env.cr.cache.get("test_batch_repair", ()))

    def add_then_fail(self):
        self.number += 1
        self.env.flush_all()
        raise UserError(self.name)

    def add(self):
        self.number += 1

    @api.model
    def leave_process(self):
        raise SystemExit(self._name)

    def write_swallowing(self, number: int, before: int):
        """Wait for a gate, then take a conflict for nothing."""
        self.env["test.batch.item"]._pass_gate(before)
        with contextlib.suppress(psycopg2.Error):
            self.write({"number": number})
            self.env.flush_all()

    def lock_then_add(self):
        """Odoo's own way to say that a record is in use: LockError."""
        self.lock_for_update()
        self.number += 1
