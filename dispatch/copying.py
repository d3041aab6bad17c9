"""New jobs of operations that are stored already: a duplicate, and the run of a schedule."""

import json

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..engine.options import LONGEST_KEY, Options
from ..engine.passwords import holds_secret
from .admission import Admission
from .locked_job import LockedJob
from .owner import Owner
from .starting import prepare
from .submission import ZERO_AT_FIRST, Submission
from .submission_check import refusal

# columns of a job that its copy has too; the other columns say who, when, and how the job went
COPIED = (
    "policy", "chunk_size", "max_parallel", "priority", "dry_run", "max_failures", "on_end",
    "outline", "has_passwords", "has_references", "has_followers", "has_keys", "has_targets",
)  # fmt: skip


class Copying(Submission):
    """Stores jobs whose operations are copied, as the user, with the checks of a submission."""

    def duplicate(self, job: dict) -> int:
        """Store a draft with the operations, options and context of a job of the user; its id.

        :param job: the row of the job
        """
        self.refuse_copy(job)
        eta = job["eta"] if job["eta"] and job["eta"] > fields.Datetime.now() else None
        reason = self.env._(
            "Duplicate of job %(job)s, “%(name)s”.", job=job["id"], name=job["name"]
        )
        return self.store_copy(
            self.env["batch.job.operation"]._of_job(job["id"]),
            {
                name: job[name]
                for name in (*COPIED, "total", "first_row", "run_context", "company_id")
            }
            | {"name": self._copied_name(job["name"]), "eta": eta},
            "draft",
            reason,
        )

    def refuse_copy(self, job: dict):
        """Refuse to copy the operations of a job that is not whole, or holds a password."""
        if job["state"] == "draft":
            raise UserError(
                self.env._("Job %s is a draft; start it first, or go on with it.", job["id"])
            )
        if problem := Owner(self.env).problem(job):
            raise UserError(problem)
        if holds_secret(job["run_context"] or {}):
            raise UserError(
                self.env._(
                    "The context of job %s holds a password, which is not kept for another job: "
                    "submit the operations anew.",
                    job["id"],
                )
            )
        self._refuse_secrets(job)

    def _refuse_secrets(self, job):
        if not job["has_passwords"]:
            return
        operations = self.env["batch.job.operation"]
        index = operations._first_secret(operations._of_job(job["id"]), job["total"])
        if index is not None:
            text = self.env._(
                "Operation %(index)s of job %(job)s holds a password, which is not kept for another"
                " job: submit the operations anew.",
                index=index,
                job=job["id"],
            )
            raise refusal(UserError, text, [index])

    def _copied_name(self, name) -> str:
        copied = self.env._("%s (copy)", name)
        return copied if len(copied) <= LONGEST_KEY else name

    def store_copy(self, source: SQL, values: dict, state: str, reason: str) -> int:
        """Store a job with the operations of a source; give its id. Rights come before room.

        :param values: the columns of the job; `total` is the number of operations
        :param state: draft or queued
        :param reason: where the operations come from, for the history
        """
        self.check_kinds(source, values)
        Admission(self.env).admit(values["total"])
        row = self._new_copy(values, state)
        row["id"] = self._insert_job(row)
        if row["id"] is None:
            raise UserError(
                self.env._(
                    "The idempotency key %s belongs to another job of yours.",
                    values["idempotency_key"],
                )
            )
        self.env["batch.job.event"]._record(row, "submit", self.env.uid, reason)
        if self.env["batch.job.operation"]._copy(source, row) != values["total"]:
            raise UserError(
                self.env._(
                    "Operations of “%s” have been deleted since; submit them anew.", values["name"]
                )
            )
        if state == "queued":
            prepare(LockedJob.lock(self.env, row["id"]))
        return row["id"]

    def check_kinds(self, source: SQL, values: dict):
        """Check models, methods, fields and rights of stored operations as at their submission."""
        self._check_submitter()
        self._check_priority(Options(priority=values["priority"]))
        if values["on_end"]:
            self._check_on_end(values["on_end"])
        for kind in self.env["batch.job.operation"]._kinds_in(source):
            self._check_model(*kind)

    def _new_copy(self, values, state) -> dict:
        texts = {
            name: None if values[name] is None else json.dumps(values[name])
            for name in ("on_end", "outline", "run_context")
        }
        return {
            **values,
            **texts,
            "on_end_state": values["on_end"] and "waiting",
            "state": state,
            **dict.fromkeys(ZERO_AT_FIRST, 0),
            "rate": 0.0,
            "needs_runner": state == "queued",
            "user_id": self.env.uid,
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
        }
