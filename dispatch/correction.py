"""`correct`: new content for operations of an ended job that were not kept."""

from odoo.exceptions import UserError

from ..engine.corrections import (
    Report,
    check_rows,
    fate,
    refuse_all,
    replaced_parts,
    runs_of,
)
from ..engine.errors import BadOperation, BadRequest
from ..engine.external_ids import external_ids_used
from ..engine.footprint import may_target
from ..engine.options import AS_MANY_AS_PAY
from ..engine.passwords import holds_blanked, may_hold_passwords
from ..engine.references import references_of
from ..engine.retried import NOT_KEPT
from ..engine.states import ENDED_STATES, LIVE_STATES, is_in_stages
from ..engine.submitted import check_operations, to_json
from ..engine.waves import Waves, mark
from .admission import Admission
from .locked_job import LockedJob
from .reopening import check_retry, queue_again, reopen_all
from .retry_part import reopen_at, with_company
from .submission import Submission
from .submission_check import refused


class Correction(Submission):
    """Replaces the content of operations of a locked job, and queues them again.

    All in the transaction of the caller: what is corrected is queued, or nothing is.
    """

    def __init__(self, job: LockedJob):
        super().__init__(job.env)
        self._job = job
        self._operations = job.env["batch.job.operation"]

    def apply(self, rows, repeat_mark: str) -> Report:
        """Correct operations.

        :param rows: objects with `index` and parts of the operation
        :param repeat_mark: a text that this correction has and no other; a job that is at work for
            the same correction is left alone
        :raises UserError: the job takes no corrections now, or something in `rows` is wrong
        """
        self._check_submitter()
        is_repeated = self._check_state(repeat_mark)
        try:
            report, changed, wanted = self._compare(check_rows(rows, self._job["total"]))
            if wanted and not is_repeated:
                self._run_again(report, changed, wanted, repeat_mark)
        except BadRequest as error:
            raise refused(self.env, error) from error
        return report

    def _check_state(self, repeat_mark) -> bool:
        """Whether the job is at work for the same correction already."""
        job = self._job
        if job["dry_run"]:
            raise UserError(
                self.env._(
                    "Job %s is a dry run, of which nothing is kept: correct your own file, and "
                    "submit all of it.",
                    job.id,
                )
            )
        if job["state"] in LIVE_STATES:
            if job["retried"] == repeat_mark:
                return True
            raise UserError(
                self.env._("Job %s is at work; correct its rows when it has ended.", job.id)
            )
        if job["state"] not in ENDED_STATES:
            raise UserError(
                self.env._(
                    "Job %(job)s is in state %(state)s; rows are corrected when it has ended.",
                    job=job.id,
                    state=job["state"],
                )
            )
        if job["state"] != "done":
            check_retry(job)
        return False

    def _compare(self, given: dict[int, dict]) -> tuple[Report, dict[int, dict], list[int]]:
        """What is to be done: the report, the corrected operations, the indexes to run again."""
        report, refused_ones = Report(rows=len(given)), []
        changed: dict[int, dict] = {}
        wanted: list[int] = []
        for index, state, operation in self._stored(given):
            try:
                parts = replaced_parts(index, operation, given[index])
                what = fate(state, bool(parts))
                if what in ("corrected", "unchanged"):
                    self._check_blanked(index, {**operation, **parts})
            except BadOperation as error:
                refused_ones.append(error)
                continue
            self._count(report, what, index)
            if what in ("corrected", "unchanged"):
                wanted.append(index)
            if what == "corrected":
                changed[index] = {**operation, **parts}
        refuse_all(refused_ones)
        return report, changed, wanted

    def _stored(self, given):
        """(index, state, operation) of the stored operations that are named."""
        found = self._operations._stored_at(self._job.id, list(given))
        if len(found) < len(given):
            raise UserError(
                self.env._(
                    "The operations of job %s have been deleted since; submit them anew.",
                    self._job.id,
                )
            )
        return [(one["index"], one["state"], one["operation"]) for one in found]

    def _check_blanked(self, index: int, operation: dict):
        """
        :raises BadOperation: a password in the operation was blanked, and no new one is given
        """
        if holds_blanked(operation):
            text = self.env._(
                "its password was blanked when the operation ended: give the password anew, or "
                "leave the row out."
            )
            raise BadOperation(index, text)

    @staticmethod
    def _count(report: Report, what: str, index: int):
        if what in report.left:
            report.left[what].append(index)
        elif what == "already done":
            report.done += 1
        elif what == "corrected":
            report.corrected += 1
        else:
            report.unchanged += 1

    def _run_again(self, report, changed, wanted, repeat_mark):
        job = self._job
        Admission(self.env).readmit(job)
        if changed:
            self._replace(changed)
        if job["policy"] == "all":
            moved, causes = reopen_all(job), []
        else:
            again = with_company(job, wanted, NOT_KEPT)
            moved, causes = reopen_at(job, again, NOT_KEPT)
        if any(map(_may_have_marks, changed.values())):
            self._mark_again()
        report.again = sum(moved.values())
        queue_again(job, moved, causes, "correct", retried=repeat_mark)

    def _replace(self, changed: dict[int, dict]):
        """Check operations as at submission, and store them in the place of the old ones."""
        indexes = sorted(changed)
        checked = check_operations([changed[index] for index in indexes], indexes=indexes)
        self._check_models(checked, 0, indexes)
        named = self._name_secrets(checked)
        text = to_json(named, 0, None, indexes)
        self._operations._replace_contents(self._job.id, indexes, text)
        has = {
            "has_passwords": may_hold_passwords(text),
            "has_references": '"$ref"' in text,
        }
        if self._job["max_parallel"] == AS_MANY_AS_PAY:
            has["has_targets"] = any(map(may_target, named))
        self._job.set(**{name: bool(self._job[name]) or flag for name, flag in has.items()})

    def _mark_again(self):
        """Give all pending operations their marks anew: waves, followers, and what they make."""
        pending = self._operations._stored_pending(self._job.id)
        operations = {one["index"]: one["operation"] for one in pending}
        waves = Waves(self._job["max_parallel"] > 1, self._level_of)
        self._know_others(waves, operations)
        runs = list(runs_of(operations))
        before = self._operations._stored_at(self._job.id, [run[0] - 1 for run in runs])
        previous = {one["index"] + 1: one["operation"] for one in before}
        marked: list[dict] = []
        for run in runs:
            neighbours = [operations[index] for index in run]
            marked += self._marked(neighbours, run[0], waves, previous.get(run[0]))
        self._store_marks(pending, marked)

    def _marked(self, operations, first, waves, previous) -> list[dict]:
        """Neighbouring operations with their marks.

        :raises BadOperation: the first one would continue the record of a row that is left alone
        """
        follows = self._follows_after(previous)
        self._check_rows(operations, first, follows)
        marked = mark(operations, first, waves, follows)
        if marked[0].get("$follows"):
            text = self.env._(
                "it would continue the record of the row before it, which does not run again: give "
                "it a value in a column of the record itself."
            )
            raise BadOperation(first, text)
        return marked

    def _know_others(self, waves, operations: dict[int, dict]):
        """Tell `waves` about the operations that do not run again, as far as the others need it.

        :raises BadOperation: a reference to an operation that comes later
        """
        own = {one["ref"] for one in operations.values() if one.get("ref")}
        used: dict[str, int] = {}  # name -> the first operation that refers to it
        made: set[str] = set()
        for index, operation in operations.items():
            for name in references_of(operation):
                if isinstance(name, str) and name not in own:
                    used.setdefault(name, index)
            made.update(external_ids_used(operation), waves.makes(operation))
        refs: dict[str, int] = {}
        for name, at, wave in self._operations._places_of_refs(self._job.id, list(used)):
            if at > used[name]:
                text = self.env._(
                    "it refers to %(name)s, which is the later operation %(index)s.",
                    name=repr(name),
                    index=at,
                )
                raise BadOperation(used[name], text)
            refs[name] = wave
        waves.know(refs, self._operations._waves_made(self._job.id, list(made), list(operations)))

    def _store_marks(self, pending, marked):
        changed = [
            {"index": one["index"], "wave": marks[0], "follows": marks[1], "makes": marks[2]}
            for one, operation in zip(pending, marked, strict=True)
            if (marks := _marks_of(operation)) != (one["wave"], one["follows"], one["makes"])
        ]
        if changed:
            self._operations._set_marks(self._job.id, changed)
        if any(one["follows"] for one in changed):
            self._job.set(has_followers=True)
        if self._job["max_parallel"] > 1:
            self._job.set(wave_ends=self._operations._order_by_wave(self._job.id))
        elif is_in_stages(self._job.row) and self._job["has_references"]:
            self._operations._order_in_stages(self._job.id)


def _marks_of(operation: dict) -> tuple[int, bool, str | None]:
    wave, follows = operation.get("$wave", 0), operation.get("$follows", False)
    return wave, follows, operation.get("$makes")


def _may_have_marks(operation: dict) -> bool:
    return operation["op"] in ("load", "upsert") or any(True for _one in references_of(operation))
