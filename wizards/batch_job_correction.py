from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools.translate import LazyTranslate

from ..models.operation_words import counted

_lt = LazyTranslate(__name__)

# for one row and for several
SENTENCES = (
    (_lt("1 row belongs to this job."), _lt("%s rows belong to this job.")),
    (_lt("1 is corrected, and will run."), _lt("%s are corrected, and will run.")),
    (_lt("1 is not changed, and will run again."), _lt("%s are not changed, and will run again.")),
    (
        _lt("1 more will run with them: another row of a record, or what they need."),
        _lt("%s more will run with them: the other rows of a record, and what they need."),
    ),
    (_lt("1 is done already."), _lt("%s are done already.")),
    (
        _lt("1 is done, and is left: its changes count for nothing"),
        _lt("%s are done, and are left: their changes count for nothing"),
    ),
    (_lt("1 was cancelled, and is left"), _lt("%s were cancelled, and are left")),
    (
        _lt("1 is a row of another job, and is left out."),
        _lt("%s are rows of other jobs, and are left out."),
    ),
)


class BatchJobCorrection(models.TransientModel):
    """A dialog that takes a file of corrected rows: it says what it has found, then it corrects."""

    _name = "batch.job.correction"
    _description = "Correct Rows by a File"

    job_id = fields.Many2one(
        "batch.job", required=True, readonly=True, index=True, ondelete="cascade"
    )
    file = fields.Binary(attachment=False)
    file_name = fields.Char()
    found = fields.Text(readonly=True)
    is_ready = fields.Boolean(readonly=True)

    def action_check(self):
        """Say what the file holds, or what is wrong with it. Nothing is stored."""
        self.ensure_one()
        if not self.file:
            raise UserError(self.env._("Choose a file: the one you have downloaded and corrected."))
        answer = self.job_id.correct_file(file=self._content(), check_only=True)
        report = answer["correction"]
        self.write({"found": self._in_words(report), "is_ready": bool(report["again"])})
        return self._open()

    def action_correct(self):
        """Correct the rows and run them."""
        self.ensure_one()
        report = self.job_id.correct_file(file=self._content())["correction"]
        self.write({"file": False, "is_ready": False})  # it may hold passwords
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if report["again"] else "warning",
                "message": self._in_words(report),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_other_file(self):
        self.ensure_one()
        self.write({"file": False, "file_name": False, "found": False, "is_ready": False})
        return self._open()

    def _content(self) -> str:
        content = self.with_context(bin_size=False).file or b""
        return content if isinstance(content, str) else content.decode()

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct Rows"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def _in_words(self, report) -> str:
        """What the file holds, a sentence a line; only what there is."""
        env, left = self.env, report["left"]
        more = report["again"] - report["corrected"] - report["unchanged"]
        counts = (
            *(report["rows"], report["corrected"], report["unchanged"], more, report["done"]),
            *(len(left["done"]), len(left["cancelled"]), report["foreign"]),
        )
        named, first = {5: left["done"], 6: left["cancelled"]}, self.job_id.sudo().first_row or 1
        return "\n".join(
            counted(env, count, one, several) + _rows_named(env, named.get(place), first)
            for place, (count, (one, several)) in enumerate(zip(counts, SENTENCES, strict=True))
            if count > 0
        )


def _rows_named(env, indexes, first) -> str:
    if not indexes:
        return ""
    if len(indexes) == 1:
        return env._(" (row %s).", indexes[0] + first)
    rows = ", ".join(str(index + first) for index in indexes[:10])
    return env._(" (rows %s).", rows + (", …" if len(indexes) > 10 else ""))
