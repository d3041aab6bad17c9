from collections import Counter

from odoo import models
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang
from odoo.tools.translate import LazyTranslate

from ..dispatch.locked_job import LockedJob, begin_fresh
from ..engine.several_jobs import rows_kept, rows_moved, why_left
from ..engine.states import verb_acts
from .operation_words import counted

_lt = LazyTranslate(__name__)

MOST_SELECTED = 1_000  # jobs; each stays locked until all are done
MOST_NAMED = 5
_ASKED = (
    "state", "policy", "dry_run", "total", "succeeded", "failed", "skipped", "cancelled", "untried",
)  # fmt: skip
# for one row and for several
_KEPT = _lt("1 row is done and stays."), _lt("%s rows are done and stay.")
_MOVED = {
    "pause": (
        _lt("1 row will wait until the jobs are resumed."),
        _lt("%s rows will wait until the jobs are resumed."),
    ),
    "resume": (_lt("1 row will run."), _lt("%s rows will run.")),
    "cancel": (_lt("1 row will not run."), _lt("%s rows will not run.")),
    "retry": (
        _lt("1 row that failed or was skipped will run again."),
        _lt("%s rows that failed or were skipped will run again."),
    ),
}


class BatchJobSeveral(models.AbstractModel):
    """The buttons above the list of jobs: a verb for each of the selected jobs."""

    _name = "batch.job.several"
    _description = "Batch Job Verbs for Several Jobs"

    def action_pause_selected(self):
        return self._press_each("pause")

    def action_resume_selected(self):
        return self._press_each("resume")

    def action_cancel_selected(self):
        return self._press_each("cancel")

    def action_retry_selected(self):
        return self._press_each("retry")

    def selection_question(self, verb: str) -> dict:
        """What to ask before a verb is done to each of the jobs.

        :param verb: pause, resume, cancel or retry
        :returns: ``count`` (jobs that the verb would move), ``title``, ``text`` and ``button``
        :raises UserError: 422: another verb, or too many jobs
        """
        self._check_selected(verb)
        jobs = self.search_read([("id", "in", self.ids)], _ASKED)
        moved = {job["id"]: rows_moved(verb, job) for job in jobs}
        acting = [job for job in jobs if moved[job["id"]] is not None]
        rows = sum(moved[job["id"]] for job in acting)
        kept = sum(rows_kept(job) for job in acting)
        title, button, nothing = self._words_of_question(verb, len(acting))
        return {
            "count": len(acting),
            "title": title,
            "button": button,
            "text": self._rows_in_words(verb, rows, kept) if acting else nothing,
        }

    def _words_of_question(self, verb, count) -> tuple[str, str, str]:
        """Title, button, and what is said if no job is moved."""
        numbers = {"count": self._number(count), "selected": self._number(len(self))}
        is_one = len(self) == 1
        match verb:
            case "pause":
                several = self.env._("Pause %(count)s of %(selected)s jobs?", **numbers)
                return (
                    self.env._("Pause the job?") if is_one else several,
                    self.env._("Pause"),
                    self.env._("None of the selected jobs can be paused."),
                )
            case "resume":
                several = self.env._("Resume %(count)s of %(selected)s jobs?", **numbers)
                return (
                    self.env._("Resume the job?") if is_one else several,
                    self.env._("Resume"),
                    self.env._("None of the selected jobs is paused."),
                )
            case "cancel":
                several = self.env._("Cancel %(count)s of %(selected)s jobs?", **numbers)
                return (
                    self.env._("Cancel the job?") if is_one else several,
                    self.env._("Cancel the Job") if is_one else self.env._("Cancel the Jobs"),
                    self.env._("Each of the selected jobs has ended."),
                )
        several = self.env._("Retry %(count)s of %(selected)s jobs?", **numbers)
        return (
            self.env._("Retry the job?") if is_one else several,
            self.env._("Retry"),
            self.env._("None of the selected jobs has ended with rows to retry."),
        )

    def _rows_in_words(self, verb, rows, kept) -> str:
        """What becomes of the rows."""
        moved = counted(self.env, rows, *_MOVED[verb])
        return f"{counted(self.env, kept, *_KEPT)} {moved}" if verb == "cancel" else moved

    def _press_each(self, verb):
        """Do a verb to each job, and say to how many it was done and why not to the others."""
        self._check_selected(verb)
        begin_fresh(self)
        names = {job.id: job.name for job in self.search([("id", "in", self.ids)])}
        moved, left, refused = 0, Counter(), []
        for job in self.sorted("id"):  # by id: two such calls lock the jobs in one order
            try:
                with self.env.cr.savepoint():
                    why = job._do_verb(verb)
            except UserError as error:
                name = names.get(job.id, str(job.id))  # deleted meanwhile: it has no name
                refused.append(self.env._("“%(job)s”: %(why)s", job=name, why=error))
                continue
            if why:
                left[why] += 1
            else:
                moved += 1
        return self._told(verb, moved, left, refused)

    def _do_verb(self, verb) -> str | None:
        """Do a verb; why it did nothing, or None."""
        self._check_named()
        # Lock before the verb: a verb begins the transaction anew unless it holds something, and
        # that would end the savepoint.
        job = LockedJob.lock(self.env, self.id) or self._refuse_unseen()
        before = job["state"]
        if not verb_acts(verb, before):
            return why_left(verb, before)
        after = getattr(self, verb)()["state"]
        return why_left(verb, after) if after == before else None

    def _told(self, verb, moved, left, refused):
        parts = [self._in_past(verb, moved)] if moved or not left else []
        parts += [self._why_in_words(why, count) for why, count in left.items()]
        lines = [", ".join(parts) + ".", *refused[:MOST_NAMED]]
        if len(refused) > MOST_NAMED:
            lines.append(self.env._("And %s more.", self._number(len(refused) - MOST_NAMED)))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if moved and not refused else "warning",
                "sticky": bool(refused),
                "className": "o_batch_job_lines",
                "message": "\n".join(lines),
                "next": {"type": "ir.actions.act_window_close"},  # reads the list again
            },
        }

    def _in_past(self, verb, count) -> str:
        number = self._number(count)
        return {
            "pause": self.env._("%s paused", number),
            "resume": self.env._("%s resumed", number),
            "cancel": self.env._("%s cancelled", number),
            "retry": self.env._("%s retried", number),
        }[verb]

    def _why_in_words(self, why, count) -> str:
        number = self._number(count)
        return {
            "ended": self.env._("%s had ended", number),
            "nothing": self.env._("%s had nothing to retry", number),
            "paused": self.env._("%s paused already", number),
            "not_ended": self.env._("%s had not ended", number),
            "draft": self.env._("%s not started", number),
            "at_work": self.env._("%s at work or waiting", number),
        }[why]

    def _check_selected(self, verb):
        self.browse().check_access("read")
        if verb not in ("pause", "resume", "cancel", "retry"):
            raise UserError(self.env._("verb is pause, resume, cancel or retry."))
        if len(self) > MOST_SELECTED:
            raise UserError(
                self.env._("Select at most %s jobs at once.", self._number(MOST_SELECTED))
            )

    def _number(self, number) -> str:
        return formatLang(self.env, number, digits=0)
