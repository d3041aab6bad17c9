"""Run in Batches: fields that the list or the form makes read-only, always or for some records."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine.selection import METHODS
from .deeds import DEED, DeedsCase
from .schedule_cases import ScheduleCase


def update(**values):
    return {"kind": "update", "values": values}


@tagged("post_install", "-at_install")
class TestReadonlyFields(DeedsCase):
    def test_by_a_condition_of_the_form(self):
        """A record for which the form makes a field read-only is left and named, with the field;
        the others are updated."""
        deeds = self.make(20)
        done = deeds[3] + deeds[4] + deeds[17]
        done.state = "done"
        self.commit()
        job = self.do(update(price=7.5, trace="x"), deeds)
        self.assert_counters(job, "partial", succeeded=17, failed=3)
        self.assertEqual(self.errors(job), [([one], "not_offered") for one in done.ids])
        error = self.outcomes(job)[3]["error"]
        message = "Read-only for the record as it is now: Price. The record was left."
        self.assertEqual((error["message"], error["field"]), (message, "price"))
        self.assertEqual([cause["count"] for cause in job.status()["causes"]], [3])
        self.assertEqual(done.mapped("price") + done.mapped("trace"), [0.0] * 3 + [""] * 3)
        others = deeds - done
        self.assertEqual({(one.price, one.trace) for one in others}, {(7.5, "x")})

    def test_by_a_condition_of_the_list(self):
        """So is one for which the list does, as Odoo's own editing of a selection does it."""
        deeds = self.make(3)
        deeds[1].kind = "b"
        self.commit()
        job = self.do(update(rank=4), deeds)
        self.assertEqual(self.errors(job), [(deeds[1].ids, "not_offered")])
        self.assertEqual(deeds.mapped("rank"), [4, 0, 4])

    def test_in_several_places(self):
        """A field that the form shows in several places is read-only where it is shown."""
        deeds = self.make(4, due="2020-01-01")
        deeds[1:].state = "done"
        deeds[2].due = "2999-01-01"
        deeds[3].due = False
        self.commit()
        job = self.do(update(grade="A"), deeds)
        self.assertEqual(self.errors(job), [(deeds[1].ids, "not_offered")])
        self.assertEqual(deeds.mapped("grade"), ["A", False, "A", "A"])

    def test_as_it_is_when_its_turn_comes(self):
        """A record that becomes read-only after the submission is left."""
        deeds = self.make(3)
        job = self.start(update(price=2), record_ids=deeds.ids)
        deeds[0].state = "done"
        self.run_jobs()
        self.assertEqual(self.errors(job), [(deeds[0].ids, "not_offered")])
        self.assertEqual(deeds.mapped("price"), [0.0, 2.0, 2.0])

    def test_try_first(self):
        """A dry run names them too."""
        deeds = self.make(2)
        deeds[0].state = "done"
        self.commit()
        job = self.do(update(price=2), deeds, dry_run=True)
        self.assertEqual(self.states(job), ["failed", "done"])
        self.assertEqual(self.outcomes(job)[0]["error"]["type"], "not_offered")
        self.assertEqual(deeds.mapped("price"), [0.0, 0.0])

    def test_other_views(self):
        """The views are those of the list that the person is in, and of the form that it opens."""
        deeds = self.make(2)
        deeds[0].kind = "b"
        self.commit()
        model = "ir.ui.view"
        plain = {"model": DEED, "arch": '<list><field name="rank"/></list>', "priority": 99}
        strict = '<form><field name="name"/><field name="rank" readonly="name"/></form>'
        views = self.env[model].create([
            {**plain, "name": "plain"}, {**plain, "name": "strict", "arch": strict},
        ])  # fmt: skip
        self.commit()
        self.addCleanup(lambda: (self.renew(), views.unlink(), self.commit()))
        job = self.do({**update(rank=1), "list_id": views[0].id}, deeds)
        self.assert_counters(job, "done", succeeded=2)
        job = self.do({**update(rank=2), "view_id": views[1].id}, deeds)
        self.assert_counters(job, "failed", failed=2)

    def test_what_is_read_only_always_or_for_others(self):
        """A field that a view makes read-only for all records, or shows to other groups only, is
        not offered and is refused, also by the method that operations call."""
        deeds = self.make(1)
        for user, name in ((self.user, "agreed"), (self.user, "inside"), (self.chief, "agreed")):
            with self.subTest(name), self.assertRaisesRegex(AccessError, "cannot be updated"):
                self.selection(user).run(DEED, update(**{name: "x"}), record_ids=deeds.ids)
            with self.subTest(name), self.assertRaisesRegex(AccessError, "cannot be updated"):
                deeds.with_user(user).batch_job_update({name: "x"})
        self.assertFalse(self.new_jobs())
        self.do(update(inside="y"), deeds, self.chief)
        self.do(update(parcel="z"), deeds)  # the list shows it to everybody
        self.assertEqual((deeds.agreed, deeds.inside, deeds.parcel), (False, "y", "z"))

    def test_a_condition_that_cannot_be_told(self):
        """A record is left if the condition fails on its values, and is told so."""
        deeds = self.make(1)
        arch = '<form><field name="name"/><field name="rank" readonly="name &gt; 3"/></form>'
        values = {"name": "odd", "model": DEED, "priority": 99}
        view = self.env["ir.ui.view"].create({**values, "arch": arch})
        self.commit()
        self.addCleanup(lambda: (self.renew(), view.unlink(), self.commit()))
        job = self.do({**update(rank=1), "view_id": view.id}, deeds)
        self.assertEqual(self.errors(job), [(deeds.ids, "not_offered")])
        self.assertIn("cannot be told", self.outcomes(job)[0]["error"]["message"])

    def test_value_that_the_field_cannot_hold_is_refused(self):
        """A value that Odoo would store as something else fails, as it does without a condition."""
        deeds = self.make(2)
        job = self.do(update(price=True), deeds)
        self.assertEqual(self.errors(job), [([one], "bad_value") for one in deeds.ids])
        self.assertEqual(self.outcomes(job)[0]["error"]["field"], "price")
        self.assertEqual(deeds.mapped("price"), [0.0, 0.0])

    def test_tree_has_right_paths_where_a_condition_stands(self):
        """A record of a tree and the record below it move one after the other."""
        tags = self.env["res.partner.category"].create([{"name": name} for name in "ABC"])
        first, below, target = tags
        below.parent_id = first
        arch = (
            """<form><field name="name"/><field name="parent_id" readonly="name == 'x'"/></form>"""
        )
        values = {"name": "tree", "model": tags._name, "priority": 99, "arch": arch}
        view = self.env["ir.ui.view"].create(values)
        self.commit()
        self.addCleanup(lambda: (self.renew(), view.unlink(), tags.unlink(), self.commit()))
        what = {**update(parent_id=target.id), "view_id": view.id}
        self.selection(self.admin).run(tags._name, what, record_ids=(first + below).ids)
        self.commit()
        self.run_jobs()
        self.env.invalidate_all()
        above = target.parent_path
        paths = [f"{above}{one.id}/" for one in (first, below)]
        self.assertEqual((first + below).mapped("parent_path"), paths)

    def test_as_an_operation(self):
        """An update that asks is a call of a method, which any user may call as a write."""
        deeds = self.make(2)
        deeds[1].state = "done"
        self.commit()
        with self.assertRaisesRegex(UserError, "Read-only .*: Price"):
            deeds.with_user(self.user).batch_job_update({"price": 1})
        with self.assertRaises(AccessError):
            deeds[0].with_user(self.reader).batch_job_update({"price": 1})
        self.assertEqual(deeds.mapped("price"), [0.0, 0.0])

    def test_by_a_duplicate(self):
        """A duplicate asks again; nobody duplicates somebody else's job."""
        deeds = self.make(3)
        job = self.do(update(price=1), deeds)
        self.assert_counters(job, "done", succeeded=3)
        deeds[1].state = "done"
        deeds.price = 0
        self.commit()
        for other in (self.chief, self.reader):
            with self.assertRaises(UserError):
                job.with_user(other).duplicate()
            self.renew()
        copy = job.browse(job.duplicate()["id"])
        copy.start()
        self.run_jobs()
        self.assertEqual(self.errors(copy), [(deeds[1].ids, "not_offered")])
        self.assertEqual(deeds.mapped("price"), [1.0, 0.0, 1.0])


@tagged("post_install", "-at_install")
class TestReadonlyBySchedule(ScheduleCase):
    cleans = (*ScheduleCase.cleans, DEED)

    def test_by_a_schedule(self):
        """A run of a schedule leaves the records for which the field is read-only then, and a
        schedule of a field that is not offered is refused."""
        user = self.new_user("deeds_scheduler", "base.group_user,base.group_partner_manager")
        deeds = self.env[DEED].create([{"name": "one"}, {"name": "two"}])
        self.commit()
        given = {"model": DEED, "domain": f"[('id', 'in', {deeds.ids})]"}
        schedule = self.schedule(user, action=update(price=3), **given)
        deeds[0].state = "done"
        self.run_once(schedule)
        job = self.jobs_of(schedule)
        self.run_to_end(job)
        self.assertEqual(job.sudo().operation_ids.mapped("error_type"), ["not_offered", False])
        self.assertEqual(deeds.mapped("price"), [0.0, 3.0])
        operation = job.sudo().operation_ids[0]
        self.assertEqual(operation.payload["method"], METHODS["update"])
        for name in ("agreed", "inside"):
            with self.assertRaisesRegex(AccessError, "cannot be updated"):
                self.schedule(user, action=update(**{name: "x"}), **given)
            self.renew()
