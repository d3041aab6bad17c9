from . import controllers, models, wizards
from .dispatch.slots import Slots


def uninstall_hook(env):
    """Delete what Odoo does not know to belong to the addon: runners that the setting added, the
    settings, and the reports of dry runs, whose jobs' ids may be given again."""
    Slots(env).all().unlink()
    env["ir.attachment"].search([("res_model", "=", "batch.job")]).unlink()
    env["ir.config_parameter"].search([("key", "=like", "batch_job.%")]).unlink()
