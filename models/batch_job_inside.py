from odoo import fields, models


class BatchJobInside(models.AbstractModel):
    """What the queue keeps of a job for itself: no screen shows it, no export offers it."""

    _name = "batch.job.inside"
    _description = "Batch Job Inside"

    first_row = fields.Integer(
        readonly=True,
        exportable=False,
        aggregator=None,
        default=1,
        help="Number of the first row: 2 if the rows come from a file with a header",
    )
    needs_runner = fields.Boolean(readonly=True, exportable=False)
    next_position = fields.Integer(readonly=True, exportable=False, aggregator=None)
    step_position = fields.Integer(
        readonly=True,
        exportable=False,
        aggregator=None,
        help="In one transaction: the position reached",
    )
    culprit_position = fields.Integer(
        readonly=True, exportable=False, aggregator=None, help="Policy `stop`: resume runs it again"
    )
    has_passwords = fields.Boolean(readonly=True, exportable=False)
    has_references = fields.Boolean(readonly=True, exportable=False)
    has_followers = fields.Boolean(
        readonly=True, exportable=False, help="Has records spread over several rows"
    )
    has_keys = fields.Boolean(
        readonly=True, exportable=False, help="Has upserts or external ids to lock"
    )
    has_targets = fields.Boolean(
        readonly=True, exportable=False, help="May target records that others name"
    )
    side_by_side = fields.Boolean(
        readonly=True, exportable=False, help="Two of its chunks were at work at once"
    )
    retried = fields.Char(
        readonly=True, help="Which retry of a part is at work", groups=fields.NO_ACCESS
    )
    wave_ends = fields.Json(
        readonly=True, exportable=False, help="The last position of each wave of references"
    )
    last_claimed_at = fields.Datetime(readonly=True, exportable=False)
    last_folded_at = fields.Datetime(readonly=True, exportable=False)
    published_at = fields.Datetime(readonly=True, exportable=False)
