import dataclasses
import datetime
import functools
import json

from odoo import SUPERUSER_ID, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.models import fix_import_export_id_paths
from odoo.tools import SQL, lazy

from ..engine.canonical import text_hash
from ..engine.errors import BadRequest
from ..engine.external_ids import external_ids_used
from ..engine.footprint import may_target
from ..engine.messages import _lt, message_of
from ..engine.options import AS_MANY_AS_PAY, Options, check_options, is_name, submission_hash
from ..engine.outline import outline_of
from ..engine.passwords import may_hold_passwords
from ..engine.references import references_of
from ..engine.storable import dump, holds_nul, is_too_deep
from ..engine.submitted import check_operations, clean_context, to_json
from ..engine.waves import Waves, is_follower, mark
from ..execution.in_words import in_words
from .admission import Admission
from .submission_check import SubmissionCheck, refused

# keys in the context of the call: it does not count when two submissions are compared
DEFAULT_NAME = "batch_job_default_name"
FIRST_ROW = "batch_job_first_row"
LARGEST_FIRST_ROW = 1_000_000
ZERO_AT_FIRST = ("succeeded", "failed", "skipped", "cancelled", "parts", "next_position")


@dataclasses.dataclass(frozen=True)
class Parsed:
    """Checked operations, ready to be stored.

    `text` is their JSON, `subjects` that of their subjects, and `digest` the hash of what was
    submitted. `has` holds the job's `has_…` columns, and `outline` the numbers of operations by op
    and model.
    """

    text: str
    subjects: str
    count: int
    digest: str
    has: dict[str, bool]
    outline: list[dict]


