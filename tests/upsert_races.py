"""What races for a new record have in common."""

from .key_cases import KeyCase
from .races import ITEM, KEY_LOCKS, RaceCase, waits_at_gate

LOCKS = "odoo.addons.batch_job.execution.orm.key_locks"


class UpsertRaceCase(RaceCase, KeyCase):
    cleans = (ITEM, *KeyCase.cleans)

    def remove_all(self):
        self.renew()
        self.env[ITEM].search([]).unlink()
        self.commit()
        return super().remove_all()

    def one_after_the_other(self, first, second, **options):
        """Job `first` stops at the gate with its upserts done and not committed; job `second`
        begins, and must wait for it. Gives both jobs at their end."""
        jobs = [
            self.submit([*first, waits_at_gate("gate")], **options),
            self.submit(second, **options),
        ]
        self.one_waits_for_the_other(self.runner(0), self.runner(1))
        self.run_to_end(*jobs)
        for job in jobs:
            self.assertEqual(job.status()["state"], "done")
        return jobs

    def values(self, job):
        return [outcome["value"] for outcome in self.outcomes(job) if outcome["op"] == "upsert"]

    def until_a_key_is_waited_for(self):
        """Until anybody waits for a key lock: `execute` does it on a connection of its own."""
        self.renew()
        self.until_a_lock_is_waited_for("somebody waits for a key", KEY_LOCKS)
