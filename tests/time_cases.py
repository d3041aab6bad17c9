"""What tests of the clock have in common."""

from odoo import SUPERUSER_ID, api

from ..dispatch.slots import Slots
from ..execution.worker import deadline as deadlines
from .races import ITEM, ItemRaceCase


def calls(prefix, count):
    """Operations that are not merged: the clock is looked at between them."""
    call = {"op": "call", "model": ITEM, "method": "create_gated"}
    return [{**call, "kwargs": {"name": f"{prefix} {number}"}} for number in range(count)]


class TimeCase(ItemRaceCase):
    def setUp(self):
        super().setUp()
        deadlines.forget_passes()
        self.addCleanup(deadlines.forget_passes)

    def run_action(self, slot=0):
        """Be Odoo, and run the scheduled action of a slot once."""
        self.commit()
        with self.registry.cursor() as cr:
            Slots(api.Environment(cr, SUPERUSER_ID, {})).slot(slot).method_direct_trigger()
        self.renew()

    def chunks(self, job):
        """(first, last, attempt, lost, conflicts, size) of its chunks, in order of positions."""
        names = ("first_position", "last_position", "attempt", "lost", "conflicts", "size")
        found = job.sudo().chunk_ids.sorted("first_position")
        return [tuple(chunk[name] for name in names) for chunk in found]

    def names(self):
        self.renew()
        return self.env[ITEM].search([], order="id").mapped("name")

    def waiting_triggers(self):
        slots = Slots(self.env).all()
        return self.env["ir.cron.trigger"].search([("cron_id", "in", slots.ids)])
