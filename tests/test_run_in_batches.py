"""Run in Batches: which records a job gets, what users are offered, and what they are refused."""

import threading
from functools import partial

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine.selection import PART
from .deeds import DEED, DeedsCase, link, tags

DONE = {"kind": "update", "values": {"kind": "b"}}
ARCHIVE = {"kind": "archive"}


@tagged("post_install", "-at_install")
class TestChosenRecords(DeedsCase):
    def test_everything_a_filter_finds(self):
        """A selected domain is looked up when the job is submitted, as the user and in the context
        of the list; what changes later is left, or named with the reason."""
        deeds = self.make(300, kind="a")
        others, hidden = self.make(5), self.make(5, kind="a", hidden=True)
        archived = self.make(5, kind="a", active=False)
        locked, gone = deeds[100:103], deeds[200:202]
        locked.locked = True
        self.commit()
        job = self.start(DONE, domain=[("kind", "=", "a")], expected=300)
        later = self.make(5, kind="a")
        gone_ids = gone.ids
        gone.unlink()
        self.run_jobs()
        self.assert_counters(job, "partial", succeeded=295, failed=5)
        expected = [([one], "access") for one in locked.ids] + [([o], "missing") for o in gone_ids]
        self.assertEqual(sorted(self.errors(job)), sorted(expected))
        self.assertEqual(
            {deed.id for deed in self._all(DEED).search([("kind", "=", "b")])},
            set((deeds - locked - gone).ids),
        )
        untouched = locked + hidden + archived + later
        self.assertEqual(set(untouched.mapped("kind")), {"a"})
        self.assertEqual(set(others.mapped("kind")), {False})

    def test_one_operation_for_each_record_in_order(self):
        """The operations of a domain are in the order of ids, one for each record."""
        deeds = self.make(7)
        job = self.start(DONE, domain=[], context={"active_test": False})
        operations = self.env["batch.job.operation"].search(
            [("job_id", "=", job.id)], order="index"
        )
        self.assertEqual(
            [(one.index, one.op, one.payload) for one in operations],
            [
                (n, "write", {"ids": [id_], "values": {"kind": "b"}})
                for n, id_ in enumerate(deeds.ids)
            ],
        )

    def test_archived_records_of_the_list(self):
        """The context of the list holds for the domain: a list of archived records finds them."""
        self.make(2, active=False)
        self.assertEqual(self.selection().count(DEED, []), 0)
        shown = self.selection(active_test=False)
        self.assertEqual(shown.count(DEED, []), 2)
        job = self.start({"kind": "unarchive"}, domain=[], context={"active_test": False})
        self.run_jobs()
        self.assert_counters(job, "done", succeeded=2)
        self.assertEqual(self.env[DEED].search_count([]), 2)

    def test_another_number_than_the_person_was_told(self):
        """If another user has added or removed records since the dialog counted them, nothing is
        stored, and the dialog gets the number of now."""
        deeds = self.make(4)
        count = self.selection().count(DEED, [("kind", "=", False)])
        with self.registry.cursor() as other:
            theirs = self.env(cr=other)[DEED]
            theirs.create([{"name": "added"}, {"name": "added too"}])
            theirs.browse(deeds[0].id).unlink()
        self.renew()
        answer = self.selection().run(DEED, DONE, domain=[("kind", "=", False)], expected=count)
        self.assertEqual((count, answer), (4, {"count": 5}))
        self.assertFalse(self.new_jobs())

    def test_a_snapshot_of_one_moment(self):
        """Records that another transaction adds while the job is submitted are not in it, though
        they are there before it is committed."""
        self.make(4)
        selection = self.selection()
        selection.count(DEED, [])  # the transaction of the submission has begun
        with self.registry.cursor() as other:
            self.env(cr=other)[DEED].create([{"name": "added"}])
        answer = selection.run(DEED, DONE, domain=[], expected=4)
        self.commit()
        job = self.env["batch.job"].browse(answer["action"]["res_id"])
        self.assertEqual((job.total, self.env[DEED].search_count([])), (4, 5))

    def test_more_records_than_one_part(self):
        """A large selection is stored part after part, as one job with consecutive indexes."""
        count = 2 * PART + 1
        job = self.start(ARCHIVE, record_ids=list(range(1, count + 1)))
        self.env.cr.execute(
            "SELECT count(*), min(index), max(index), count(DISTINCT payload->'ids'->>0)"
            " FROM batch_job_operation WHERE job_id = %s",
            [job.id],
        )
        self.assertEqual(self.env.cr.fetchone(), (count, 0, count - 1, count))
        self.assertEqual((job.total, job.outline[0]["count"]), (count, count))
        self.assertEqual([event["event"] for event in job.history()["events"]], ["submit"])

    def test_second_start_opens_the_first_job(self):
        """A second *Start* of one dialog, as after a lost answer, opens the job of the first,
        whatever the domain finds by then; another request makes another job."""
        self.make(3)
        chosen = {"domain": [("kind", "=", False)], "idempotency_key": "dialog"}
        job = self.start(DONE, expected=3, **chosen)
        self.make(2)
        self.assertEqual(self.start(DONE, expected=3, **chosen), job)
        self.run_jobs()
        self.assertEqual(self.start(DONE, expected=3, **chosen), job)
        self.assertEqual(self.new_jobs(), job)
        tried = self.start(DONE, dry_run=True, **chosen)
        archived = self.start(ARCHIVE, **chosen)
        theirs = self.start(DONE, self.chief, **chosen)
        self.assertEqual(len(job | tried | archived | theirs), 4)
        self.assertEqual((tried.dry_run, archived.user_id, theirs.user_id),
                         (True, self.user, self.chief))  # fmt: skip

    def test_key_that_cannot_be_kept_is_refused(self):
        """A key of the call that PostgreSQL cannot store is refused as that of a submission."""
        ids = self.make(1).ids
        with self.assertRaisesRegex(UserError, "idempotency_key"):
            self.selection().run(DEED, DONE, ids, idempotency_key="a\0b")

    def test_two_starts_at_once_make_one_job(self):
        """Of two calls at once with one key, the second waits for the first and meets a conflict,
        which Odoo repeats; then it opens the job of the first."""
        ids = self.make(2).ids
        run = partial(self.selection().run, DEED, DONE, ids, idempotency_key="dialog")
        begun, outcomes = threading.Event(), []

        def start():
            with self.registry.cursor() as cr:
                cr.execute("SELECT 1")
                begun.set()
                theirs = self.selection().with_env(self.env(cr=cr, user=self.user.id))
                try:
                    outcomes.append(theirs.run(DEED, DONE, ids, idempotency_key="dialog"))
                except Exception as error:
                    outcomes.append(error.pgcode)

        first = run()
        second = threading.Thread(target=start)
        second.start()
        begun.wait(10)
        self.commit()
        second.join(10)
        self.assertEqual(outcomes, ["40001"])
        self.assertEqual(run(), first)
        self.assertEqual(len(self.new_jobs()), 1)

    def test_job_without_room_is_refused(self):
        """A job for which there is no room is refused with the reason, and nothing is stored."""
        deeds = self.make(3)
        self.addCleanup(self.registry.clear_all_caches)
        for parameter in ("batch_job.largest_job", "batch_job.open_per_user"):
            with self.subTest(parameter):
                self.env["ir.config_parameter"].set_param(parameter, "2")
                words = "A job may have 2 operations, and this one would have 3"
                with self.assertRaisesRegex(UserError, words):
                    self.selection().run(DEED, DONE, record_ids=deeds.ids)
                self.renew()
                self.assertFalse(self.new_jobs())

    def test_nothing_chosen_makes_no_job(self):
        """A domain that finds nothing makes no job."""
        with self.assertRaisesRegex(UserError, "No record"):
            self.selection().run(DEED, DONE, domain=[("name", "=", "nobody")])

    def test_try_first_keeps_nothing(self):
        """Try First is a dry run: outcomes, and nothing else is kept."""
        deeds = self.make(3)
        deeds[1].locked = True
        self.commit()
        job = self.do(DONE, deeds, dry_run=True)
        self.assertTrue(job.dry_run)
        self.assertEqual(self.states(job), ["done", "failed", "done"])
        self.assertEqual(deeds.mapped("kind"), [False] * 3)


