import re

from odoo import models

# no longer than an id can be
_CHANNEL = re.compile(r"batch_job:(\d{1,9})")


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Turn `batch_job:<id>` into the job's own channel, for those who may read the job.

        Any client may subscribe to any text; to a record's channel only the server can.
        """
        asked = [one for one in channels if isinstance(one, str) and _CHANNEL.fullmatch(one)]
        channels = [channel for channel in channels if channel not in asked]
        if asked and self.env.uid:
            jobs = self.env["batch.job"].browse(int(_CHANNEL.fullmatch(one)[1]) for one in asked)
            channels.extend(jobs.exists()._filtered_access("read"))
        return super()._build_bus_channel_list(channels)
