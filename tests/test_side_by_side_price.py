from odoo.tests import tagged

from .races import ITEM
from .side_by_side import BARCODE, PARTNER, SideBySideCase


@tagged("post_install", "-at_install")
class TestPrice(SideBySideCase):
    """What `max_parallel=0` gives up, as docs/promises.md says: each kind is shown to happen."""

    cleans = (*SideBySideCase.cleans, PARTNER)

    def end(self, operations):
        """Two chunks of one operation at once, neither seeing the other; the later lands first."""
        job = self.submit(operations, chunk_size=1)
        runners = self.runners(2)
        claims = self.claim_all(runners)
        self.begin_at_once(runners, claims)
        for runner, claim in reversed([*zip(runners, claims, strict=True)]):
            runner.work(claim)
        self.run_to_end(job)
        return job

    def rows(self, barcode):
        values = [{"name": name, "barcode": barcode} for name in ("first", "second")]
        return [{"op": "create", "model": BARCODE, "values": one} for one in values]

    def test_a_check_that_searches(self):
        """Two rows with one barcode, in two chunks: one by one the second fails, side by side both
        land."""
        job = self.one_by_one(self.rows("one by one"))
        self.assert_counters(job, "partial", succeeded=1, failed=1)
        job = self.end(self.rows("side by side"))
        self.assert_counters(job, "done", succeeded=2)
        self.assertIs(job.status()["side_by_side"], True)

    def test_a_unique_key(self):
        """Of two rows with one unique key one fails, whatever runs at once; side by side the one
        that lands first is kept, which need not be the first."""
        for submit, states in (
            (self.one_by_one, ["done", "failed"]),
            (self.end, ["failed", "done"]),
        ):
            values = {"name": f"rival of {submit.__name__}"}
            job = submit([{"op": "create", "model": ITEM, "values": values}] * 2)
            self.assertEqual(self.states(job), states)
            self.assert_counters(job, "partial", succeeded=1, failed=1)

    def test_a_contact_that_nobody_names(self):
        """A company hands its new address down to its contacts. Its write and that of a contact,
        which does not name the company, run side by side: both end with the city of the contact."""
        ends = []
        for submit in (self.one_by_one, self.end):
            company = self.env[PARTNER].create(
                {"name": "company", "is_company": True, "city": "Old"}
            )
            contact = self.env[PARTNER].create({"name": "contact", "parent_id": company.id})
            self.commit()
            job = submit(
                [
                    {
                        "op": "write",
                        "model": PARTNER,
                        "ids": contact.ids,
                        "values": {"city": "Own"},
                    },
                    {
                        "op": "write",
                        "model": PARTNER,
                        "ids": company.ids,
                        "values": {"city": "New"},
                    },
                ]
            )
            self.assert_counters(job, "done", succeeded=2)
            ends.append((company.city, contact.city))
        self.assertEqual(ends, [("New", "New"), ("Own", "Own")])

    def one_by_one(self, operations):
        job = self.submit(operations, at_once=None, max_parallel=1, chunk_size=1)
        self.run_to_end(job)
        return job
