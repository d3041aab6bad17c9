from odoo.tests import tagged

from .rpc_cases import MODEL, RpcCase, create


@tagged("post_install", "-at_install")
class TestAppend(RpcCase):
    def draft(self, **options):
        return self.call("submit", operations=[], start=False, **options)["id"]

    def test_parts_make_one_job_in_order(self):
        """Parts come in order and make one job, in the order of submission."""
        job_id = self.draft()
        for part in range(3):
            operations = [create(f"part {part} {n}") for n in range(2)]
            status = self.call("append", [job_id], operations=operations, part=part)
            self.assertEqual((status["parts"], status["total"]), (part + 1, 2 * part + 2))
        self.assertEqual(self.call("start", [job_id])["state"], "queued")
        self.run_jobs()
        results = self.call("results", [job_id])["results"]
        names = [self.env[MODEL].browse(outcome["ids"]).name for outcome in results]
        self.assertEqual(names, [f"part {part} {n}" for part in range(3) for n in range(2)])

    def test_repeated_part_changes_nothing(self):
        """The same part again changes nothing, even after the start; another body is refused."""
        job_id = self.draft()
        first, second = [create("again 0")], [create("again 1"), create("again 2")]
        self.call("append", [job_id], operations=first, part=0)
        status = self.call("append", [job_id], operations=second, part=1)
        for part, operations in ((0, first), (1, second)):
            self.assertEqual(
                self.call("append", [job_id], operations=operations, part=part), status
            )
        message = (
            f"Part 0 was appended to job {job_id} before with other operations. Send exactly the "
            "same, or submit the others under another idempotency key."
        )
        self.assertEqual(self.refused("append", [job_id], operations=second, part=0), message)
        self.call("start", [job_id])
        repeated = self.call("append", [job_id], operations=first, part=0)
        self.assertEqual((repeated["state"], repeated["total"]), ("queued", 3))

    def test_gap_between_parts_is_refused(self):
        """A gap is refused with the part that is expected; so is what is no number."""
        job_id = self.draft()
        for part in (1, -1, "0", None, 0.0, True):
            self.assertEqual(
                self.refused("append", [job_id], operations=[create("gap")], part=part),
                f"Part {part} does not follow; send part 0.",
            )
        self.assertEqual(self.call("status", [job_id])["total"], 0)

    def test_empty_part_is_refused(self):
        """A part has at least one operation."""
        self.assertEqual(
            self.refused("append", [self.draft()], operations=[], part=0),
            "operations is empty; a part has at least one.",
        )

    def test_after_the_start(self):
        """Nothing new is appended to a job that was started."""
        job_id = self.draft()
        self.call("append", [job_id], operations=[create("started")], part=0)
        self.call("start", [job_id])
        self.assertEqual(
            self.refused("append", [job_id], operations=[create("late")], part=1),
            f"Job {job_id} is no draft any more; submit a new one.",
        )
