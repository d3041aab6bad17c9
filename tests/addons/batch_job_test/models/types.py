from odoo import api, fields, models


class TestBatchType(models.Model):
    _name = "test.batch.type"
    _description = "A record with a field of every type"

    code = fields.Char(index=True)
    name = fields.Char()
    note = fields.Text()
    page = fields.Html()
    number = fields.Integer()
    ratio = fields.Float()
    rounded = fields.Float(digits=(16, 2))
    currency_id = fields.Many2one("res.currency", default=lambda self: self.env.company.currency_id)
    price = fields.Monetary()
    flag = fields.Boolean()
    day = fields.Date()
    moment = fields.Datetime()
    kind = fields.Selection([("1", "One"), ("b", "B")])
    open_kind = fields.Selection(lambda self: [("1", "One"), ("b", "B")])
    data = fields.Json()
    blob = fields.Binary(attachment=False)
    file = fields.Binary()
    thing = fields.Reference([("res.country", "Country")])
    res_model = fields.Char()
    res_id = fields.Many2oneReference(model_field="res_model")
    country_id = fields.Many2one("res.country")
    local_country_id = fields.Many2one("res.country", company_dependent=True)
    tag_ids = fields.Many2many("res.partner.category", "test_batch_type_tags", "one", "tag")
    line_ids = fields.One2many("test.batch.type.line", "type_id")


class TestBatchTypeLine(models.Model):
    _name = "test.batch.type.line"
    _description = "A line of a record with a field of every type"
    _order = "id"

    type_id = fields.Many2one("test.batch.type", ondelete="cascade")
    number = fields.Integer()
    flag = fields.Boolean()
    country_id = fields.Many2one("res.country")
    local_country_id = fields.Many2one("res.country", company_dependent=True)
    tag_ids = fields.Many2many("res.partner.category", "test_batch_type_line_tags", "one", "tag")


class TestBatchWise(models.Model):
    _name = "test.batch.wise"
    _description = "A record whose model makes something of what its fields do not take"

    name = fields.Char()
    number = fields.Integer()
    flag = fields.Boolean()
    day = fields.Date()
    country_id = fields.Many2one("res.country")
    late_country_id = fields.Many2one("res.country", help="Put right after it was stored")
    lost_country_id = fields.Many2one("res.country", help="Left out if it is a text")
    tag_ids = fields.Many2many("res.partner.category", "test_batch_wise_tags", "one", "tag")
    parent_id = fields.Many2one("test.batch.wise")
    child_ids = fields.One2many("test.batch.wise", "parent_id")

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create([self._understood(vals) for vals in vals_list])
        for record, vals in zip(records, vals_list, strict=True):
            record._put_right(vals)
        return records

    def write(self, vals):
        result = super().write(self._understood(vals))
        self._put_right(vals)
        return result

    def _understood(self, vals):
        vals = dict(vals)
        if isinstance(vals.get("country_id"), str):
            vals["country_id"] = self._country(vals["country_id"]).id
        if isinstance(vals.get("lost_country_id"), str):
            del vals["lost_country_id"]
        if isinstance(vals.get("flag"), str):
            vals["flag"] = vals["flag"] == "yes"
        if isinstance(vals.get("number"), float):
            vals["number"] = round(vals["number"])
        if isinstance(vals.get("day"), str):
            vals["day"] = vals["day"][:10]
        if isinstance(vals.get("tag_ids"), str):
            tags = self.env["res.partner.category"].search([("name", "=", vals["tag_ids"])])
            vals["tag_ids"] = [(6, 0, tags.ids)]
        return vals

    def _put_right(self, vals):
        if isinstance(vals.get("late_country_id"), str):
            self.late_country_id = self._country(vals["late_country_id"])

    def _country(self, told):
        if told.isdecimal():
            return self.env["res.country"].browse(int(told))
        return self.env["res.country"].search([("code", "=", told)])
