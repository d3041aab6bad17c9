import csv
import io
import json
from bisect import bisect_right

from odoo import api, models
from odoo.tools import SQL

from ..engine.outcomes import Outcome
from ..engine.passwords import blank_passwords
from .operation_lookup import at_indexes, at_positions
from .operation_words import error_in_short

UNTRIED = "time_limit"  # the kind of error of what a dry run had no time for
RECORD_BATCH = 1_000  # outcomes in one statement: PostgreSQL refuses a statement of 256 MB
BLANK_BATCH = 5_000  # operations looked at together for passwords
MOST_LOOKED_AT = 20_000  # operations of a job looked at together for a page of one state


class BatchJobOutcome(models.AbstractModel):
    """Writes and reads the outcomes of operations."""

    _name = "batch.job.outcome"
    _description = "Batch Job Outcome"
    _inherit = ["batch.job.rights"]

    @api.model
    def _record(self, job_id, outcomes: list[Outcome]):
        """Write outcomes. Each replaces the earlier outcome of its operation."""
        for start in range(0, len(outcomes), RECORD_BATCH):
            self._record_some(job_id, outcomes[start : start + RECORD_BATCH])

    @api.model
    def _record_some(self, job_id, outcomes):
        rows = json.dumps([self._outcome_row(one) for one in outcomes], ensure_ascii=False)
        positions = [one.position for one in outcomes]
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_operation o
                   SET state = u.state, record_ids = u.ids, value = u.value,
                       note = u.note, error_type = u.type, error_message = u.message,
                       error_model = u.model, error_field = u.field,
                       error_constraint = u."constraint"
                  FROM jsonb_to_recordset(%s::jsonb)
                       AS u("at" int, state text, ids jsonb, value jsonb, note text,
                            type text, message text, model text, field text, "constraint" text)
                 WHERE o.position = u."at"
                   AND %s
                """,
                rows,
                at_positions(job_id, min(positions), max(positions)),
            )
        )

    @staticmethod
    def _outcome_row(outcome: Outcome) -> dict:
        row = {"at": outcome.position, "state": outcome.state}
        if outcome.ids is not None:
            row["ids"] = outcome.ids
        # JSON `null` would be stored as a value, not as SQL's NULL
        if outcome.value is not None:
            row["value"] = outcome.value
        if outcome.note is not None:
            row["note"] = outcome.note
        if outcome.failure:
            # the failure's own `value` is for the causes; that of a row is what a method returned
            row |= {name: one for name, one in vars(outcome.failure).items() if name != "value"}
        return row

    @api.model
    def _skip_untried(self, job_id, first, last, text) -> int:
        """Skip the pending operations that a dry run had no time for, and return their number."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_operation
                   SET state = 'skipped', error_type = %s, error_message = %s
                 WHERE %s AND state = 'pending'
                """,
                UNTRIED,
                text,
                at_positions(job_id, first, last),
            )
        )
        return self.env.cr.rowcount

    @api.model
    def _reopen_untried(self, job_id) -> int:
        """Make the operations pending that a dry run had no time for, and return their number."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_operation
                   SET state = 'pending', error_type = NULL, error_message = NULL
                 WHERE job_id = %s AND state = 'skipped' AND error_type = %s
                """,
                job_id,
                UNTRIED,
            )
        )
        return self.env.cr.rowcount

    @api.model
    def _blank_ended(self, job, first, last):
        """Blank the passwords of ended operations.

        A dry run keeps its passwords, because it may be run for real.
        """
        if not job["has_passwords"] or job["dry_run"]:
            return
        for start in range(first, last + 1, BLANK_BATCH):
            payloads = self._ended_payloads(job["id"], start, min(start + BLANK_BATCH - 1, last))
            blanked = [(row_id, payload, blank_passwords(payload)) for row_id, payload in payloads]
            changed = [(row_id, json.dumps(new)) for row_id, old, new in blanked if new != old]
            if changed:
                self._replace_payloads(*map(list, zip(*changed, strict=True)))

    @api.model
    def _ended_payloads(self, job_id, first, last):
        self.env.cr.execute(
            SQL(
                """
                SELECT id, payload
                  FROM batch_job_operation
                 WHERE %s AND state != 'pending'
                """,
                at_positions(job_id, first, last),
            )
        )
        return self.env.cr.fetchall()

    @api.model
    def _replace_payloads(self, row_ids, payloads):
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_operation o
                   SET payload = u.payload::jsonb
                  FROM unnest(%s::int[], %s::text[]) AS u(id, payload)
                 WHERE o.id = u.id
                """,
                row_ids,
                payloads,
            )
        )

    @api.model
    def _error_in_words(self, job_id, position=None) -> dict[str, str | None]:
        """Which operation failed, and why: the operation at a position, or the first that failed.

        If the job or the chunk was ended as a whole, give only the reason: the operation that
        carries it is not at fault.

        :returns: the columns `error` and `error_masked` of the job
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT o.index, o.index + COALESCE(j.first_row, 1) AS row, o.error_message,
                       o.error_type, o.error_model, o.error_field,
                       o.error_type = 'time_limit'
                       OR o.error_type = 'worker_lost' AND (j.policy = 'all' OR j.dry_run)
                           AS as_a_whole
                  FROM batch_job_operation o
                  JOIN batch_job j ON j.id = o.job_id
                 WHERE o.state = 'failed'
                   AND %s
                 ORDER BY o.index
                 LIMIT 1
                """,
                SQL("o.job_id = %s", job_id)
                if position is None
                else at_positions(job_id, position, position),
            )
        )
        found = self.env.cr.dictfetchone()
        if not found or found["as_a_whole"]:
            return {"error": found and found["error_message"], "error_masked": None}
        masked = error_in_short(
            self.env, found["error_type"], found["error_model"], found["error_field"]
        )
        return {
            "error": self._names_failure(found, found["error_message"]),
            "error_masked": self._names_failure(found, masked),
        }

    def _names_failure(self, found, message) -> str:
        return self.env._(
            "Operation %(index)s (row %(row)s) failed: %(message)s",
            index=found["index"],
            row=found["row"],
            message=message,
        )

    @api.model
    def _forget_outcomes(self, job_id) -> int:
        """Make all operations pending, without outcomes, and return their number."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_operation
                   SET state = 'pending', record_ids = NULL, value = NULL, note = NULL,
                       error_type = NULL, error_message = NULL, error_model = NULL,
                       error_field = NULL, error_constraint = NULL
                 WHERE job_id = %s
                """,
                job_id,
            )
        )
        return self.env.cr.rowcount

    @api.model
    def _report(self, job_id) -> bytes:
        """The outcomes as CSV. It has no content, so everybody who may see the job may read it."""
        columns = ("index", "state", "op", "model", "error_type", "error_field")
        self.env.cr.execute(
            SQL(
                "SELECT %s FROM batch_job_operation WHERE job_id = %s ORDER BY index",
                SQL(", ").join(map(SQL.identifier, columns)),
                job_id,
            )
        )
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(columns)
        writer.writerows(self.env.cr.fetchall())
        return text.getvalue().encode()

    @api.model
    def _reopen(self, job_id, first, last) -> list[dict]:
        """Make failed operations pending again, and return the causes of their failures."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE batch_job_operation
                   SET state = 'pending'
                 WHERE %s AND state = 'failed'
             RETURNING error_type AS type, error_model AS model, error_field AS field,
                       error_constraint AS constraint
                """,
                at_positions(job_id, first, last),
            )
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _outcomes(self, job_id, state, after, limit) -> list[dict]:
        """Outcomes in submission order, in the shape of the RPC contract.

        For a user who may not see the content, values and notes are left out, and a message is the
        kind of error with the field.
        """
        outcomes: list[dict] = []
        first, width, end = max(after + 1, 0), limit, self._total(job_id)
        # between two indexes at a time: the plan of a page never sorts the rest of the job
        while first < end and len(outcomes) < limit:
            last = min(first + width, end) - 1
            which = at_indexes(job_id, first, last)
            outcomes += self._outcomes_of(which, state, limit - len(outcomes))
            first, width = last + 1, min(2 * width, MOST_LOOKED_AT)
        return outcomes

    @api.model
    def _record_ids_of(self, job_id, limit) -> list[int]:
        """The ids of records that the job has made or changed, in submission order."""
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT one::int
                  FROM (SELECT record_ids
                          FROM batch_job_operation
                         WHERE job_id = %(job)s
                           AND state = 'done'
                           AND op != 'unlink'
                         ORDER BY index
                         LIMIT %(limit)s) o,
                       jsonb_array_elements(record_ids) one
                 LIMIT %(limit)s
                """,
                job=job_id,
                limit=limit,
            )
        )
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _total(self, job_id) -> int:
        self.env.cr.execute(SQL("SELECT total FROM batch_job WHERE id = %s", job_id))
        return self.env.cr.fetchone()[0]

    @api.model
    def _outcomes_at(self, job_id, state, after, indexes, limit) -> list[dict]:
        """The outcomes of some operations, in submission order, in the same shape.

        :param indexes: in order
        """
        named = list(indexes[bisect_right(indexes, after) :])
        which = SQL("job_id = %s AND index = ANY(%s)", job_id, named)
        return self._outcomes_of(which, state, limit)

    @api.model
    def _outcomes_of(self, which: SQL, state, limit) -> list[dict]:
        self.env.cr.execute(
            SQL(
                """
                SELECT index, state, op, model, record_ids,
                       CASE WHEN %(is_visible)s THEN value END,
                       CASE WHEN %(is_visible)s THEN note END,
                       error_type,
                       CASE WHEN %(is_visible)s THEN error_message END,
                       error_model, error_field
                  FROM batch_job_operation
                 WHERE %(which)s
                   %(in_state)s
                 ORDER BY index
                 LIMIT %(limit)s
                """,
                is_visible=self._content_is_visible(),
                which=which,
                in_state=SQL("AND state = %s", state) if state else SQL(),
                limit=limit,
            )
        )
        return [self._outcome_dict(*row) for row in self.env.cr.fetchall()]

    def _outcome_dict(
        self, index, state, op, model, ids, value, note, error_type, message, error_model, field
    ):
        if error_type and message is None:
            message = error_in_short(self.env, error_type, error_model, field)
        error = {"type": error_type, "message": message, "field": field} if error_type else None
        outcome = {
            "index": index,
            "state": state,
            "op": op,
            "model": model,
            "ids": ids,
            "value": value,
            "error": error,
        }
        return {**outcome, "note": note} if note else outcome
