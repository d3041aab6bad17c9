from odoo import api, fields, models
from odoo.exceptions import ValidationError


class TestBatchRow(models.Model):
    _name = "test.batch.row"
    _description = "A record with a column of every kind"

    name = fields.Char(required=True)
    code = fields.Char()
    title = fields.Char(translate=True)
    note = fields.Text()
    number = fields.Integer()
    ratio = fields.Float()
    flag = fields.Boolean()
    day = fields.Date()
    moment = fields.Datetime()
    kind = fields.Selection([("a", "First Kind"), ("b", "Second Kind")])
    secret_token = fields.Char()
    country_id = fields.Many2one("res.country")
    tag_ids = fields.Many2many("res.partner.category", "test_batch_row_tags", "row_id", "tag_id")
    parent_id = fields.Many2one("test.batch.row")
    line_ids = fields.One2many("test.batch.row.line", "row_id")
    told = fields.Char(help="What the context told when it was created or changed last")

    _code_unique = models.Constraint("UNIQUE (code)", "This code is taken.")
    _number_small = models.Constraint("CHECK (number < 1000)", "The number must be below 1,000.")

    @api.constrains("number")
    def _check_number(self):
        if any(row.number < 0 for row in self):
            raise ValidationError(self.env._("The number must not be negative."))

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([vals | {"told": self._tell()} for vals in vals_list])

    def write(self, vals):
        return super().write(vals | {"told": self._tell()})

    def _tell(self):
        context = self.env.context
        return " ".join(str(context.get(key)) for key in ("lang", "tz", "tracking_disable", "mode"))


class TestBatchRowLine(models.Model):
    _name = "test.batch.row.line"
    _description = "A line of a record"
    _order = "id"

    name = fields.Char(required=True)
    amount = fields.Float()
    country_id = fields.Many2one("res.country")
    row_id = fields.Many2one("test.batch.row", required=True, ondelete="cascade")
