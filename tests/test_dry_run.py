import csv
import io

from lxml import etree

from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .races import ITEM, RaceCase

KEY = "test.batch.key"
ROW = "test.batch.row"
SAME = ("index", "state", "op", "model", "value", "error")  # in a dry run and in the real one


@tagged("post_install", "-at_install")
class TestDryRun(RaceCase):
    cleans = (ITEM, KEY, ROW)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_all)

    def remove_all(self):
        self.renew()
        self.cr.execute("DELETE FROM ir_model_data WHERE model LIKE 'test.batch.%' AND res_id > 0")
        for model in (ITEM, KEY, ROW):
            self._all(model).search([]).unlink()
        self.commit()

    def operations(self):
        """25 of every kind; 3, 8, 12 and 17 are bad, and 13 refers to 12."""
        items = self.items("known", 3)
        self.env[KEY].create({"name": "old", "code": "K1"})
        self.commit()
        load = {"op": "load", "model": ROW, "fields": ["id", "name", "line_ids/name"]}
        set_parameter = {"op": "call", "model": ITEM, "method": "set_parameter"}
        operations = [
            *self.creates("new", 5),
            {"op": "write", "model": ITEM, "ids": items[0].ids, "values": {"value": 7}},
            {"op": "unlink", "model": ITEM, "ids": items[1].ids},
            {"op": "call", "model": ITEM, "ids": items[2].ids, "method": "increment"},
            {"op": "write", "model": ITEM, "ids": items[2].ids, "values": {"name": None}},
            {"op": "upsert", "model": KEY, "key": ["code"], "values": {"code": "K1", "name": "a"}},
            {"op": "upsert", "model": KEY, "key": ["code"], "values": {"code": "K2", "name": "b"}},
            {"op": "create", "model": KEY, "ref": "p", "values": {"name": "parent"}},
            {"op": "create", "model": KEY, "ref": "bad", "values": {"nome": "parent"}},
            {"op": "create", "model": KEY, "values": {"parent_id": {"$ref": "bad"}}},
            {"op": "create", "model": KEY, "values": {"name": "c", "parent_id": {"$ref": "p"}}},
            {**load, "row": ["dry_one", "one", "1.1"]},
            {**load, "row": ["", "", "1.2"]},
            {**load, "row": ["base.dry_two", "two", "2.1"]},
            {**load, "row": ["dry_three", "three", ""]},
            {**set_parameter, "kwargs": {"key": "batch_job.dry", "value": "new"}},
            *self.creates("late", 5),
        ]
        operations[3]["values"]["name"] = "known 0"
        return operations

    def everything(self):
        self.renew()
        found = {model: self._all(model).search([]).read() for model in (ITEM, KEY, ROW)}
        found["ids"] = self.env["ir.model.data"].search_count([])
        found["parameter"] = self.env["ir.config_parameter"].get_param("batch_job.dry")
        return found

    def dry_and_real(self, **options):
        """Outcomes and the end of a dry run that leaves nothing, and of the real run after it."""
        operations = self.operations()
        before = self.everything()
        job = self.submit_and_run(operations, dry_run=True, **options)
        self.assertEqual(self.everything(), before)
        dry, state = self.outcomes(job), job.state
        self.assertEqual({one["ids"] and 1 for one in dry}, {None})
        self.assertTrue(job.finished_at)
        job.start()
        self.assertEqual(self.states(job), ["pending"] * 25)
        self.assert_counters(job, "queued", remaining=25)
        self.assertFalse(job.dry_run)
        self.assert_report(job, dry)
        self.run_jobs()
        return dry, state, self.outcomes(job), job

    def assert_report(self, job, outcomes):
        """The outcomes of the dry run are an attachment of the job."""
        self.commit()
        reports = self.env["ir.attachment"].search(
            [("res_model", "=", "batch.job"), ("res_id", "=", job.id)]
        )
        rows = list(csv.DictReader(io.StringIO(reports.raw.decode())))
        self.assertEqual(
            [(int(row["index"]), row["state"], row["error_type"]) for row in rows],
            [(o["index"], o["state"], o["error"]["type"] if o["error"] else "") for o in outcomes],
        )

    def assert_same(self, dry, real):
        for one, other in zip(dry, real, strict=True):
            self.assertEqual([one[key] for key in SAME], [other[key] for key in SAME])

    def test_isolate_tells_each_end_beforehand(self):
        """A dry run says of each operation what then becomes of it, and keeps nothing, in no cache
        either."""
        for parallel in (1, 2):
            dry, state, real, job = self.dry_and_real(max_parallel=parallel)
            self.assert_same(dry, real)
            failed = [one["index"] for one in dry if one["state"] == "failed"]
            self.assertEqual((failed, dry[13]["state"]), ([3, 8, 12, 17], "skipped"))
            self.assertEqual([one["value"] for one in dry[9:11]], ["updated", "created"])
            self.assertEqual((state, job.state), ("partial", "partial"))
            self.assertEqual(self.everything()["parameter"], "new")
            self.env["ir.config_parameter"].set_param("batch_job.dry", "old")
            self.remove_all()

    def test_chunk_has_the_real_chunk_mates(self):
        """Under policy `chunk` the mates of a culprit are those of the real run's chunks."""
        for size in (2, 7, 10):
            dry, _state, real, job = self.dry_and_real(policy="chunk", chunk_size=size)
            self.assert_same(dry, real)
            self.assertIn("rolled_back", self.states(job))
            self.remove_all()

    def test_stop_ends_at_the_first_culprit(self):
        """Under policy `stop` a dry run ends at its first culprit; the real one pauses there."""
        dry, state, real, job = self.dry_and_real(policy="stop", chunk_size=3)
        self.assertEqual((state, job.state), ("partial", "paused"))
        states = ["done"] * 3 + ["failed"]
        self.assertEqual([one["state"] for one in dry], states + ["skipped"] * 21)
        self.assertEqual([one["state"] for one in real], states + ["pending"] * 21)
        self.assertEqual(dry[3]["error"], real[3]["error"])

    def test_all_names_the_culprit(self):
        """Under policy `all` a dry run names the culprit that will undo everything."""
        dry, state, real, job = self.dry_and_real(policy="all")
        self.assert_same(dry, real)
        self.assertEqual((state, job.state), ("failed", "failed"))
        self.assertEqual([one["state"] for one in dry].count("rolled_back"), 24)

    def test_good_dry_run_is_done(self):
        """A dry run without failures is done, and again when it is retried after none: a draft
        can be one too."""
        job = self.submit([], dry_run=True, start=False)
        job.append(self.creates("good", 3), 0)
        job.start()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=3)
        self.assertEqual(self.env[ITEM].search_count([]), 0)
        self.assertEqual(job.retry()["state"], "done")
        job.start()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=3)
        self.assertEqual(self.env[ITEM].search_count([]), 3)

    def test_retry_tries_everything_once_more(self):
        """`retry` of a dry run tries everything once more, and still keeps nothing."""
        blocker = self.items("once more", 1)
        job = self.submit_and_run(self.creates("once more", 3), dry_run=True)
        self.assertEqual(self.states(job), ["failed", "done", "done"])
        blocker.unlink()
        job.retry()
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=3)
        self.assertTrue(job.dry_run)
        self.assertEqual(self.env[ITEM].search_count([]), 0)

    def test_a_start_that_is_repeated(self):
        """With `only_draft` a start may come twice: an ended dry run is not run for real."""
        draft = self.submit(self.creates("twice", 2), dry_run=True, start=False)
        self.assertEqual(draft.start(only_draft=True)["state"], "queued")
        self.run_jobs()
        status = draft.start(only_draft=True)
        self.assertEqual((status["state"], status["dry_run"]), ("done", True))
        self.assertEqual(draft.start()["state"], "queued")
        self.assertFalse(draft.dry_run)

    def test_passwords_stay_for_the_real_run(self):
        """A dry run keeps the passwords that its real run needs; cancelled, it needs none."""
        operation = {"op": "create", "model": ROW, "values": {"name": "x", "secret_token": "s"}}
        job = self.submit_and_run([operation], dry_run=True)
        self.assertEqual(job.sudo().operation_ids.payload["values"]["secret_token"], "s")
        job.start()
        self.run_jobs()
        self.assertEqual(self.env[ROW].search([]).secret_token, "s")
        blanked = {"$blanked": True}
        self.assertEqual(job.sudo().operation_ids.payload["values"]["secret_token"], blanked)
        job = self.submit([operation], dry_run=True)
        job.cancel()
        self.assertEqual(job.sudo().operation_ids.payload["values"]["secret_token"], blanked)

    def test_form_offers_the_real_run(self):
        """The form says what a dry run is and was, and offers to run it for real once it ended."""
        job = self.submit(self.creates("form", 2), dry_run=True)
        self.assert_shown(job, "everything is tried", ["action_cancel"])
        self.run_jobs()
        self.assert_shown(job, "nothing was kept", ["action_run_for_real"])
        ended = {"state": job.state, "untried": job.untried}
        job.sudo().write({"state": "partial", "untried": 1})
        self.assert_shown(job, "nothing was kept", ["action_run_for_real", "action_retry"])
        job.sudo().write(ended)
        job.action_start()  # a second click on what was the draft's button
        self.assertEqual((job.state, job.dry_run), ("done", True))
        job.action_run_for_real()
        self.assertEqual((job.state, job.dry_run), ("queued", False))
        self.assert_shown(job, "", ["action_pause", "action_cancel"])

    def assert_shown(self, job, banner, verbs):
        """The words of the banner, and the buttons that change the job."""
        names = ("dry_run", "state", "policy", "total", "failed", "skipped", "cancelled", "untried")
        again = ("can_correct", "can_duplicate", "can_schedule", "schedule_id", "keeps_rows")
        values = {name: job[name] for name in (*names, *again, "needs_runner")}
        form = etree.fromstring(job.get_view(view_type="form")["arch"])
        shown = [
            node
            for node in form.xpath("//header/button | //div[contains(., 'Dry run')]")
            if not safe_eval(node.get("invisible", "False"), values)
        ]
        banners = [" ".join(node.itertext()) for node in shown if node.tag == "div"]
        self.assertIn(banner, "".join(banners))
        self.assertEqual(len(banners), bool(banner))
        buttons = [node.get("name") for node in shown if node.tag == "button"]
        others = ("action_refresh", "action_duplicate")
        self.assertEqual([one for one in buttons if one not in others], verbs)
