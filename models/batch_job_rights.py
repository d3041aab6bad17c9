from odoo import api, models
from odoo.tools import SQL


class BatchJobRights(models.AbstractModel):
    """Who may see the content and the return values of operations.

    The checks read the database, never the fields of a record. In `onchange` the fields hold what
    the caller has sent, and that may be another owner.
    """

    _name = "batch.job.rights"
    _description = "Batch Job Rights"

    @api.model
    def _is_administrator(self) -> bool:
        return self.env.su or self.env.user.has_group("base.group_system")

    @api.model
    def _content_is_visible(self) -> SQL:
        """The SQL condition for operations whose content the user may see."""
        if self._is_administrator():
            return SQL("TRUE")
        return SQL("owner_id = %s", self.env.uid)
