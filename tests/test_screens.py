"""What people can do and read on the screens, whoever wrote the job."""

import runpy
from pathlib import Path

from lxml import etree

from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..dispatch.locked_job import LockedJob
from ..engine.selection import METHODS
from .races import RaceCase
from .view_cases import ViewsCase, create

PLACES = {
    "batch.job": ("chunk_size", "max_parallel", "priority", "parts", "next_position"),
    "batch.job.operation": ("index", "row", "position", "wave", "owner_id", "company_id"),
    "batch.job.chunk": ("first_position", "last_position", "first_place", "last_place", "runner"),
}
INSIDE = {
    "batch.job": ("needs_runner", "has_keys", "wave_ends", "can_delete", "published_at"),
    "batch.job.operation": ("wave", "follows", "position", "can_open", "owner_id"),
    "batch.job.chunk": ("wave", "culprit_position", "owner_id"),
}


@tagged("post_install", "-at_install")
class TestWhatIsLeft(RaceCase):
    """What a cancel kept from running can be run from every ended state."""

    cleans = ("res.partner.category",)

    def test_after_a_retry_of_the_failures(self):
        """A cancelled job whose failures are retried still knows what is left, until it has run."""
        good = [create(name=f"Left {n}") for n in range(3)]
        job = self.submit([create(), *good], chunk_size=2, policy="isolate")
        with self.subTest("cancelled after the first chunk"):
            self.runner().step()
            self.renew()
            job.cancel()
            self.run_jobs()
            self.assert_counters(job, "cancelled", succeeded=1, failed=1, skipped=2)
            self.assertEqual(job.cancelled, 2)
        job.retry()
        self.run_jobs()
        with self.subTest("the failure failed again"):
            self.assert_counters(job, "partial", succeeded=1, failed=1, skipped=2)
            self.assertEqual(job.cancelled, 2)
        job.action_retry_cancelled()
        self.run_jobs()
        self.assert_counters(job, "partial", succeeded=3, failed=1)
        self.assertEqual(job.cancelled, 0)


@tagged("post_install", "-at_install")
class TestButtons(ViewsCase):
    def submit(self, *operations, **options):
        jobs = self.env["batch.job"].with_user(self.owner)
        return jobs.browse(jobs.submit(list(operations), **options)["id"])

    def published(self):
        """The messages to people who watch, since the last call."""
        self.env.cr.precommit.run()
        messages = self.env["bus.bus"].search([("message", "like", "batch_job/progress")])
        texts = messages.mapped("message")
        messages.unlink()
        return texts

    def test_verbs_tell_who_watches(self):
        """Each verb that moves a job is published; one that changes nothing is not."""
        job = self.submit(create(name="A"), start=False)
        self.published()
        for verb, state in (
            ("start", "queued"),
            ("pause", "paused"),
            ("resume", "queued"),
            ("cancel", "cancelled"),
        ):
            getattr(job, verb)()
            with self.subTest(verb):
                [text] = self.published()
                self.assertIn(f'"state":"{state}"', text)
        job.cancel()
        self.assertEqual(self.published(), [])

    def test_retry_tells_who_watches(self):
        """A retry is published, though the job had ended."""
        job = self.execute(create(), create(name="A"))
        self.published()
        job.retry()
        [text] = self.published()
        self.assertIn('"state":"queued"', text)

    def test_a_button_that_came_too_late_says_so(self):
        """A click on Resume in a form that has missed a cancel says what the job is, and changes
        nothing; a click that does something says nothing."""
        job = self.submit(create(name="A"))
        self.assertIsNone(job.action_pause())
        job.with_user(self.manager).action_cancel()
        for button in ("action_resume", "action_resume_skip", "action_pause", "action_start"):
            notification = getattr(job, button)()["params"]
            with self.subTest(button):
                self.assertEqual(
                    notification["message"],
                    "Nothing was changed: meanwhile the job is “Cancelled”.",
                )
        self.assertEqual(job.state, "cancelled")

    def test_a_button_of_somebody_elses_job(self):
        """A button locks no job that its user may not see."""
        job = self.submit(create(name="A"))
        other = self.env["res.users"].create({"name": "O", "login": "screens_other"})
        with self.assertRaisesRegex(Exception, "does not exist, or you have no right"):
            job.with_user(other).action_pause()
        self.assertEqual(job.state, "queued")

    def test_job_leads_to_its_records(self):
        """A job leads to the records that it made, each once; not to those that it deleted."""
        job = self.execute(create(name="A"), {**create(), "values": [{"name": "B"}, {"name": "C"}]})
        self.assertTrue(job.can_open_records)
        action = job.action_open_records()
        self.assertEqual(action["res_model"], "res.partner.category")
        tags = self.env["res.partner.category"].search(action["domain"])
        self.assertEqual(tags.sorted("id").mapped("name"), ["A", "B", "C"])
        unlink = {"op": "unlink", "model": tags._name, "ids": tags.ids}
        self.assertFalse(self.execute(unlink).can_open_records)
        self.assertFalse(self.execute(create()).can_open_records)

    def test_archived_records_are_opened(self):
        """What a job has archived is in the list that it leads to, and in that of one row."""
        partners = self.env["res.partner"].create([{"name": "A"}, {"name": "B"}])
        archive = {"op": "call", "model": "res.partner", "method": "action_archive"}
        job = self.execute({**archive, "ids": partners.ids})
        row = self.env["batch.job.operation"].search([("job_id", "=", job.id)])
        for action in (job.action_open_records(), row.action_open_record()):
            opened = self.env["res.partner"].with_context(**action["context"])
            self.assertEqual(opened.search(action["domain"]), partners)
            self.assertFalse(any(partners.mapped("active")))

    def test_open_records_of_several_models(self):
        """A job of several models leads to its operations that are done, by model."""
        other = {"op": "create", "model": "res.partner", "values": {"name": "P"}}
        action = self.execute(create(name="A"), other).action_open_records()
        self.assertEqual(action["res_model"], "batch.job.operation")
        self.assertTrue(action["context"]["search_default_by_model"])

    def test_delete_is_for_those_who_may(self):
        """Delete is offered to the owner of an ended job and to administrators, to no manager."""
        job = self.execute(create(name="A"))
        self.assertTrue(job.can_delete)
        self.assertFalse(job.with_user(self.manager).can_delete)
        self.assertTrue(job.with_user(self.env.ref("base.user_admin")).can_delete)
        self.assertFalse(self.submit(create(name="A")).can_delete)