@tagged("post_install", "-at_install")
class TestOffers(DeedsCase):
    def test_what_a_user_is_offered(self):
        """Fields that a form lets the user write, the buttons of the form without arguments, and
        the actions of the list's menu, each as far as the user's groups go."""
        offers = self.selection().offers(DEED)
        self.assertEqual(
            set(offers["fields"]),
            {"name", "state", "due", "day", "kind", "country_id", "region_id", "tag_ids", "trace"}
            | {"hidden", "locked", "kept", "price", "rank", "grade", "parcel"},
        )
        self.assertEqual((offers["archive"], offers["delete"]), (True, False))
        self.assertEqual(
            [one["name"] for one in offers["actions"]], ["Count Together", "Ask Together"]
        )
        self.assertEqual(
            [(one["method"], one["label"], one["confirm"]) for one in offers["buttons"]],
            [
                ("action_finish", "Finish", "Finish it for good?"),
                ("action_ask", "Ask", ""),
                ("action_count", "Count", ""),
            ],
        )

    def test_an_administrator_is_offered_more(self):
        """Groups of fields, buttons and actions are those of the user."""
        offers = self.selection(self.chief).offers(DEED)
        self.assertLess({"inner", "inside"}, set(offers["fields"]))
        self.assertIn("Purge", [one["label"] for one in offers["buttons"]])
        self.assertIn("Purge Together", [one["name"] for one in offers["actions"]])
        self.assertTrue(offers["delete"])

    def test_who_may_only_read(self):
        """Without the right to write there is nothing to update and nothing to archive."""
        offers = self.selection(self.reader).offers(DEED)
        self.assertEqual(
            (offers["fields"], offers["archive"], offers["delete"]), ({}, False, False)
        )

    def test_a_domain_of_a_form_is_left_out(self):
        """A field's domain that names other fields is left out: the editor has no other fields."""
        self.assertEqual(self.selection().offers(DEED)["fields"]["region_id"]["domain"], [])

    def test_which_lists_offer_it(self):
        """The lists of real records offer it to users of batch jobs; those of the queue, of
        wizards and of what no operation may name do not."""
        users = self.env.ref("batch_job.group_user")
        self.addCleanup(self.registry.clear_all_caches)
        offered = {}
        for model in (DEED, "res.partner", "batch.job", "ir.cron", "base.language.install"):
            views = (
                self.env[model]
                .with_user(self.chief)
                .get_views([(False, "list")], {"toolbar": True})
            )
            offered[model] = views["views"]["list"]["toolbar"].get("batch_job", False)
        self.assertEqual(
            offered,
            {DEED: True, "res.partner": True}
            | dict.fromkeys(("batch.job", "ir.cron", "base.language.install"), False),
        )
        self.env.ref("base.group_user").implied_ids -= users
        deeds = self.env[DEED].with_user(self.reader)
        views = deeds.get_views([(False, "list")], {"toolbar": True})
        self.assertNotIn("batch_job", views["views"]["list"]["toolbar"])

    def test_queue_and_wizards_are_refused(self):
        """Nobody runs a job on the queue itself, on wizards, or on models of nothing."""
        for model in ("batch.job", "ir.cron", "base.language.install", "base", "no.model"):
            with self.subTest(model), self.assertRaisesRegex(UserError, "No batch job can run"):
                self.selection(self.chief).offers(model)


