from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..dispatch.copying import COPIED, Copying
from ..dispatch.owner import Owner
from ..dispatch.relative_dates import found
from ..dispatch.submission import Submission
from ..dispatch.submission_check import refused
from ..engine.errors import BadRequest
from ..engine.passwords import holds_secret
from ..engine.selection import check_what


class BatchJobScheduleContent(models.AbstractModel):
    """What a schedule does: checked with the rights of the user whose schedule it is to be."""

    _name = "batch.job.schedule.content"
    _description = "Batch Job Schedule: what it does"

    def _checked_content(self, vals) -> dict:
        """The columns that say what a new schedule does."""
        job_id = vals.get("copied_from_id")
        if bool(job_id) == bool(vals.get("model")):
            raise UserError(
                self.env._("Give either model, domain and action, or copied_from_id, a job.")
            )
        if not job_id:
            return self._checked_selection(vals["model"], vals.get("domain"), vals.get("action"))
        if {"domain", "action"} & vals.keys():
            raise UserError(self.env._("A copy of a job has neither a domain nor an action."))
        return self._checked_job(job_id)

    def _checked_selection(self, model, domain, action) -> dict:
        """A filter of records, and what is to be done with them."""
        selection = self.env["batch.job.selection"]
        records = selection._model(model)
        try:
            action = check_what(action)
        except BadRequest as error:
            raise refused(self.env, error) from error
        if holds_secret(action):
            raise UserError(self.env._("A schedule takes no passwords: it would keep them."))
        selection._check_offered(records, action)
        one_id = 1  # models, methods and rights are checked, records are not
        Submission(self.env).parse(next(selection._operations(records, action, [one_id])))
        text = self._checked_domain(records, domain)
        return {"model": model, "action": action, "domain_text": text}

    def _checked_domain(self, records, domain) -> str:
        text = "[]" if domain in (None, False) else domain
        text = text if isinstance(text, str) else repr(text)
        found(records, text, limit=1)
        return text

    def _changed_domain(self, domain) -> str:
        row = self.sudo()
        if not row.model:
            raise UserError(self.env._("A copy of a job has no filter of records."))
        user = self.env.uid if not self.env.su else row.user_id.id
        records = self.with_env(self.env(user=user, su=False))._records()
        return self._checked_domain(records, domain)

    def _records(self):
        return self.env["batch.job.selection"]._model(self.sudo().model)

    def _checked_job(self, job_id) -> dict:
        """A copy of a job's operations, with its options, context and company."""
        job = self.env["batch.job"].browse(job_id)
        job._check_named()
        row = job._row()
        if row["user_id"] != self.env.uid:
            raise AccessError(self.env._("Only its owner may schedule job %s.", job.id))
        Copying(self.env).refuse_copy(row)
        if row["dry_run"]:
            raise UserError(
                self.env._("Job %s is a dry run, which keeps nothing; run it for real.", job.id)
            )
        operations = self.env["batch.job.schedule.operation"]
        if found := operations._why_not_repeated(job.id):
            raise UserError(
                self.env._(
                    "Job %(job)s cannot be scheduled. Operation %(index)s: %(why)s.",
                    job=job.id,
                    index=found[0],
                    why=found[1],
                )
            )
        source = self.env["batch.job.operation"]._of_job(job.id)
        Copying(self.env).check_kinds(source, row)
        return {
            "copied_from_id": job.id,
            "options": {name: row[name] for name in (*COPIED, "total")},
            "run_context": row["run_context"],
            "company_id": row["company_id"],
        }

    def _store_operations(self):
        """Copy the operations of the job that a new schedule is to repeat."""
        if not self.copied_from_id:
            return
        operations = self.env["batch.job.schedule.operation"]
        copied = operations._copy_from_job(self.id, self.copied_from_id.id)
        if copied != self.options["total"]:
            raise UserError(
                self.env._(
                    "Operations of job %s have been deleted since; submit them anew.",
                    self.copied_from_id.id,
                )
            )

    def _taken_over(self) -> dict:
        """The columns of a schedule that the user takes over; company and language are kept.

        :raises UserError: the user may not do what the schedule does
        """
        row = self.sudo()
        context = row.run_context or {}
        kept = {"user_id": self.env.uid, "company_id": row.company_id.id, "run_context": context}
        if problem := Owner(self.env).problem({"id": 0, **kept}):
            raise UserError(problem)
        as_owner = self.with_env(self.env(context=context))
        if row.model:
            as_owner._checked_selection(row.model, row.domain_text, row.action)
        else:
            source = self.env["batch.job.schedule.operation"]._of_schedule(self.id)
            Copying(as_owner.env).check_kinds(source, row.options)
        return {"user_id": self.env.uid}

    def _first_operations(self, limit) -> list[tuple]:
        """(op, model, payload) of the first operations of the schedule's copy."""
        self.env.cr.execute(
            SQL(
                """
                SELECT body->>'op', body->>'model', body->'payload'
                  FROM batch_job_schedule_operation
                 WHERE schedule_id = %s
                 ORDER BY index
                 LIMIT %s
                """,
                self._origin.id,
                limit,
            )
        )
        return self.env.cr.fetchall()
