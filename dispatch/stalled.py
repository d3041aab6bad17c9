from datetime import timedelta

from odoo import fields
from odoo.tools.misc import format_datetime

from .base import Dispatch
from .chunk_lock import ChunkLocks
from .slots import Slots

STALLED_AFTER = 120  # seconds; a job that waits longer says why
FORGOTTEN_AFTER = 1  # seconds; by then a runner that was woken has claimed


class Stalled(Dispatch):
    """Whether a job stands still: whether a runner must be woken, and why the job waits."""

    def is_forgotten(self, job) -> bool:
        """Whether a job has work to do and no runner seems to be at work.

        A job that has moved within the last second costs no query.
        """
        now = fields.Datetime.now()
        if job.eta and not job.started_at:
            if job.eta > now:
                return False
            if Slots(self.env).has_idle():
                return True  # a runner amid its chunk does not see that the eta has come
        touched = max(filter(None, (job.queued_at, job.last_claimed_at, job.last_folded_at)))
        # `abs`: the clock may have been set back
        if abs(now - touched) <= timedelta(seconds=FORGOTTEN_AFTER):
            return False
        locks = ChunkLocks(self.env)
        return locks.has_orphan(job.id) or not locks.is_anyone_working()

    def why_stalled(self, jobs) -> dict[int, str]:
        """Id -> why nothing has happened to a live job for long, in words; only of such jobs. Many
        jobs cost no more queries than one."""
        waiting = {job.id for job in jobs if self._has_waited(job)}
        if waiting:
            waiting -= ChunkLocks(self.env).worked_on(waiting)
        if not waiting:
            return {}
        trouble = self.trouble()
        reason = trouble[1] if trouble else self.env._("The runners are busy with other jobs.")
        return dict.fromkeys(waiting, reason)

    def _has_waited(self, job) -> bool:
        moments = (job.queued_at, job.eta, job.last_claimed_at, job.last_folded_at)
        since = max(filter(None, moments), default=None)
        now = fields.Datetime.now()
        return bool(since) and now - since >= timedelta(seconds=STALLED_AFTER)

    def trouble(self) -> tuple[str, str] | None:
        """What keeps all runners from the queue: its kind, and a sentence; None if nothing does."""
        if self._is_upgrade_pending():
            return "upgrade", self.env._(
                "A module installation or upgrade is pending: Odoo runs no scheduled action until "
                "it is finished."
            )
        slots = Slots(self.env).all()
        if not slots.filtered("active"):
            return "all_off", self.env._(
                "The scheduled actions “Batch Jobs: runner …” are switched off. "
                "A Settings administrator can switch them on: Batch Jobs, Overview, Switch Them On."
            )
        latest = max(filter(None, slots.mapped("lastcall")), default=None)
        if latest and fields.Datetime.now() - latest < timedelta(seconds=STALLED_AFTER):
            return None
        return "unseen", self.env._(
            "No runner has looked at the queue since %s. Start Odoo with --max-cron-threads of 1 "
            "or more; if it has that, look into its log.",
            format_datetime(self.env, latest) if latest else self.env._("the installation"),
        )

    def _is_upgrade_pending(self):
        modules = self.env["ir.module.module"].sudo()
        states = ("to install", "to upgrade", "to remove")
        return bool(modules.search_count([("state", "in", states)], limit=1))
