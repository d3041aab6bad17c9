import re

from odoo import models

_CHANNEL = re.compile(r"^batch_job:(\d+)$")


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Turn `batch_job:<id>` into the job's own channel, for those who may read the job.

        Any client may subscribe to any text; to a record's channel only the server can.
        """
        asked = [
            channel for channel in channels if isinstance(channel, str) and _CHANNEL.match(channel)
        ]
        channels = [channel for channel in channels if channel not in asked]
        if asked and self.env.uid:
            jobs = self.env["batch.job"].browse(int(_CHANNEL.match(one)[1]) for one in asked)
            channels.extend(jobs.exists()._filtered_access("read"))
        return super()._build_bus_channel_list(channels)
