"""Whether there is room for one more job."""

import dataclasses
import logging

from odoo.api import Environment
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ..engine.admission import DRAFT_LIFE, LARGEST_REQUEST, RETRY_AFTER, Full, Limits
from ..engine.states import OPEN_STATES
from ..execution.worker.second_connection import too_busy
from .base import NOW, Dispatch
from .locked_job import LockedJob

PARAMETERS = {  # field of `Limits` -> config parameter
    "per_user": "batch_job.open_per_user",
    "in_all": "batch_job.open_in_all",
    "job": "batch_job.largest_job",
}
REQUEST_PARAMETER = "batch_job.largest_request"  # MiB
MIB = 2**20
# a condition on jobs: nobody has touched this draft for so long that it counts no more
IS_STALE = SQL(
    "(state = 'draft' AND write_date < %s - make_interval(hours => %s))", NOW, DRAFT_LIFE
)


@dataclasses.dataclass
class Open:
    """Numbers of open operations: of one user, those of the user in drafts, and of all users."""

    of_user: int = 0
    in_drafts: int = 0
    in_all: int = 0


class Admission(Dispatch):
    """Asks for room when a job is opened. What was opened may go on: an append asks for no room."""

    def admit(self, count: int):
        """Refuse a new job of the current user if it is too large, or if there is no room.

        :param count: the operations that are there already
        :raises UserError: the job could never be admitted
        :raises TooManyRequests: there is no room at the moment; nothing was stored
        """
        self.check_size(count)
        self._ask(self.env.user, count)

    def check_size(self, count: int):
        """Refuse a job that has more operations than a job may have."""
        largest = self.limits().largest_job
        if count > largest:
            raise UserError(
                self.env._(
                    "A job may have %(largest)s operations, and this one would have %(count)s. Cut "
                    "it into several jobs, or have the limit raised: Settings, Batch Jobs.",
                    largest=self._number(largest),
                    count=self._number(count),
                )
            )

    def readmit(self, job: LockedJob):
        """Refuse to open a job again if there is no room at all.

        Nobody knows beforehand how many operations will be pending again. So the job needs room for
        one, as a new draft does, and may pass the limit by the rest.
        """
        self._ask(self.env["res.users"].browse(job["user_id"]).sudo(), 0)

    def limits(self) -> Limits:
        """The limits of the Settings."""
        defaults = vars(Limits())
        return Limits(
            **{
                name: number_of(self.env, parameter, defaults[name])
                for name, parameter in PARAMETERS.items()
            }
        )

    def _ask(self, user, count):
        limits, found = self.limits(), self._open(user.id)
        full = limits.full(count, found.of_user, found.in_all)
        if full is None:
            return
        if full is Full.USER:
            text = self._user_is_full(user, count, found, limits.per_user)
        else:
            text = self.env._(
                "No room for the job now: %(open)s operations of all users are open, and at most "
                "%(limit)s may be. Nothing was stored. Try again when jobs have ended.",
                open=self._number(found.in_all),
                limit=self._number(limits.in_all),
            )
        error = too_busy(text, RETRY_AFTER, no_room=True)
        error.loglevel = logging.INFO  # a client that waits asks every few seconds
        raise error

    def _user_is_full(self, user, count, found, limit) -> str:
        return self.env._(
            "No room for the job now: %(open)s operations of %(user)s are open (%(drafts)s of them "
            "in drafts), at most %(limit)s may be, and the job needs room for %(needed)s. Nothing "
            "was stored. Try again when jobs have ended, or cancel one. A draft counts for "
            "%(hours)s hours after its last part.",
            open=self._number(found.of_user),
            user=user.name,
            drafts=self._number(found.in_drafts),
            limit=self._number(limit),
            needed=self._number(max(count, 1)),
            hours=DRAFT_LIFE,
        )

    def _open(self, user_id) -> Open:
        """Add up the operations of open jobs.

        Only rows of open jobs are read, by an index of their own. A submission that has not been
        committed yet is not seen: submissions of one moment may pass a limit together.
        """
        self.env.cr.execute(
            SQL(
                """
                SELECT user_id = %s, state = 'draft', sum(total - succeeded - failed - skipped)
                  FROM batch_job
                 WHERE state IN %s AND NOT %s
                 GROUP BY 1, 2
                """,
                user_id,
                OPEN_STATES,
                IS_STALE,
            )
        )
        found = Open()
        for is_own, is_draft, operations in self.env.cr.fetchall():
            found.in_all += operations
            found.of_user += operations if is_own else 0
            found.in_drafts += operations if is_own and is_draft else 0
        return found

    def _number(self, count) -> str:
        return formatLang(self.env, count, digits=0)


def number_of(env: Environment, parameter: str, default: int) -> int:
    """A number of the Settings. A parameter that is no number above 0 counts as the default."""
    text = str(env["ir.config_parameter"].sudo().get_param(parameter) or "")
    return text.isdecimal() and int(text) or default


def largest_request_of_odoo(env: Environment) -> int:
    """Odoo's own limit of a request, in MiB."""
    return max(number_of(env, "web.max_file_upload_size", LARGEST_REQUEST * MIB) // MIB, 1)


def is_stale(job: LockedJob) -> bool:
    """Whether a locked job is a draft that counts no more."""
    return job["state"] == "draft" and job.seconds_since(job["write_date"]) > DRAFT_LIFE * 3600
