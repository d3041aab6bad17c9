"""What races for a new record have in common."""

from .key_cases import KeyCase
from .races import GATE, ITEM, PATIENCE, RaceCase

LOCKS = "odoo.addons.batch_job.execution.orm.key_locks"


def waits_at_gate(name, **where):
    """An operation that stops its chunk at the gate."""
    kwargs = {"name": name, **{where: GATE for where in where or {"before": True}}}
    return {"op": "call", "model": ITEM, "method": "create_gated", "kwargs": kwargs}


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
        runners = [self.runner(slot) for slot in (0, 1)]
        with self.shut_gate():
            steps = [self.in_background(runners[0].step)]
            self.until_it_waits(runners[0].pid)
            steps.append(self.in_background(runners[1].step))
            self.until_it_waits(runners[1].pid)
        for step in steps:
            step.result(PATIENCE)
        self.run_to_end(*jobs)
        for job in jobs:
            self.assertEqual(job.status()["state"], "done")
        return jobs

    def values(self, job):
        return [outcome["value"] for outcome in self.outcomes(job) if outcome["op"] == "upsert"]

    def until_a_key_is_waited_for(self):
        """Until anybody waits for a key lock: `execute` does it on a connection of its own."""
        self.renew()
        with self.registry.cursor() as cr:

            def waits():
                cr.execute(
                    "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
                    " AND NOT granted AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
                return cr.rowcount

            self.until(waits, "somebody waits for a key")
