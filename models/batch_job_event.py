import json

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.history import EVENTS, NOTHING
from ..engine.progress import iso
from ..engine.states import JOB_STATES

SERVER = "Odoo"  # who did what no person did


class BatchJobEvent(models.Model):
    """One event of a job's history: who did what when, and what has landed since the event before.

    Whoever records an event holds the lock on the job's row. So the order of the ids is the order
    of the events.
    """

    _name = "batch.job.event"
    _description = "Batch Job Event"
    _inherit = ["batch.job.counted", "batch.job.event.screen"]
    _order = "id desc"
    _rec_name = "event"
    _log_access = False
    _masked = {"reason": "reason_masked"}

    job_id = fields.Many2one("batch.job", required=True, readonly=True, ondelete="cascade")
    owner_id = fields.Integer(readonly=True, required=True)
    company_id = fields.Integer(readonly=True)
    at = fields.Datetime("When", readonly=True, required=True)
    event = fields.Selection(list(EVENTS.items()), readonly=True, required=True)
    # no many2one: the insert would wait for a transaction that deletes the user
    actor_id = fields.Integer("User", readonly=True, help="0: no person, but the server")
    actor = fields.Char("Who", readonly=True, required=True, help="The name at that time")
    state = fields.Selection(
        list(JOB_STATES.items()), "Then", readonly=True, required=True, help="After the event"
    )
    reason = fields.Text(readonly=True, depends_context=("uid",))
    reason_masked = fields.Text(
        readonly=True, exportable=False, help="The reason without values, for other readers"
    )
    dry_run = fields.Boolean(readonly=True, help="Whether the job was a dry run after the event")
    again = fields.Integer(readonly=True, help="Rows that run again")
    succeeded = fields.Integer(readonly=True, help="Since the event before")
    failed = fields.Integer(readonly=True, help="Since the event before")
    skipped = fields.Integer(readonly=True, help="Since the event before")
    seconds = fields.Float(
        "Seconds at Work", readonly=True, help="Since the event before, of all runners together"
    )

    _job = models.Index("(job_id, id)")

    @api.model
    def _record(self, job: dict, event, by: int | None = None, reason=None, again=0, masked=None):
        """Insert an event.

        :param job: the job's row, after the event
        :param by: the id of the user; None: the server
        :param masked: the reason without values, if it quotes some
        """
        landed = dict(job.get("unrecorded") or NOTHING)
        row = {
            "job_id": job["id"],
            "owner_id": job["user_id"],
            "company_id": job["company_id"],
            "at": SQL("clock_timestamp() AT TIME ZONE 'UTC'"),
            "event": event,
            "actor_id": by,
            "actor": _name_of(by),
            "state": job["state"],
            "dry_run": bool(job["dry_run"]),
            "reason": reason,
            "reason_masked": masked,
            "again": again,
            "cause_counts": json.dumps(landed.pop("causes")),
            **landed,
        }
        self.env.cr.execute(
            SQL(
                "INSERT INTO batch_job_event (%s) VALUES (%s)",
                SQL(", ").join(map(SQL.identifier, row)),
                SQL(", ").join(SQL("%s", value) for value in row.values()),
            )
        )

    @api.model
    def _explain(self, job_id, reason):
        """Give a reason to the first event of a job that this transaction has submitted."""
        self.env.cr.execute(
            SQL(
                "UPDATE batch_job_event SET reason = %s WHERE job_id = %s AND event = 'submit'",
                reason,
                job_id,
            )
        )

    def _as_json(self, causes: list[dict]) -> dict:
        return {
            "at": iso(self.at),
            "event": self.event,
            "by": {"id": self.actor_id, "name": self.actor} if self.actor_id else None,
            "state": self.state,
            "dry_run": self.dry_run,
            "reason": self.reason or None,
            "again": self.again,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 3),
            "causes": causes,
        }


def _name_of(user_id) -> SQL:
    return SQL(
        """
        COALESCE((SELECT p.name
                    FROM res_users u
                    JOIN res_partner p ON p.id = u.partner_id
                   WHERE u.id = %s), %s)
        """,
        user_id,
        SERVER,
    )
