from odoo import api, models
from odoo.tools import SQL


class BatchJobRights(models.AbstractModel):
    """Who may see what operations carry and return.

    Asked of the database, never of a record's fields: `onchange` lays over those whatever its
    caller sends, another owner as well.
    """

    _name = "batch.job.rights"
    _description = "Batch Job Rights"

    @api.model
    def _is_administrator(self) -> bool:
        return self.env.su or self.env.user.has_group("base.group_system")

    @api.model
    def _content_is_visible(self) -> SQL:
        """The condition on the columns of an operation under which the user may see its content."""
        if self._is_administrator():
            return SQL("TRUE")
        return SQL("owner_id = %s", self.env.uid)
