from odoo import models

from ..execution.transaction.dry_run import is_dry_run


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    @classmethod
    def _disable_send(cls):
        """A dry run sends no mail, also no mail that is sent before the commit."""
        return is_dry_run() or super()._disable_send()
