import logging

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, MissingError, UserError

from ..dispatch.execute_now import ExecuteNow
from ..dispatch.execute_submitted import ExecuteSubmitted
from ..dispatch.locked_job import LockedJob
from ..dispatch.slots import Slots
from ..dispatch.starting import append_part, prepare, refuse_append, touch
from ..dispatch.submission import Submission
from ..engine.options import EXECUTE_LIMIT, EXECUTE_POLICIES, options_among
from ..engine.progress import percent, time_left
from ..engine.states import JOB_STATES, LIVE_STATES, POLICIES
from ..engine.submitted import context_problem
from ..execution.in_words import in_words

OWNER_MAY_WRITE = {"name", "priority", "eta"}


class BatchJob(models.Model):
    """What a user submits: operations, and how to run them. It also says how far they are.

    The public methods are the RPC contract. Verbs (`batch_job_verbs.py`) and claims
    (`dispatch/claim.py`) lock the job's row, and write state and counters by SQL.
    """

    _name = "batch.job"
    _description = "Batch Job"
    _inherit = [
        "batch.job.inside",
        "batch.job.verbs",
        "batch.job.status",
        "batch.job.results",
        "batch.job.history",
        "batch.job.causes",
        "batch.job.scheduled",
        "batch.job.screen",
        "batch.job.times",
        "batch.job.throughput",
        "batch.job.search",
        "batch.job.on_end",
        "batch.job.again",
        "batch.job.buttons",
        "batch.job.several",
        "batch.job.overview",
        "batch.job.correct",
        "batch.job.rows.file",
        "batch.job.rights",
        "bus.listener.mixin",
    ]
    _order = "id desc"
    _owner_column = "user_id"
    _masked = {"error": "error_masked", "on_end_error": None}

    name = fields.Char(required=True)
    user_id = fields.Many2one("res.users", "Owner", required=True, readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    run_context = fields.Json("Context", readonly=True, groups=fields.NO_ACCESS)
    policy = fields.Selection(list(POLICIES.items()), required=True, readonly=True)
    chunk_size = fields.Integer(
        readonly=True, aggregator=None, help="Rows in a chunk; 0: the server chooses"
    )
    max_parallel = fields.Integer(
        "Chunks at Once", readonly=True, aggregator=None, help="0: as many as pay"
    )
    pace = fields.Json(readonly=True, help="Of a job with as many as pay: how many at once now")
    priority = fields.Integer(
        aggregator=None,
        help="Lower runs first; 0 to 10 counts only among the owner's own jobs. Below 0 the job "
        "goes before the jobs of all users; only a manager may set that.",
    )
    eta = fields.Datetime("Not Before")
    dry_run = fields.Boolean(readonly=True)
    idempotency_key = fields.Char(readonly=True)
    max_failures = fields.Char(readonly=True, help="Pauses at so many failures, or such a share")
    body_hash = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    part_hashes = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    parts = fields.Integer(readonly=True, aggregator=None, help="Parts appended so far")
    state = fields.Selection(
        list(JOB_STATES.items()), required=True, readonly=True, group_expand="_in_order_of_life"
    )
    outline = fields.Json(readonly=True, help="How many operations of each op and model")

    total = fields.Integer("Rows", readonly=True)
    succeeded = fields.Integer("Done", readonly=True)
    failed = fields.Integer(readonly=True)
    skipped = fields.Integer("Not Run", readonly=True)
    cancelled = fields.Integer(
        readonly=True, help="Of those skipped: a cancel kept them from running"
    )
    untried = fields.Integer(readonly=True, help="Dry run: skipped, because its time was over")
    tried_apart = fields.Boolean(
        readonly=True, help="Dry run: retried for the rest, in a transaction of its own"
    )
    remaining = fields.Integer(compute="_compute_progress")
    progress = fields.Float(compute="_compute_progress")
    rate = fields.Float("Rows per Second", readonly=True, aggregator="avg")
    time_left = fields.Float("Seconds Left", compute="_compute_progress")
    queued_at = fields.Datetime(readonly=True)
    started_at = fields.Datetime("Started", readonly=True)
    finished_at = fields.Datetime("Finished", readonly=True)
    error = fields.Text(readonly=True, depends_context=("uid",))
    error_masked = fields.Text(
        readonly=True, exportable=False, help="The error without values, for other readers"
    )

    operation_ids = fields.One2many("batch.job.operation", "job_id", readonly=True)
    chunk_ids = fields.One2many("batch.job.chunk", "job_id", readonly=True)

    _idempotency = models.UniqueIndex(
        "(user_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
        "This idempotency key is used by another job of yours.",
    )
    _open = models.Index("(priority, id) WHERE needs_runner")
    _admission = models.Index("(user_id) WHERE state IN ('draft', 'queued', 'running', 'paused')")
    _turns = models.Index("(user_id, last_claimed_at)")
    _failed = models.Index("(finished_at) WHERE state IN ('partial', 'failed')")

    # RPC contract: submit

    @api.model
    def submit(
        self,
        operations: list[dict],
        name: str | None = None,
        policy: str = "isolate",
        chunk_size: int = 0,
        max_parallel: int = 1,
        priority: int = 10,
        eta: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        start: bool = True,
        on_end: dict | None = None,
        max_failures: int | str | None = None,
    ) -> dict:
        """Store operations as a job that runs in the background with your rights.

        :param operations: one object each, such as
            ``{"op": "create", "model": "res.partner", "values": {"name": "Acme"}}``;
            ops are create, write, unlink, call, upsert and load
        :param name: shown in lists
        :param policy: what a failure does to its neighbours: isolate, chunk, stop or all
        :param chunk_size: operations in one transaction; 0 lets the server choose
        :param max_parallel: chunks at once; 1 keeps the order of submission; 0: as many as pay,
            with all order that costs nothing
        :param priority: lower runs first; 0 to 10 counts only among your own jobs; below 0 the job
            goes before the jobs of all users, which needs the right Batch Jobs / Manager
        :param eta: not before this time, ISO 8601; UTC if it names no zone
        :param dry_run: true executes everything in one transaction and keeps nothing but the
            outcomes; ``start`` then runs it for real
        :param idempotency_key: a second call with the same key and body gives the same job
        :param start: false opens a draft; then call ``append`` and ``start``
        :param on_end: what to call with your rights when the job has ended:
            ``{"model": …, "method": …, "ids": [7], "kwargs": {}}``; the job's id is in the context
        :param max_failures: policies isolate and chunk: the job pauses when so many operations have
            failed; a number, or a share such as "5%" that counts after the first 100 operations
        :returns: status
        :raises UserError: 422: names the index of a bad operation and what to do; nothing is stored
        :raises AccessError: 403: names the index of an operation you may not do
        :raises TooManyRequests: 429: no room: too many operations are open; nothing is stored
        """
        given = options_among(locals())
        self.check_access("read")
        self._check_flag("start", start)
        submission = Submission(self.env)
        options = submission.parse_options(**given)
        parsed = submission.parse(operations, max_parallel=options.max_parallel)
        if start and not parsed.count:
            raise UserError(
                self.env._("operations is empty. Send at least one, or start=false for a draft.")
            )
        submission.admit(options, parsed)
        job_id, is_new = submission.store(options, parsed, "queued" if start else "draft")
        job = self.browse(job_id)
        if is_new and start:
            prepare(LockedJob.lock(self.env, job_id))
        return job._status()

    @api.model
    def execute(
        self,
        operations: list[dict],
        policy: str = "isolate",
        idempotency_key: str | None = None,
    ) -> dict:
        """Run up to 1,000 operations now, inside this call, and keep them as a finished job.

        :param operations: as for ``submit``
        :param policy: isolate or all
        :param idempotency_key: a second call with the same key and body gives the first results
        :returns: status, with ``results``: an outcome per operation, in order
        :raises UserError: 422: names the index of a bad operation and what to do
        :raises AccessError: 403: names the index of an operation you may not do
        :raises TooManyRequests: 429: no database connection to spare, or keys in use; nothing was
            done
        """
        self.check_access("read")
        if policy not in EXECUTE_POLICIES:
            allowed = ", ".join(EXECUTE_POLICIES)
            raise UserError(self.env._("execute knows the policies %s; use submit.", allowed))
        submission = Submission(self.env)
        options = submission.parse_options(policy=policy, idempotency_key=idempotency_key)
        parsed = submission.parse(operations)
        if not 0 < parsed.count <= EXECUTE_LIMIT:
            raise UserError(
                self.env._("execute takes 1 to %s operations; use submit.", EXECUTE_LIMIT)
            )
        if parsed.has["has_keys"]:
            ExecuteNow(self.env).open_locks_beside()
        job_id, is_new = submission.store(options, parsed, "running")
        job = self.browse(job_id)
        if is_new:
            ExecuteNow(self.env).run(LockedJob.lock(self.env, job_id))
        return {**job._status(), **job.results(limit=EXECUTE_LIMIT)}

    @api.private
    def _execute_now(self) -> None:
        """Run this queued job to its end inside the transaction, and then its ``on_end``: for
        tests, whose transaction no runner sees.

        :raises UserError: the job was begun or is no queued job, has more than 1,000 operations, or
            is a dry run or of policy ``stop``
        """
        self.ensure_one()
        self.env.flush_all()
        queue = self.env(user=SUPERUSER_ID, su=True)
        ExecuteSubmitted(queue).run_with_on_end(LockedJob.lock(queue, self.id))
        self.env.invalidate_all()

    def append(self, operations: list[dict], part: int) -> dict:
        """Add operations to a draft of yours.

        :param operations: as for ``submit``
        :param part: 0 for the first part, then 1, 2 …; the same part again changes nothing
        :returns: status
        :raises UserError: 422: the job is no draft, or would be too large, a part is missing
            before this one, or this part was sent with other operations before
        :raises AccessError: 403: the draft is somebody else's
        """
        self._check_owner()
        job = LockedJob.lock(self.env, self.id) or self._refuse_unseen()
        submission = Submission(self.env)
        hashes = job["part_hashes"] or []
        if type(part) is int and 0 <= part < len(hashes):
            submission.check_repeated(job, part, operations)
            touch(job)
            return self._status()
        if job["state"] != "draft":
            refuse_append(job)
        if part != len(hashes) or type(part) is not int:
            raise UserError(
                self.env._(
                    "Part %(part)s does not follow; send part %(next)s.",
                    part=part,
                    next=len(hashes),
                )
            )
        parsed = submission.parse(operations, job["total"], self.id, job["max_parallel"])
        append_part(job, parsed)
        return self._status()

    # ORM

    @api.private
    def ensure_one(self):
        """Refuse a call that does not name one job: 422, where Odoo's own error would be a 500."""
        number = self._ids[0] if len(self) == 1 else 0
        if not isinstance(number, api.NewId) and (type(number) is not int or number < 1):
            raise UserError(self.env._("Name one job: ids is a list with one id, such as [7]."))
        return self

    def write(self, vals):
        if not self.env.su:
            Submission(self.env).check_written(vals)
            forbidden = vals.keys() - OWNER_MAY_WRITE
            if forbidden:
                raise AccessError(
                    self.env._(
                        "Batch jobs are changed by their methods; %s cannot be written.",
                        ", ".join(sorted(forbidden)),
                    )
                )
            for job in self:
                job._check_owner()
        result = super().write(vals)
        if "eta" in vals or "priority" in vals:
            Slots(self.env).wake_for(self)
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_only_at_rest(self):
        for job in self:
            if not job._is_own() and not self._is_administrator():
                raise AccessError(self.env._("Only its owner may delete job %s.", job.id))
            if job.state in (*LIVE_STATES, "paused"):
                raise UserError(
                    self.env._("%s has not ended; cancel it before you delete it.", job.name)
                )
            if job.needs_runner:
                raise UserError(
                    self.env._(
                        "The last chunk of %s has not landed yet; delete it in a moment.", job.name
                    )
                )

    @api.depends("total", "succeeded", "failed", "skipped", "rate", "state", "step_position")
    def _compute_progress(self):
        for job in self:
            job.remaining = job.total - job.succeeded - job.failed - job.skipped
            left = job.remaining
            if job.state == "running" and (job.dry_run or job.policy == "all"):
                left = min(left, job.total - job.step_position)
            job.progress = percent(job.total, left)
            live = job.state in LIVE_STATES
            job.time_left = (time_left(left, job.rate) or 0.0) if live else 0.0

    @api.model
    def _in_order_of_life(self, states, domain):
        """The columns of the board: the states that have jobs, from draft to done."""
        return [state for state in JOB_STATES if state in states]

    # Rights

    def _check_access(self, operation):
        # first: Odoo reads the user's language and companies from the context
        if problem := context_problem(self.env.context):
            lang = self.env.context.get("lang")
            env = self.env(context={"lang": lang if isinstance(lang, str) else None})
            raise UserError(in_words(env, problem))
        return super()._check_access(operation)

    def _check_named(self, columns=()):
        """Refuse a call that does not name one job that its user may see.

        The error does not tell whether another user has a job with this number.

        :param columns: all that the call needs, to be read anew; by default the check reads what
            is not in the cache
        """
        self.browse().check_access("read")
        self.ensure_one()
        if columns:
            self.invalidate_recordset()
            self.sudo().fetch(columns)
        try:
            is_seen = self.has_access("read")
        except MissingError:
            is_seen = False
        if not is_seen:
            self._refuse_unseen()

    def _refuse_unseen(self):
        error = MissingError(
            self.env._("Job %s does not exist, or you have no right to see it.", self.id)
        )
        error.loglevel = logging.INFO  # the caller's mistake: no warning in the server's log
        raise error
