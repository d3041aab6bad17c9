"""Submit the rows of a file as a job."""

from odoo.exceptions import AccessError, UserError

from ..engine.file_rows import parts_of, with_row_numbers
from .admission import Admission
from .base import Dispatch
from .locked_job import LockedJob
from .starting import append_part, start_draft
from .submission import Submission


class FileImport(Dispatch):
    """Submits rows as `load` operations, one for each row, in the language and context of its
    environment.

    The rows are stored in parts of one transaction: the operations of 200,000 rows with 200 columns
    would be larger than PostgreSQL takes at once, and need not be in memory together.

    :param first: the number of the first row in the file
    """

    def __init__(self, env, first: int):
        super().__init__(env)
        self.first = first

    def submit(self, rows, model: str, fields: list[str], key: list[str], **options) -> int:
        """Store and start a job, and return its id.

        :param key: the columns by which existing records are found
        :param options: as for `submit`
        :raises UserError: the message names rows of the file; nothing may be committed
        """
        Admission(self.env).admit(len(rows))
        submission = Submission(self.env)
        checked = submission.parse_options(**options)
        job_id, _is_new = submission.store(checked, submission.parse([]), "draft")
        job = LockedJob.lock(self.env, job_id)
        for part in parts_of(rows, model, fields, key):
            append_part(job, self._parsed(submission, part, job))
        job.set(first_row=self.first)
        start_draft(job)
        return job_id

    def _parsed(self, submission, part, job):
        try:
            return submission.parse(part, job["total"], job.id, job["max_parallel"])
        except (AccessError, UserError) as error:
            raise self._about_rows(error) from error

    def _about_rows(self, error):
        """The same error; what it says of operations it says of rows."""
        text = str(error)
        row = self.env._("Row %s: ", "{}")
        operation = self.env._("Operation %(index)s: %(problem)s", index="{}", problem="")
        text = with_row_numbers(text, operation, row, self.first)
        about_rows = type(error)(text)
        vars(about_rows).update(vars(error))  # how it is logged: the text quotes the file
        return about_rows
