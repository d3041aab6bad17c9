from odoo import fields, models


class BatchJobTestItem(models.Model):
    _name = "batch.job.test.item"
    _description = "A record with a unique name, and methods that misbehave"

    name = fields.Char(required=True)
    value = fields.Integer()

    _name_unique = models.Constraint("UNIQUE (name)", "An item of this name exists already.")