@tagged("post_install", "-at_install")
class TestWords(ViewsCase):
    def test_what_a_job_does(self):
        """A job says what it does, with numbers; a draft does so after each part."""
        jobs = self.env["batch.job"].with_user(self.owner)
        draft = jobs.browse(jobs.submit([], start=False)["id"])
        self.assertFalse(draft.what)
        draft.append([create(name="A")] * 2, 0)
        tag = self.env["res.partner.category"].create({"name": "T"})
        draft.append([create(name="B"), {"op": "unlink", "model": tag._name, "ids": tag.ids}], 1)
        self.assertEqual(draft.what, "Create: 3 × Partner Tags, Delete: 1 × Partner Tags")

    def test_a_job_of_many_kinds(self):
        """A job of many kinds names the first three, and how many more there are."""
        models = ("res.partner.category", "res.partner", "res.country.group", "res.partner.bank")
        job = self.execute(*({**create(name="A"), "model": model} for model in models))
        self.assertTrue(job.what.endswith(", 1 more"), job.what)
        self.assertEqual(job.what.count(": 1 ×"), 3)

    def test_titles_tell_operations_apart(self):
        """A call names its record and its method, an import and an upsert their name, external id
        or key; what has no name of its own, its id."""
        tag = self.env["res.partner.category"].create({"name": "Wholesale"})
        about = {"model": tag._name, "ids": tag.ids}
        upsert = {"op": "upsert", "model": tag._name}
        operations = (
            {"op": "call", **about, "method": "copy"},
            {"op": "write", **about, "values": {"color": 1}},
            {"op": "write", **about, "ids": [2**31 - 1], "values": {"color": 1}},
            {**upsert, "key": ["color"], "values": {"color": 2}},
            {"op": "create", "model": "res.partner", "values": {"ref": "C-7", "color": 1}},
            {**upsert, "xml_id": "my.tag", "values": {"color": 2}},
            {"op": "load", "model": tag._name, "fields": ["id", "color"], "row": ["my.two", "3"]},
        )
        jobs = self.env["batch.job"].with_user(self.owner)
        job = jobs.browse(jobs.submit(list(operations))["id"])
        self.assertEqual(
            job.operation_ids.mapped("title"),
            [
                "Call: Partner Tags “Wholesale” (copy)",
                "Change: Partner Tags “Wholesale”",
                "Change: Partner Tags 2147483647",
                "Create or change: Partner Tags “2”",
                "Create: Contact “C-7”",
                "Create or change: Partner Tags “my.tag”",
                "Import: Partner Tags “my.two”",
            ],
        )
        seen = job.operation_ids[0].with_user(self.manager)
        self.assertEqual(seen.title, "Call: Partner Tags")

    def test_to_archive_has_a_verb(self):
        """A call that people have a verb for is told by this verb, other calls by their method."""
        tag = self.env["res.partner.category"].create({"name": "Old"})
        about = {"op": "call", "model": tag._name, "ids": tag.ids}
        jobs = self.env["batch.job"].with_user(self.owner)
        methods = ("action_archive", "action_unarchive", "unlink", "action_archive")
        job = jobs.browse(jobs.submit([{**about, "method": name} for name in methods])["id"])
        self.assertEqual(
            job.what,
            "Archive: 2 × Partner Tags, Unarchive: 1 × Partner Tags, Call: 1 × Partner Tags",
        )
        self.assertEqual(
            job.operation_ids.mapped("title")[:3],
            [
                "Archive: Partner Tags “Old”",
                "Unarchive: Partner Tags “Old”",
                "Call: Partner Tags “Old” (unlink)",
            ],
        )

    def test_run_in_batches_has_verbs(self):
        """What *Run in Batches* does is told by what the person chose there, not by our methods."""
        tag = self.env["res.partner.category"].create({"name": "Old"})
        about = {"op": "call", "model": tag._name, "ids": tag.ids}
        chosen = {
            "archive": {},
            "update": {"values": {"color": 1}},
            "button": {"method": "copy", "button_context": "{}", "view_id": 0},
            "action": {"action_id": 1},
        }
        calls = [{**about, "method": METHODS[one], "kwargs": chosen[one]} for one in chosen]
        jobs = self.env["batch.job"].with_user(self.owner)
        job = jobs.browse(jobs.submit(calls)["id"])
        self.assertEqual(
            job.operation_ids.mapped("title"),
            [
                "Archive: Partner Tags “Old”",
                "Change: Partner Tags “Old”",
                "Press a button: Partner Tags “Old” (copy)",
                "Run an action: Partner Tags “Old”",
            ],
        )
        self.assertEqual(
            job.what,
            "Archive: 1 × Partner Tags, Change: 1 × Partner Tags, Press a button: 1 × Partner Tags,"
            " 1 more",
        )

    def test_rows_count_from_one(self):
        """People count rows from 1, and find a row by its number; programs keep the index."""
        job = self.execute(create(name="A"), create())
        bad = job.operation_ids[1]
        self.assertEqual((bad.index, bad.row, bad.display_name), (1, 2, "Row 2"))
        found = bad.search([("job_id", "=", job.id), ("row", "=", 2)])
        self.assertEqual(found, bad)
        self.assertEqual(bad.search_count([("job_id", "=", job.id), ("row", ">", 1)]), 1)
        chunk = job.chunk_ids or job.latest_chunk_ids
        self.assertEqual((chunk[:1].first_place, chunk[:1].last_place), (1, 2))

    def test_places_are_not_summed(self):
        """Rows grouped by kind of error show how many they are, never the sum of their places."""
        for model, names in PLACES.items():
            for name in names:
                self.assertFalse(self.env[model]._fields[name].aggregator, f"{model}.{name}")
        self.execute(create(), create(), create())
        [group] = self.env["batch.job.operation"].formatted_read_group(
            [("state", "=", "failed")], ["error_type"], ["__count"]
        )
        self.assertEqual(group["__count"], 3)

    def test_what_is_inside_is_not_exported(self):
        """Odoo's export dialog does not offer what only the queue understands."""
        for model, names in INSIDE.items():
            found = self.env[model].fields_get(list(names), ["exportable"])
            for name in names:
                self.assertFalse(found[name]["exportable"], f"{model}.{name}")

    def test_no_record_no_button(self):
        """A change of a record that is known to be missing offers no record to open."""
        there = self.env["res.partner.category"].create({"name": "A"})
        change = {"op": "write", "model": there._name, "values": {"name": "B"}}
        gone = {**change, "ids": [2**31 - 1]}
        job = self.execute(gone, {**change, "ids": there.ids})
        self.assertEqual(job.operation_ids.mapped("can_open"), [False, True])

    def test_the_status_bar_ends_with_done(self):
        """No state follows Done: the bar reads Queued, Running, Partly done, Done."""
        for model in ("batch.job", "batch.job.operation"):
            states = [state for state, _label in self.env[model]._fields["state"].selection]
            self.assertEqual(states[-1], "done")

    def test_the_first_list(self):
        """Who opens Batch Jobs sees their own jobs that have not ended or have failures."""
        action = self.env.ref("batch_job.batch_job_action")
        context = action._get_eval_context() and action.read(["context"])[0]["context"]
        self.assertIn("search_default_mine", context)
        self.assertIn("search_default_open_or_failed", context)

    def migrate(self, job, version="19.0.1.2.0"):
        script = Path(__file__).parent.parent / f"migrations/{version}/post-migrate.py"
        runpy.run_path(str(script))["migrate"](self.env.cr, "19.0.1.0.0")
        job.invalidate_recordset()
        job.event_ids.invalidate_recordset()

    def test_migrated_errors_of_rows_are_masked(self):
        """What an old job says of a failed row is its owner's; all else is everybody's."""
        for options, masked in (({"state": "failed"}, True), ({"state": "paused"}, False)):
            job = self.execute(create(name="A"))
            self.change(job, error="No.", **options)
            self.env.cr.execute(
                "UPDATE batch_job_event SET reason = 'No.', state = %s WHERE job_id = %s",
                [options["state"], job.id],
            )
            self.migrate(job)
            read = "A row failed; its owner reads why." if masked else "No."
            seen = job.with_user(self.manager)
            self.assertEqual((seen.error, set(seen.event_ids.mapped("reason"))), (read, {read}))
            self.assertEqual((job.error, set(job.event_ids.mapped("reason"))), ("No.", {"No."}))

    def test_a_migrated_job(self):
        """A job of before the column `cancelled` is given it."""
        job = self.execute(create(name="A"), create(name="B"))
        LockedJob.lock(self.env, job.id).set(skipped=1, succeeded=1, cancelled=None)
        self.env.cr.execute(
            "UPDATE batch_job_operation SET state = 'cancelled' WHERE job_id = %s AND index = 1",
            [job.id],
        )
        self.migrate(job, "19.0.1.1.0")
        self.assertEqual(job.cancelled, 1)

    def test_seconds_of_a_migrated_job(self):
        """A job of before the column `work_seconds` is given the seconds of its chunks."""
        job = self.execute(create(name="A"))
        seconds = sum(job.chunk_ids.mapped("duration"))
        LockedJob.lock(self.env, job.id).set(work_seconds=None)
        self.migrate(job)
        self.assertEqual(job.work_seconds, seconds)

    def test_rows_that_are_gone(self):
        """A job whose rows the clean-up has deleted knows it: no button fails for that."""
        job = self.execute(create())
        self.assertTrue(job.keeps_rows)
        self.env.cr.execute("DELETE FROM batch_job_operation WHERE job_id = %s", job.ids)
        job.invalidate_recordset()
        self.assertFalse(job.keeps_rows)

    def test_graph_adds_up_rows_and_seconds(self):
        """Graph and pivot add up rows, failures and seconds at work, and no place or number."""
        fields = self.env["batch.job"].fields_get(attributes=["type", "aggregator", "store"])
        numbers = {
            name
            for name, field in fields.items()
            if field["type"] in ("integer", "float") and field["store"] and field.get("aggregator")
        }
        self.assertEqual(
            numbers - {"id"},
            {"total", "succeeded", "failed", "skipped", "cancelled", "untried", "rate"}
            | {"work_seconds"},
        )

    def test_filters_find_what_they_say(self):
        """Each filter and group-by of the search view finds what it says."""
        today, week = self.execute(create()), self.submit_old(days=400)
        jobs = (today + week).ids

        def found(name):
            node = self.filter_node(name)
            domain = safe_eval(node.get("domain"), {"uid": self.owner.id})
            env = self.env["batch.job"].with_user(self.owner)
            return env.search([("id", "in", jobs), *domain]).ids

        self.assertEqual(found("today"), today.ids)
        self.assertEqual(found("this_week"), today.ids)
        self.assertEqual(found("mine"), [week.id, today.id])
        self.assertEqual(found("with_failures"), today.ids)
        self.assertEqual(found("ended"), [week.id, today.id])
        for name in ("running", "waiting", "paused", "dry_runs", "open"):
            self.assertEqual(found(name), [], name)

    def submit_old(self, days):
        job = self.execute(create(name="A"))
        self.env.cr.execute(
            "UPDATE batch_job SET create_date = create_date - make_interval(days => %s)"
            " WHERE id = %s",
            [days, job.id],
        )
        return job

    def filter_node(self, name):
        view = self.env["batch.job"].get_view(view_type="search")
        [node] = etree.fromstring(view["arch"]).xpath(f"//filter[@name='{name}']")
        return node
