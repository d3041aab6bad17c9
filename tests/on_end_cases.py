"""Jobs with a method at their end."""

from .races import ITEM, ItemRaceCase

REPAIR = "test.batch.repair"
VALUE = "test.batch.value"
PENDING = {"state": "pending", "value": None, "error": None}
NOTHING = {"value": None, "error": None}


def call(method, ids=(), model=ITEM, **kwargs):
    return {"model": model, "method": method, "ids": list(ids), "kwargs": kwargs}


class OnEndCase(ItemRaceCase):
    cleans = (ITEM, REPAIR)

    def counting(self, count, item, **options):
        """A job of creates whose end increments an item: its value tells how often it ended."""
        name = self._testMethodName
        return self.submit(self.creates(name, count), on_end=call("increment", item.ids), **options)

    def item(self):
        return self.items(f"{self._testMethodName} counter", 1)

    def end_of(self, job):
        """What the status says of `on_end`."""
        self.renew()
        return job.status()["on_end"]

    def ended(self, job, runner=None):
        """Do the chunks of a job up to its end; gives the claim of its `on_end`."""
        runner = runner or self.runner()
        while True:
            claim = runner.claim()
            if claim.on_end:
                self.assertEqual(claim.job["id"], job.id)
                return claim
            runner.work(claim)
