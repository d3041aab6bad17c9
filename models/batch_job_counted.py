from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.outcomes import CAUSE_KEYS, OTHER_CAUSES, merge_causes
from .cause_words import cause_in_words


class BatchJobCounted(models.AbstractModel):
    """Why operations failed, by cause: what is stored, and what of it a reader may see.

    Example values, and messages that may quote values, are content.
    """

    _name = "batch.job.counted"
    _description = "Batch Job Causes"
    _inherit = ["batch.job.rights"]

    cause_counts = fields.Json(
        readonly=True, groups=fields.NO_ACCESS, help="Failures by cause, with messages and values"
    )
    causes = fields.Json(compute="_compute_causes", help="Failures by cause")

    @api.depends("cause_counts")
    @api.depends_context("lang", "uid")
    def _compute_causes(self):
        readable = self._origin._filtered_access("read")
        shown = readable._shown_causes()
        for record in self:
            record.causes = shown.get(record._origin.id)

    def _shown_causes(self) -> dict[int, list[dict]]:
        """Id -> causes, as the user may see them. The caller checks the right to the records."""
        self.env.cr.execute(
            SQL(
                "SELECT id, cause_counts, %s FROM %s WHERE id = ANY(%s)",
                self._content_is_visible(self._owner_column),
                SQL.identifier(self._table),
                self.ids,
            )
        )
        return {
            one: [self._shown(cause, is_visible) for cause in merge_causes(causes)]
            for one, causes, is_visible in self.env.cr.fetchall()
        }

    @api.model
    def _shown(self, cause: dict, is_visible: bool) -> dict:
        shown = {key: cause[key] for key in CAUSE_KEYS}
        if is_visible:
            shown |= {"values": cause.get("values", []), "distinct": cause.get("distinct")}
            varied = "varied" in cause
            reason = cause_in_words(self.env, shown, cause["message"], varied)
            is_rest = cause["type"] == OTHER_CAUSES["type"]
            message = reason if is_rest else cause["message"]
        else:
            message = reason = cause_in_words(self.env, shown)
            shown |= {"values": [], "distinct": None}
        return {**shown, "message": message, "count": cause["count"], "reason": reason}
