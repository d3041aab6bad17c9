"""Rows that failed, corrected in the job they are of, and run again."""

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.tests import tagged

from .correction_cases import CorrectionCase
from .races import ITEM

COUNTS = ("rows", "corrected", "unchanged", "done", "again", "foreign")


@tagged("post_install", "-at_install")
class TestCorrect(CorrectionCase):
    """`correct` over RPC."""

    def named(self, place):
        return {"index": place, "values": {"name": f"{self.prefix} new {place}"}}

    def assert_report(self, report, left=None, **counts):
        self.assertEqual({name: report[name] for name in COUNTS}, dict.fromkeys(COUNTS, 0) | counts)
        self.assertEqual(report["left"], {"done": [], "cancelled": []} | (left or {}))

    def refused(self, job, rows, words, error=UserError):
        """The correction is refused, and nothing was stored."""
        before = self.contents(job)
        with self.assertRaisesRegex(error, words):
            self.correct(job, rows)
        self.assertEqual(self.contents(job), before)

    def test_corrected_rows_run_in_their_job(self):
        """They replace the operations, exactly those run, and the job goes to 100 %."""
        job = self.items_where({1, 3})
        self.assert_counters(job, "partial", succeeded=2, failed=2)
        report = self.correct(job, [self.named(1), self.named(3)])
        self.assert_report(report, rows=2, corrected=2, again=2)
        self.assert_counters(job, "queued", succeeded=2, remaining=2)
        self.assertFalse(job.causes)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)
        names = [f"{self.prefix} {one}" for one in ("0", "2", "new 1", "new 3")]
        self.assertEqual(self.names(), names)
        events = [(one["event"], one["again"]) for one in job.history()["events"]]
        self.assertEqual(events, [("submit", 0), ("end", 0), ("correct", 2), ("end", 0)])

    def test_corrected_row_has_its_new_name(self):
        """A corrected row has its new name, and the others have theirs; one has none."""
        job = self.items_where({1, 3})
        self.correct(job, [self.named(3)])
        zero, two, three = (f"{self.prefix} {one}" for one in ("0", "2", "new 3"))
        subjects = job.operation_ids.sorted("index").mapped("subject_text")
        self.assertEqual(subjects, [zero, False, two, three])
        # a row without a stored one shows the name of its payload, and no search finds it
        found = self.env["batch.job.operation"].search([("subject_text", "=", three)])
        self.assertEqual(found.index, 3)

    def test_missing_rows_stay(self):
        """A failed operation that the correction does not name is left as it is."""
        job = self.items_where({1, 3})
        self.assert_report(self.correct(job, [self.named(3)]), rows=1, corrected=1, again=1)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=3, failed=1)
        self.assertEqual(self.states(job), ["done", "failed", "done", "done"])

    def test_unchanged_rows_run_again(self):
        """Somebody may have mended their cause elsewhere."""
        blocker = self.env[ITEM].create({"name": f"{self.prefix} 2"})
        self.commit()
        job = self.items_where(set())
        self.assert_counters(job, "partial", succeeded=3, failed=1)
        blocker.unlink()
        self.commit()
        self.assert_report(self.correct(job, [{"index": 2}]), rows=1, unchanged=1, again=1)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)
        self.assertFalse(self.contents(job)[2]["replaced"])

    def test_done_rows_are_left(self):
        """Unchanged they count as done already; changed they are named, and nothing happens."""
        job = self.items_where({1})
        values = self.contents(job)[0]["payload"]["values"]
        rows = [{"index": 0, "values": values}, self.named(2), self.named(1)]
        report = self.correct(job, rows)
        self.assert_report(report, {"done": [2]}, rows=3, corrected=1, done=1, again=1)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)
        self.assertNotIn(f"{self.prefix} new 2", self.names())

    def test_the_same_again(self):
        """At work it changes nothing; at the end all is done already."""
        job = self.items_where({1, 3})
        rows = [self.named(1), self.named(3)]
        self.correct(job, rows)
        before = self.contents(job)
        self.assertEqual(self.correct(job, rows)["again"], 0)
        self.assertEqual(self.contents(job), before)
        self.refused(job, [self.named(1)], f"^Job {job.id} is at work; correct its rows when")
        self.run_to_end(job)
        self.assert_report(self.correct(job, rows), rows=2, done=2)
        self.assert_counters(job, "done", succeeded=4)
        self.assertEqual(len(self.names()), 4)

    def test_check_only_changes_nothing(self):
        """`check_only` tells what would be done, and does nothing."""
        job = self.items_where({1, 3})
        before = self.contents(job)
        report = self.correct(job, [self.named(1)], check_only=True)
        self.assert_report(report, rows=1, corrected=1, again=1)
        self.assertEqual(self.contents(job), before)
        self.assert_counters(job, "partial", succeeded=2, failed=2)
        self.assertEqual(len(job.history()["events"]), 2)

    def test_what_was_replaced_stays_readable(self):
        """To the owner, oldest first, after several corrections."""
        job = self.items_where({1})
        old = self.contents(job)[1]["payload"]
        self.correct(job, [{"index": 1, "values": {"name": False, "value": 8}}])
        self.run_to_end(job)
        self.correct(job, [self.named(1)])
        replaced = self.contents(job)[1]["replaced"]
        contents = [one["content"] for one in replaced]
        self.assertEqual(contents, [old, {"values": {"name": False, "value": 8}}])
        operation = self.env["batch.job.operation"].search([("job_id", "=", job.id)])[1]
        self.assertIn('"value": 8', operation.with_user(self.admin).replaced_text)

    def test_cancelled_rows_are_left(self):
        """A correction is no way to run what somebody has cancelled."""
        operations = self.creates(self.prefix, 4)
        operations[0]["values"]["name"] = False
        job = self.submit(operations, chunk_size=2)
        self.runner().step()
        self.renew()
        job.cancel()
        self.commit()
        self.run_jobs()
        self.assert_counters(job, "cancelled", succeeded=1, failed=1, skipped=2)
        report = self.correct(job, [self.named(0), self.named(2)])
        self.assert_report(report, {"cancelled": [2]}, rows=2, corrected=1, again=1)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=2, skipped=2)

    def test_rolled_back_and_skipped_rows(self):
        """Of policy `chunk`: the culprit and those rolled back for it, changed or not."""
        job = self.items_where({1}, policy="chunk", chunk_size=4)
        report = self.correct(job, [self.named(1), {"index": 0}, self.named(2)])
        self.assert_report(report, rows=3, corrected=2, unchanged=1, again=3)
        self.run_to_end(job)
        self.assert_counters(job, "partial", succeeded=3, skipped=1)

    def test_all_or_nothing(self):
        """A job of policy `all` runs as a whole again, with what was corrected."""
        job = self.items_where({1}, policy="all")
        self.assert_counters(job, "failed", failed=1, skipped=3)
        self.assert_report(self.correct(job, [self.named(1)]), rows=1, corrected=1, again=4)
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)

    def test_paused_job_is_not_corrected(self):
        """A paused job is resumed, not corrected; after its end it is corrected as others are."""
        job = self.items_where({1}, policy="stop")
        self.refused(job, [self.named(1)], f"^Job {job.id} is in state paused; rows are corrected")
        self.renew()
        job.resume(skip=True)
        self.commit()
        self.run_to_end(job)
        self.correct(job, [self.named(1)])
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=4)

    def test_jobs_that_take_no_corrections(self):
        """Drafts, dry runs, cancelled drafts, jobs whose operations were deleted."""
        draft = self.submit(self.creates(self.prefix, 1), start=False)
        self.refused(draft, [{"index": 0}], "is in state draft")
        draft.cancel()
        self.commit()
        self.refused(draft, [{"index": 0}], "was cancelled before it was started")
        trial = self.items_where({1}, dry_run=True)
        self.refused(trial, [self.named(1)], "is a dry run, of which nothing is kept")
        job = self.items_where({1}, count=2)
        self.env["batch.job.operation"]._delete_first([job.id], 10)
        self.commit()
        self.refused(job, [self.named(1)], "have been deleted since; submit them anew")

    def test_bad_rows_are_named(self):
        """All of them, and nothing is stored."""
        job = self.items_where({1, 3})
        call = {"index": 3, "method": "fail"}
        self.refused(job, [self.named(1), call], "^Operation 3: 'method' cannot be corrected")
        bad = [{"index": 1, "values": "x"}, {"index": 3, "values": None}]
        with self.assertRaises(UserError) as raised:
            self.correct(job, bad)
        self.assertEqual(raised.exception.context["indexes"], [1, 3])
        self.refused(job, [{"index": 1, "values": {"name": "a\0"}}], "^Operation 1: values holds a")
        self.refused(job, [{"index": 4}], "^Operation 4: the job has no such operation")
        self.refused(job, [self.named(1), self.named(1)], "^Operation 1: entries 0 and 1 of rows")

    def test_only_the_owner(self):
        """A manager may retry and not correct; another user sees no such job."""
        manager = self.new_user(f"{self.prefix}_m", "base.group_user,batch_job.group_manager")
        other = self.new_user(f"{self.prefix}_o")
        job = self.items_where({1})
        row = [self.named(1)]
        self.refused(job.with_user(manager), row, "^Only its owner may change", AccessError)
        self.refused(job.with_user(other), row, "does not exist", MissingError)
        reply = self.rpc(manager, "batch.job", "correct_file", job.ids, file="")
        self.assertEqual(reply.status, 403)
        reply = self.rpc(other, "batch.job", "correct", job.ids, rows=row)
        self.assertEqual(reply.status, 404)

    def test_rights_as_at_submission(self):
        """A method that must not be called is refused, as `submit` refuses it."""
        item = self.items(f"{self.prefix} item", 1)
        call = {"op": "call", "model": ITEM, "ids": item.ids, "method": "fail"}
        job = self.submit([{**call, "kwargs": {"text": "no"}}])
        self.run_to_end(job)
        self.refused(job, [{"index": 0, "method": "_sign"}], "^Operation 0: ", AccessError)
        self.correct(job, [{"index": 0, "method": "increment", "kwargs": {}}])
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=1)

    def test_correction_needs_room(self):
        """A correction opens the job again, so there must be room."""
        job = self.items_where({1})
        self.limit_to("1")
        self.submit(self.creates(f"{self.prefix} b", 1), start=False)
        self.addCleanup(self.limit_to, False)
        reply = self.rpc(self.admin, "batch.job", "correct", job.ids, rows=[self.named(1)])
        self.assertEqual(reply.status, 429)
        self.assert_counters(job, "partial", succeeded=3, failed=1)

    def limit_to(self, number):
        self.renew()
        self.env["ir.config_parameter"].set_param("batch_job.open_in_all", number)
        self.commit()

    def test_rpc_answers_with_status_and_report(self):
        """Over RPC a correction takes plain JSON, and answers with the status and a report."""
        job = self.items_where({1})
        reply = self.rpc(self.admin, "batch.job", "correct", job.ids, rows=[self.named(1)])
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual((reply.body["id"], reply.body["state"]), (job.id, "queued"))
        self.assert_report(reply.body["correction"], rows=1, corrected=1, again=1)
        reply = self.rpc(self.admin, "batch.job", "correct", job.ids, rows=[{"index": 9}])
        self.assertEqual(reply.status, 422)

    def test_a_blanked_password_needs_a_new_value(self):
        """Left blanked the row is refused; a new value is used, and blanked in its turn."""
        values = {"name": False, "secret_token": "s3cret"}
        job = self.submit([{"op": "create", "model": "test.batch.row", "values": values}])
        self.run_to_end(job)
        blanked = self.contents(job)[0]["payload"]["values"]["secret_token"]
        row = {"index": 0, "values": {"name": self.prefix, "secret_token": blanked}}
        self.refused(job, [row], "^Operation 0: its password was blanked")
        self.refused(job, [{"index": 0}], "^Operation 0: its password was blanked")
        row["values"]["secret_token"] = "n3w"
        self.correct(job, [row])
        self.run_to_end(job)
        self.assert_counters(job, "done", succeeded=1)
        record = self.env["test.batch.row"].search([("name", "=", self.prefix)])
        self.assertEqual(record.secret_token, "n3w")
        stored = self.contents(job)[0]
        self.assertEqual(stored["payload"]["values"]["secret_token"], blanked)
        self.assertNotIn("s3cret", str(stored["replaced"]))
        record.unlink()
        self.commit()

    def test_a_password_that_is_new(self):
        """Also in a job that had none before, it is blanked when its operation has ended."""
        job = self.submit([{"op": "create", "model": "test.batch.row", "values": {"name": False}}])
        self.run_to_end(job)
        row = {"index": 0, "values": {"name": self.prefix, "secret_token": "n3w"}}
        self.correct(job, [row])
        self.run_to_end(job)
        self.assertNotIn("n3w", str(self.contents(job)))
        self.env["test.batch.row"].search([("name", "=", self.prefix)]).unlink()
        self.commit()
