from . import models


def uninstall_hook(env):
    """Runners that the setting added have no external id, so Odoo does not know to delete them."""
    env["batch.job.runner"]._slots().unlink()