class Submission(SubmissionCheck):
    """Stores what somebody submits. It checks everything before it stores anything."""

    def parse(self, operations, first_index=0, job_id=None, max_parallel=1) -> Parsed:
        """Check operations, and make them ready to be stored.

        :param job_id: the draft to which they are appended
        :param max_parallel: chunks of the job that may run at once; 0: the server chooses
        """
        self._check_submitter()
        try:
            checked = check_operations(operations, first_index)
            text = to_json(checked, first_index, _json_default)
            digest = text_hash(text)
            self._check_models(checked, first_index)
            named = self._name_secrets(checked)
            waves = Waves(max_parallel > 1, self._level_of)
            marked = self._mark(named, text, first_index, job_id, waves)
            if marked is not checked:
                text = to_json(marked, first_index, _json_default)
        except BadRequest as error:
            raise refused(self.env, error) from error
        has = {
            "has_passwords": may_hold_passwords(text),
            "has_references": '"$ref"' in text,
            "has_followers": '"$follows"' in text,
            "has_keys": any(one["op"] in ("upsert", "load") for one in checked),
        }
        if max_parallel == AS_MANY_AS_PAY:
            has["has_targets"] = any(map(may_target, checked))
        subjects = json.dumps(self.env["batch.job.operation"]._subjects_of(checked))
        return Parsed(text, subjects, len(checked), digest, has, outline_of(checked))

    def digest(self, operations) -> str:
        """The hash of operations that may be stored already. Models and rights are not checked."""
        self._check_submitter()
        try:
            text = to_json(check_operations(operations), 0, _json_default)
        except BadRequest as error:
            raise refused(self.env, error) from error
        return text_hash(text)

    def check_repeated(self, job, part, operations):
        """Refuse a part that was appended before with other operations."""
        if job["part_hashes"][part] == self.digest(operations):
            return
        raise _other_submission(
            job.id,
            self.env._(
                "Part %(part)s was appended to job %(job)s before with other operations. Send "
                "exactly the same, or submit the others under another idempotency key.",
                part=part,
                job=job.id,
            ),
        )

    def _mark(self, operations, text, first_index, job_id, waves):
        """Check references and mark followers. Most jobs have neither."""
        if not any(one.get("ref") or one["op"] in ("upsert", "load") for one in operations):
            if '"$ref"' not in text:
                return operations
        previous = None
        if job_id:
            self._recall(waves, operations, job_id)
            previous = self.env["batch.job.operation"]._last_stored(job_id)
        follows = self._follows_after(previous)
        self._check_rows(operations, first_index, follows)
        return mark(operations, first_index, waves, follows, previous["$wave"] if previous else 0)

    def _follows_after(self, previous):
        """A function: (operation, operation before it) -> whether the row continues a record.

        :param previous: what is before the first operation, or None
        """
        is_one2many = functools.cache(self._one2many_columns)

        def follows(operation, before):
            if operation["op"] != "load":
                return False
            columns = is_one2many(operation["model"], tuple(operation["fields"]))
            return is_follower(operation, before or previous, columns)

        return follows

    def _recall(self, waves, operations, job_id):
        """Tell `waves` which operations of a draft's earlier parts the next part refers to."""
        stored = self.env["batch.job.operation"]
        names = {one["ref"] for one in operations if one.get("ref")}
        made: set[str] = set()
        for operation in operations:
            names.update(name for name in references_of(operation) if isinstance(name, str))
            made.update(external_ids_used(operation), waves.makes(operation))
        waves.know(stored._waves_of(job_id, "ref", names), stored._waves_of(job_id, "makes", made))

    def _one2many_columns(self, model, columns) -> list[bool]:
        """Which columns of a load fill a one2many."""
        model_fields = self.env[model]._fields
        names = (fix_import_export_id_paths(column)[0] for column in columns)
        return [name in model_fields and model_fields[name].type == "one2many" for name in names]

    def parse_options(self, **options) -> Options:
        try:
            checked = check_options(**options)
        except BadRequest as error:
            raise UserError(in_words(self.env, message_of(error))) from error
        if checked.on_end:
            self._check_on_end(checked.on_end)
        return checked

    def check_written(self, vals):
        """Check changed fields as at submission."""
        limited = {name: vals[name] for name in ("name", "priority") if name in vals}
        self._check_priority(self.parse_options(**limited))
        if "name" in vals and not vals["name"]:
            raise UserError(self.env._("A job needs a name."))

    def admit(self, options: Options, parsed: Parsed):
        """Refuse a new job that is too large, or for which there is no room.

        A job that is stored already is found by its idempotency key whatever the limits are.
        """
        if not self._known_by_key(options.idempotency_key):
            Admission(self.env).admit(parsed.count)

    def store(self, options: Options, parsed: Parsed, state):
        """Store a new job, or find the job that the same submission has stored before.

        :returns: (job id, whether the job is new)
        """
        self._check_priority(options)
        digest = submission_hash(parsed.digest, state, options)
        job_id = self._insert_job(self._new_row(options, parsed, digest, state))
        if job_id is None:
            return self._find_winner(options, parsed, state), False
        job = {"id": job_id, "user_id": self.env.uid, "company_id": self.env.company.id}
        job |= {"state": state, "dry_run": options.dry_run}
        self.env["batch.job.event"]._record(job, "submit", self.env.uid)
        if parsed.count:
            self.env["batch.job.operation"]._store(job, parsed.text, 0, parsed.subjects)
        return job_id, True

    def _check_priority(self, options: Options):
        """A priority below 0 needs a manager: such a job goes before the jobs of all users.

        A job that is stored already is found by its idempotency key without this right. The job may
        be older than the rule.
        """
        if options.priority >= 0 or self.env.user.has_group("batch_job.group_manager"):
            return
        if not self._known_by_key(options.idempotency_key):
            raise AccessError(
                self.env._(
                    "A priority below 0 puts the job before those of everybody, which takes the "
                    "right Batch Jobs / Manager; use 0 to 1000."
                )
            )

    def _check_submitter(self):
        if self.env.su or self.env.uid == SUPERUSER_ID:
            raise UserError(
                self.env._(
                    "A job runs with the rights of its submitter, so the superuser cannot submit "
                    "one. Submit it as a user: "
                    "env['batch.job'].with_user(user).submit(…), or "
                    "records.with_user(user)._in_batches(…)."
                )
            )
        # raises if the language is not installed: each operation of the job would fail
        _lang = self.env.lang
        # rows are stored by SQL: a user who may not read jobs may not submit one
        self.env["batch.job"].check_access("read")

    def _new_row(self, options, parsed, digest, state) -> dict:
        return {
            **vars(options),
            **parsed.has,
            "first_row": self._first_row(),
            "on_end": options.on_end and json.dumps(options.on_end),
            "on_end_state": options.on_end and "waiting",
            "name": options.name or self._default_name(),
            "user_id": self.env.uid,
            "company_id": self.env.company.id,
            "run_context": json.dumps(self._run_context()),
            "outline": json.dumps(parsed.outline),
            "body_hash": digest,
            "state": state,
            "total": parsed.count,
            **dict.fromkeys(ZERO_AT_FIRST, 0),
            "rate": 0.0,
            "needs_runner": state == "queued",
            "create_uid": self.env.uid,
            "write_uid": self.env.uid,
        }

    def _insert_job(self, row: dict) -> int | None:
        """Insert the row of a job; None if a job with the same idempotency key exists.

        Odoo does not retry a call after a unique violation. Without `ON CONFLICT`, nine of ten
        equal calls at once would fail.
        """
        query = SQL(
            """
            INSERT INTO batch_job (%s, create_date, write_date, queued_at)
            VALUES (%s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                    CASE WHEN %s THEN now() AT TIME ZONE 'UTC' END)
            ON CONFLICT (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL
            DO NOTHING
            RETURNING id
            """,
            SQL(", ").join(map(SQL.identifier, row)),
            SQL(", ").join(SQL("%s", value) for value in row.values()),
            row["state"] != "draft",
        )
        # do not log a conflict with an equal call: Odoo repeats this call, and the log would
        # quote its content
        self.env.cr.execute(query, log_exceptions=False)
        inserted = self.env.cr.fetchone()
        return inserted and inserted[0]

    def _find_winner(self, options: Options, parsed: Parsed, state) -> int:
        """The job that has the idempotency key.

        :raises UserError: the job was submitted with other operations or options
        """
        job_id, known_digest, known_name = self._known_by_key(options.idempotency_key)
        names = {options.name}
        if options.name in (None, self._default_name(), self.env._("Batch job")):
            # a default name does not count: equal submissions may have different ones
            names |= {None, known_name}
        same = (dataclasses.replace(options, name=name) for name in names)
        if known_digest not in (submission_hash(parsed.digest, state, one) for one in same):
            raise _other_submission(
                job_id,
                self.env._(
                    "The idempotency key %(key)s belongs to job %(job)s, which was submitted with "
                    "other operations, another name or other options. Use another key, or send "
                    "exactly the same.",
                    key=options.idempotency_key,
                    job=job_id,
                ),
            )
        return job_id

    def _known_by_key(self, key):
        """(id, hash, name) of the user's job that has the key, or None."""
        if key is None:
            return None
        query = SQL(
            "SELECT id, body_hash, name FROM batch_job WHERE user_id = %s AND idempotency_key = %s",
            self.env.uid,
            key,
        )
        self.env.cr.execute(query)
        return self.env.cr.fetchone()

    def _default_name(self) -> str:
        """The name of a job that was submitted without a name.

        The caller may give a better one in the context, such as the name of a file.
        """
        name = self.env.context.get(DEFAULT_NAME)
        return is_name(name) and name or self.env._("Batch job")

    def _first_row(self) -> int:
        """The number of the first row: 2 if the job comes from a file with a header."""
        number = self.env.context.get(FIRST_ROW, 1)
        if type(number) is not int or not 1 <= number <= LARGEST_FIRST_ROW:
            raise UserError(
                self.env._(
                    "The context's %(key)s must be a whole number from 1 to %(most)s: the row of "
                    "the first operation in its file.",
                    key=FIRST_ROW,
                    most=LARGEST_FIRST_ROW,
                )
            )
        return number

    def _run_context(self) -> dict:
        """The submitter's context, as far as it can be stored, with language and time zone.

        If the context names companies, the job needs them.
        """
        user, context = self.env.user, {}
        for key, value in clean_context(self.env.context).items():
            try:
                text = dump({key: value}, _json_default)
            except (TypeError, ValueError, RecursionError):
                continue
            if not holds_nul(text) and not is_too_deep(kept := json.loads(text)):
                context.update(kept)
        context.pop("uid", None)
        context.setdefault("lang", user.lang)
        context.setdefault("tz", user.tz)
        return context


def _json_default(value):
    """The JSON of other values that server code may put into an operation."""
    if isinstance(value, datetime.datetime):
        return fields.Datetime.to_string(value)
    if isinstance(value, datetime.date):
        return fields.Date.to_string(value)
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, lazy):
        return value._value
    if isinstance(value, models.BaseModel):
        return list(value._ids)
    raise TypeError(_lt("%(type)s is not JSON", type=type(value).__name__))


def _other_submission(job_id, text) -> UserError:
    """The error if a key or a part is used again with other content.

    Programs read the job's id from the context of the error.
    """
    error = UserError(text)
    error.context = {"job_of_key": job_id}
    return error
