from odoo import api, fields, models


class TestBatchKey(models.Model):
    _name = "test.batch.key"
    _description = "A record that can be looked up by fields of every kind"
    _order = "id desc"

    name = fields.Char()
    active = fields.Boolean(default=True)
    secret = fields.Boolean(help="A record rule hides it")
    code = fields.Char()
    unique_code = fields.Char()
    upper = fields.Char(help="Stored in capitals, whatever is given")
    number = fields.Integer()
    ratio = fields.Float()
    day = fields.Date()
    moment = fields.Datetime()
    kind = fields.Selection([("a", "A"), ("b", "B")])
    text = fields.Text()
    title = fields.Char(translate=True)
    local = fields.Char(company_dependent=True)
    parent_id = fields.Many2one("test.batch.key")
    child_ids = fields.One2many("test.batch.key", "parent_id")
    friend_ids = fields.Many2many("test.batch.key", "test_batch_friends", "one", "other")
    display = fields.Char(compute="_compute_display")

    _unique_code_unique = models.Constraint("UNIQUE (unique_code)", "This code is taken.")

    @api.depends("name")
    def _compute_display(self):
        for record in self:
            record.display = record.name

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("upper"):
                vals["upper"] = vals["upper"].upper()
        return super().create(vals_list)

    @api.model
    def find_named(self, name: str):
        return self.search([("name", "=", name)])

    @api.model
    def execute_upsert(self, code: str):
        """What code of an app may do inside an operation."""
        operation = {"op": "upsert", "model": self._name, "key": ["code"]}
        operation["values"] = {"code": code}
        report = self.env["batch.job"].execute([operation])
        return [one["value"] for one in report["results"]]

    def rename(self, name: str, **names):
        """Take a name, and what is found in the arguments."""
        self.name = " ".join([name, *(f"{key}={value}" for key, value in sorted(names.items()))])


class TestBatchOrder(models.Model):
    _name = "test.batch.order"
    _description = "A record that others hang on"

    name = fields.Char(required=True)
    partner_id = fields.Many2one("res.partner", required=True)
    line_ids = fields.One2many("test.batch.order.line", "order_id")


class TestBatchOrderLine(models.Model):
    _name = "test.batch.order.line"
    _description = "A record that hangs on another"

    name = fields.Char(required=True)
    order_id = fields.Many2one("test.batch.order", required=True, ondelete="cascade")
