from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..dispatch.clean_up import CleanUp
from .admission_cases import AdmissionCase

WHY = (
    "Cancelled, because nobody had added to this draft or started it for 24 hours. Nothing of it "
    "was done. Submit all of it anew, under another idempotency key if it had one."
)


@tagged("post_install", "-at_install")
class TestStaleDrafts(AdmissionCase):
    """A draft that nobody touches for 24 hours counts no more, and is cancelled."""

    def clean_up(self):
        result = self.env["batch.job"]._gc_drafts()
        self.commit()
        return result

    def test_it_counts_no_more(self):
        """A killed upload keeps its owner from opening jobs for 24 hours and no longer, also if the
        clean-up has not come yet."""
        draft = self.draft(8)
        self.waiting(2)
        self.make_old(draft, 23)
        self.assertEqual(self.send(8).status, 429)
        self.make_old(draft, 2)
        self.assertEqual(self.send(8).status, 200)

    def test_the_clean_up(self):
        """The daily clean-up cancels old drafts, one in a transaction, and no other job."""
        old = [self.draft(3, self.other), self.draft()]
        young = self.draft(2)
        for job in old:
            self.make_old(job, 25)
        self.make_old(self.waiting(1), 25)
        self.assertEqual([self.clean_up() for _ in range(3)], [(1, True), (1, True), (0, False)])
        self.assert_counters(old[0], "cancelled", skipped=3)
        self.assertEqual(self.states(old[0]), ["cancelled"] * 3)
        self.assertEqual([job.status()["error"] for job in (*old, young)], [WHY, WHY, None])
        self.assertEqual(young.status()["state"], "draft")
        events = [(e["event"], bool(e["by"]), e["reason"]) for e in old[1].history()["events"]]
        self.assertEqual(
            events, [("submit", True, None), ("cancel", False, WHY), ("end", False, None)]
        )

    def test_what_comes_later(self):
        """To append is refused with the reason, a submission with the key gives the job with what
        to do, and a retry is refused: nobody knows whether all of it was sent."""
        draft = self.draft(idempotency_key="killed")
        self.assertEqual(self.send_part(draft, 0, 3).status, 200)
        self.make_old(draft, 25)
        self.clean_up()
        reply = self.send_part(draft, 1, 3)
        text = f"Job {draft.id} is no draft any more. {WHY}"
        self.assertEqual((reply.status, reply.message), (422, text))
        options = {"start": False, "idempotency_key": "killed", "eta": None}
        again = self.send(0, **options).body
        self.assertEqual((again["id"], again["state"]), (draft.id, "cancelled"))
        self.assertEqual(again["error"], WHY)
        with self.assertRaisesRegex(UserError, "was cancelled before it was started"):
            draft.retry()

    def test_a_part_keeps_it_alive(self):
        """Each part, also one that is sent again, begins the 24 hours anew."""
        draft = self.draft()
        for part in (0, 0, 1):
            self.make_old(draft, 25)
            self.assertEqual(self.send_part(draft, part, 2).status, 200)
            self.assertEqual(self.clean_up(), (0, False))
        self.assert_counters(draft, "draft", remaining=4)

    def test_start_of_an_old_draft(self):
        """A draft that counts no more may still be started, if there is room for one operation."""
        draft = self.draft(8)
        self.make_old(draft, 25)
        waits = [self.waiting(8), self.waiting(2)]
        self.assertEqual(self.rpc(self.user, "batch.job", "start", draft.ids).status, 429)
        waits[1].cancel()
        self.assertEqual(draft.start()["state"], "queued")

    def test_the_owner_is_faster(self):
        """The clean-up leaves a draft that its owner is just changing, or has just changed."""
        draft = self.draft(1)
        self.make_old(draft, 25)
        self.locked(draft).set(priority=3)
        with self.registry.cursor() as cr:
            self.assertEqual(CleanUp(self.env(cr=cr)).cancel_draft(), (0, False))
            cr.rollback()
        self.renew()
        self.assertEqual(self.send_part(draft, 0, 1).status, 200)
        with patch.object(CleanUp, "_stale_drafts", lambda _self: draft.ids):
            self.assertEqual(self.clean_up(), (0, True))
        self.assert_counters(draft, "draft", remaining=2)