@tagged("post_install", "-at_install")
class TestUpdate(DeedsCase):
    def test_values_of_several_fields(self):
        """A many2one, a date, a selection, tags that are added, and a text that is emptied."""
        deeds = self.make(3, trace="old")
        old, new = tags(self.env, "old", "new")
        deeds.tag_ids = old
        self.commit()
        country = self.env.ref("base.be")
        values = {"country_id": country.id, "day": "2030-02-03", "kind": "a", "trace": False}
        job = self.do({"kind": "update", "values": {**values, "tag_ids": link(new)}}, deeds)
        self.assert_counters(job, "done", succeeded=3)
        self.assertEqual(
            [
                (one.country_id, str(one.day), one.kind, one.trace, one.tag_ids)
                for one in deeds.with_context(lang=None)
            ],
            [(country, "2030-02-03", "a", False, old + new)] * 3,
        )
        self.assertEqual(job.name, "Update 3 Deed: Country, Day, Kind, 2 more")

    def test_name_in_the_words_of_the_list(self):
        """The name of the job has the number and the list's name for its records."""
        deeds = self.make(2)
        values = {"country_id": self.env.ref("base.be").id}
        job = self.start({"kind": "update", "values": values}, record_ids=deeds.ids, label="Deeds")
        self.assertEqual(job.name, "Update 2 Deeds: Country")
        job = self.start(
            {"kind": "update", "values": values}, record_ids=deeds[0].ids, label="Deeds"
        )
        self.assertEqual(job.name, "Update 1 Deed: Country")
        job = self.start(self.button("action_ask"), record_ids=deeds.ids, label="Deeds")
        self.assertEqual(job.name, "Ask 2 Deeds")

    def test_fields_that_are_not_offered(self):
        """A field of other groups, a read-only one, a computed one, the switch of archiving and one
        that does not exist are refused before anything is stored."""
        deeds = self.make(1)
        for name in ("inner", "fixed", "size", "active", "create_uid", "nothing"):
            with self.subTest(name), self.assertRaisesRegex(AccessError, "cannot be updated"):
                self.selection().run(
                    DEED, {"kind": "update", "values": {name: 1}}, record_ids=deeds.ids
                )
        self.assertFalse(self.new_jobs())

    def test_what_is_said_wrongly(self):
        """What is no selection, no domain or no known thing to do is refused with a sentence."""
        ids = self.make(1).ids
        for what, chosen, words in (
            ({"kind": "sing"}, {"record_ids": ids}, "kind"),
            ({"kind": "update", "values": {}}, {"record_ids": ids}, "values is empty"),
            ({"kind": "action", "action_id": 1, "together": 0}, {"record_ids": ids}, "from 1 to"),
            (DONE, {"record_ids": ["7"]}, "record_ids"),
            (DONE, {}, "record_ids"),
            (DONE, {"domain": [["name"]]}, "domain is not valid"),
            (DONE, {"domain": [["nothing", "=", 1]]}, "domain is not valid"),
        ):
            with self.subTest(words), self.assertRaisesRegex(UserError, words):
                self.selection().run(DEED, what, **chosen)

    def test_rights_are_those_of_the_list(self):
        """Who may not write or delete is refused with 403, and nothing is stored."""
        ids = self.make(1).ids
        for user, what in (
            (self.reader, DONE),
            (self.reader, ARCHIVE),
            (self.user, {"kind": "delete"}),
        ):
            with self.subTest(what["kind"]), self.assertRaises(AccessError):
                self.selection(user).run(DEED, what, record_ids=ids)
            self.assertFalse(self.new_jobs())
