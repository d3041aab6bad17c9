import re

from odoo import models

# nine digits always fit into an id, an `integer` of PostgreSQL
_CHANNEL = re.compile(r"batch_job:(\d{1,9})")


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Replace the channel `batch_job:<id>` by the channel of the job, if the user may read it.

        A client may subscribe to any text, but only the server can subscribe to a record's channel.
        """
        asked = [one for one in channels if isinstance(one, str) and _CHANNEL.fullmatch(one)]
        channels = [channel for channel in channels if channel not in asked]
        if asked and self.env.uid:
            jobs = self.env["batch.job"].browse(int(_CHANNEL.fullmatch(one)[1]) for one in asked)
            channels.extend(jobs.exists()._filtered_access("read"))
        return super()._build_bus_channel_list(channels)
