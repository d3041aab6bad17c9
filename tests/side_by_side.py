"""Jobs with as many chunks at once as pay, executed by four runners that are moved by hand."""

import json

from ..dispatch.slots import RUNNERS_PARAMETER, Slots
from .races import ITEM, ItemRaceCase

TREE, KEY, PARTNER = "test.batch.tree", "test.batch.key", "res.partner"
BARCODE, DELEGATE = "test.batch.barcode", "test.batch.delegate"


def write(model, *ids, **values):
    return {"op": "write", "model": model, "ids": list(ids), "values": values}


def create(model, ref=None, **values):
    return {"op": "create", "model": model, "values": values} | ({"ref": ref} if ref else {})


class SideBySideCase(ItemRaceCase):
    """Four runners; the number of chunks at once begins at four."""

    cleans = (ITEM, DELEGATE, BARCODE, KEY, TREE)

    def setUp(self):
        super().setUp()
        self._runners = []
        self.set_runners(4)
        self.addCleanup(self.set_runners, 2)

    def set_runners(self, number):
        self.renew()
        self.env["ir.config_parameter"].set_param(RUNNERS_PARAMETER, number)
        self.commit()

    def submit(self, operations, user=None, at_once=4, **options):
        """Submit with `max_parallel=0`, and let so many chunks run at once."""
        job = super().submit(operations, user, **{"max_parallel": 0, **options})
        if at_once:
            self.set_pace(job, limit=at_once)
        return job

    def set_pace(self, job, **values):
        pace = {"limit": 2, "calm": 0, "patience": 1, "missed": False, **values}
        self.cr.execute("UPDATE batch_job SET pace = %s WHERE id = %s", [json.dumps(pace), job.id])
        self.commit()

    def pace(self, job):
        self.renew()
        job.invalidate_recordset()
        return job.sudo().pace

    def runners(self, number=4):
        """The same ones each time that a test asks."""
        while len(self._runners) < number:
            self._runners.append(self.runner(len(self._runners)))
        return self._runners[:number]

    def claims(self, runners):
        """What each runner gets when one after the other claims: (first, last) or None."""
        return [claim and (claim.first, claim.last) for claim in self.claim_all(runners)]

    def claim_all(self, runners):
        return [runner.claim() for runner in runners]

    def begin_at_once(self, runners, claims):
        """Give every runner the snapshot of this moment: none sees what the others will do."""
        for runner, claim in zip(runners, claims, strict=True):
            if claim:
                runner.cr.execute("SELECT 1")

    def calls(self):
        """How many runners were called since the last time that the test asked."""
        self.renew()
        triggers = self.env["ir.cron.trigger"].search(
            [("cron_id", "in", Slots(self.env).all().ids)]
        )
        number = len(triggers)
        triggers.unlink()
        self.commit()
        return number
