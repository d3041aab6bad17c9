from odoo import api, fields, models
from odoo.exceptions import ValidationError


class TestBatchBarcode(models.Model):
    _name = "test.batch.barcode"
    _description = "A record with a check that searches, as Odoo's products check their barcodes"

    name = fields.Char(required=True)
    barcode = fields.Char()

    @api.constrains("barcode")
    def _check_barcode(self):
        for record in self.filtered("barcode"):
            if self.search_count([("barcode", "=", record.barcode)], limit=2) > 1:
                raise ValidationError(self.env._("Another record has this barcode."))


class TestBatchDelegate(models.Model):
    _name = "test.batch.delegate"
    _description = "A record that keeps its name in another, as product variants do"
    _inherits = {"test.batch.barcode": "barcode_id"}

    barcode_id = fields.Many2one("test.batch.barcode", "Kept In", required=True, ondelete="cascade")
    size = fields.Char()
