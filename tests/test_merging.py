from unittest.mock import patch

from odoo.tests import tagged

from ..engine import chunk_size
from .common import CommittedCase

PARTNER, CURRENCY, TREE = "res.partner", "res.currency", "test.batch.tree"


def create(model, **values):
    return {"op": "create", "model": model, "values": values}


def write(records, **values):
    return {"op": "write", "model": records._name, "ids": records.ids, "values": values}


def unlink(records):
    return {"op": "unlink", "model": records._name, "ids": records.ids}


def upsert(ref, **values):
    return {"op": "upsert", "model": PARTNER, "key": ["ref"], "values": {"ref": ref, **values}}


class MergingCase(CommittedCase):
    cleans = (TREE, CURRENCY, "res.partner.category", "test.batch.row")

    def make(self, model, *values):
        """Records, committed; one by one, as other ways may say more."""
        records = [self.env[model].create(one) for one in values]
        self.commit()
        return records

    def run_all(self, operations, **options):
        """Kinds of errors, None where there is none."""
        outcomes = self.outcomes(self.submit_and_run(operations, **options))
        return [one["error"] and one["error"]["type"] for one in outcomes]


@tagged("post_install", "-at_install")
class TestMergedWrites(MergingCase):
    """Writes that are merged end as one after another."""

    def new_tags(self, operations, run):
        """The tags that two partners get from two operations."""
        known = self.env["res.partner.category"].search([])
        self.assertEqual(run(operations), [None, None])
        self.renew()
        return self.env["res.partner.category"].search([]) - known

    def run_at_once(self, operations):
        results = self.env["batch.job"].with_user(self.admin).execute(operations)["results"]
        self.commit()
        return [one["error"] for one in results]

    def test_each_record_gets_its_own(self):
        """Two records that are told to have a new tag have one each, however they are told."""
        partners = self.make(PARTNER, {"name": "A", "ref": "own A"}, {"name": "B", "ref": "own B"})
        tag = {"category_id": [[0, 0, {"name": "t"}]]}
        written = [write(one, **tag) for one in partners]
        upserted = [upsert(one.ref, **tag) for one in partners]
        created = [create(PARTNER, name="C", **tag), create(PARTNER, name="D", **tag)]
        for operations in (written, upserted, created):
            for run in (self.run_all, self.run_at_once):
                with self.subTest(op=operations[0]["op"], run=run.__name__):
                    tags = self.new_tags(operations, run)
                    self.assertEqual([len(tag.partner_ids) for tag in tags], [1, 1])

    def test_equal_values_do_not_pass_other_values(self):
        """A write that changes the third record, by an override, stays before its own write."""
        company, other = self.make(
            PARTNER, {"name": "P", "is_company": True}, {"name": "D", "is_company": True}
        )
        (contact,) = self.make(PARTNER, {"name": "C", "parent_id": company.id})
        operations = [
            write(other, city="Gent"),
            write(company, city="Brugge"),
            write(contact, city="Gent"),
        ]
        self.assertEqual(self.run_all(operations), [None, None, None])
        self.renew()
        self.assertEqual((company | other | contact).mapped("city"), ["Gent", "Gent", "Gent"])

    def test_records_that_move_keep_their_paths(self):
        """Two neighbours, one of them under the other, get the same parent: each is right under
        it then."""
        target, upper = self.make(TREE, {"name": "target"}, {"name": "upper"})
        (lower,) = self.make(TREE, {"name": "lower", "parent_id": upper.id})
        operations = [write(one, parent_id=target.id) for one in (upper, lower)]
        self.assertEqual(self.run_all(operations), [None, None])
        self.renew()
        self.assertEqual(
            (upper | lower).mapped("parent_path"),
            [f"{target.id}/{upper.id}/", f"{target.id}/{lower.id}/"],
        )

    def test_a_record_that_takes_its_parent_under_it(self):
        """A record moves, and a command puts its former parent under it: that is no cycle, also
        where the operation before has made the record."""
        for size in (1, 2):
            with self.subTest(chunk_size=size):
                upper, target = self.make(TREE, {"name": "upper"}, {"name": "target"})
                values = {"parent_id": target.id, "child_ids": [[4, upper.id, 0]]}
                operations = [
                    {**create(TREE, name="lower", parent_id=upper.id), "ref": "lower"},
                    {"op": "write", "model": TREE, "ids": [{"$ref": "lower"}], "values": values},
                ]
                self.assertEqual(self.run_all(operations, chunk_size=size), [None, None])
                self.renew()
                moved = target.child_ids
                self.assertEqual((moved.name, moved.child_ids), ("lower", upper))
                self.assertEqual(upper.parent_path, f"{target.id}/{moved.id}/{upper.id}/")

    def test_a_refused_value_is_not_hidden_by_the_next(self):
        """The first write on a record violates a constraint, the second would mend it."""
        (currency,) = self.make(CURRENCY, {"name": "QQA", "symbol": "q"})
        operations = [
            write(currency, rounding=0, symbol="BAD"),
            write(currency, rounding=0.05),
        ]
        self.assertEqual(self.run_all(operations), ["constraint", None])
        self.renew()
        self.assertEqual((currency.symbol, currency.rounding), ("q", 0.05))

    def test_a_row_that_is_refused_is_not_hidden_by_the_next(self):
        """The same where both are rows of a file that name the record by its id."""
        (currency,) = self.make(CURRENCY, {"name": "QQB", "symbol": "q"})
        load = {"op": "load", "model": CURRENCY, "fields": [".id", "rounding", "symbol"]}
        rows = [[str(currency.id), "0", "BAD"], [str(currency.id), "0.05", "g"]]
        self.assertEqual(self.run_all([{**load, "row": row} for row in rows]), ["constraint", None])
        self.renew()
        self.assertEqual((currency.symbol, currency.rounding), ("g", 0.05))


@tagged("post_install", "-at_install")
class TestMergedDeletions(MergingCase):
    """What an earlier operation has deleted is missing for a later one."""

    def test_what_the_database_deletes_along(self):
        """A parent, and the child that goes with it: the second operation finds nothing."""
        (parent,) = self.make(TREE, {"name": "parent"})
        child, other = self.make(TREE, {"name": "child", "parent_id": parent.id}, {"name": "other"})
        operations = [unlink(other), unlink(parent), unlink(child)]
        self.assertEqual(self.run_all(operations), [None, None, "missing"])

    def test_what_an_override_deletes_along(self):
        """The same where code of the model deletes the second record; in the other order both
        are done, as they are where nothing is deleted along."""
        leader, other = self.make(TREE, {"name": "leader"}, {"name": "other"})
        (follower,) = self.make(TREE, {"name": "follower", "follower_of": leader.id})
        operations = [unlink(other), unlink(leader), unlink(follower)]
        self.assertEqual(self.run_all(operations), [None, None, "missing"])
        leader, other = self.make(TREE, {"name": "leader"}, {"name": "other"})
        (follower,) = self.make(TREE, {"name": "follower", "follower_of": leader.id})
        operations = [unlink(other), unlink(follower), unlink(leader)]
        self.assertEqual(self.run_all(operations), [None, None, None])

    def test_a_record_that_blocks(self):
        """What refers to a record keeps it; it is deleted itself all the same."""
        (blocker,) = self.make(TREE, {"name": "blocker"})
        (blocked,) = self.make(TREE, {"name": "blocked", "blocker_id": blocker.id})
        operations = [unlink(blocker), unlink(blocked)]
        self.assertEqual(self.run_all(operations), ["foreign_key", None])

    def test_a_record_that_blocks_one_and_goes_with_another(self):
        """A record that no operation names keeps the first record, and goes with the second."""
        blocked, parent = self.make(TREE, {"name": "kept"}, {"name": "taken along"})
        (third,) = self.make(
            TREE, {"name": "third", "blocker_id": blocked.id, "parent_id": parent.id}
        )
        operations = [unlink(blocked), unlink(parent)]
        self.assertEqual(self.run_all(operations), ["foreign_key", None])
        self.assertEqual((blocked + parent + third).exists(), blocked)

    def test_what_goes_along_over_several_steps(self):
        """A grandchild goes with its grandparent, though no operation names the child between."""
        (old,) = self.make(TREE, {"name": "grandparent"})
        (between,) = self.make(TREE, {"name": "between", "parent_id": old.id})
        (young,) = self.make(TREE, {"name": "grandchild", "parent_id": between.id})
        self.assertEqual(self.run_all([unlink(old), unlink(young)]), [None, "missing"])

    def test_a_parent_that_a_neighbour_deletes(self):
        """A command of one new record deletes what the next one names as its parent."""
        parent, taken = self.make(TREE, {"name": "parent"}, {"name": "taken"})
        operations = [
            create(TREE, name="first", child_ids=[[2, parent.id, 0]]),
            create(TREE, name="second", parent_id=parent.id),
            create(TREE, name="third", parent_id=taken.id),
        ]
        self.assertEqual(self.run_all(operations), [None, "foreign_key", None])

    def test_a_new_record_that_deletes_its_own_parent(self):
        """It goes along with the parent, and that is no error: not by create, nor by upsert."""
        key = {"op": "upsert", "model": TREE, "key": ["name"]}
        parents = self.make(TREE, {"name": "parent 1"}, {"name": "parent 2"})
        values = [
            {"name": "in vain", "parent_id": one.id, "child_ids": [[2, one.id, 0]]}
            for one in parents
        ]
        operations = [create(TREE, **values[0]), {**key, "values": values[1]}]
        self.assertEqual(self.run_all(operations), [None, None])
        self.renew()
        names = ["in vain", "parent 1", "parent 2"]
        self.assertFalse(self.env[TREE].search([("name", "in", names)]))


@tagged("post_install", "-at_install")
class TestOrderWithinAGroup(MergingCase):
    """Creates and updates, good and doubtful operations: each sees what came before it."""

    def test_a_new_contact_does_not_pass_its_company(self):
        """First the company's zip, then its contact: the contact has the zip."""
        (company,) = self.make(PARTNER, {"name": "P", "is_company": True, "ref": "order P"})
        operations = [
            upsert("order P", zip="9000"),
            upsert("order C", name="C", parent_id=company.id, city="Gent"),
        ]
        one_by_one = self.ends(company, operations, "order C", chunk_size=1)
        company.write({"zip": False, "city": False})
        self.env[PARTNER].search([("ref", "=", "order C")]).unlink()
        self.commit()
        self.assertEqual(self.ends(company, operations, "order C"), one_by_one)

    def test_a_new_user_does_not_pass_a_user_of_the_same_partner(self):
        """A partner is part of a user: it ends with the name of the later operation."""
        (partner,) = self.make(PARTNER, {"name": "P"})
        values = {"login": "order_u1", "partner_id": partner.id}
        self.env["res.users"].create(values)
        self.commit()
        key = {"op": "upsert", "model": "res.users", "key": ["login"]}
        operations = [
            {**key, "values": {"login": "order_u1", "name": "first"}},
            {**key, "values": {"login": "order_u2", "partner_id": partner.id, "name": "second"}},
        ]
        self.assertEqual(self.run_all(operations), [None, None])
        self.renew()
        self.assertEqual(partner.name, "second")

    def test_a_company_that_a_context_names(self):
        """A contact gets its company by default: it has the salesperson of the write before."""
        (company,) = self.make(PARTNER, {"name": "P", "is_company": True, "ref": "default P"})
        context = {"default_parent_id": company.id}
        operations = [
            {**upsert("default P", user_id=self.admin.id), "context": context},
            {**upsert("default C", name="C"), "context": context},
        ]
        self.assertEqual(self.run_all(operations), [None, None])
        self.renew()
        contact = self.env[PARTNER].search([("ref", "=", "default C")])
        self.assertEqual((contact.parent_id, contact.user_id), (company, self.admin))

    def ends(self, company, operations, ref, **options):
        self.assertEqual(self.run_all(operations, **options), [None, None])
        self.renew()
        contact = self.env[PARTNER].search([("ref", "=", ref)])
        return [(one.zip, one.city) for one in company | contact]

    def test_a_row_does_not_pass_a_new_contact(self):
        """First a new contact, which gives its bare company its city, then the company, which is
        told to have none: neither has one."""
        (company,) = self.make(PARTNER, {"name": "P", "is_company": True})
        self.env["ir.model.data"]._update_xmlids(
            [{"xml_id": "batch_job_merging.company", "record": company}]
        )
        self.commit()
        load = {"op": "load", "model": PARTNER, "fields": ["id", "name", "city", "parent_id/id"]}
        rows = [
            ["batch_job_merging.contact", "C", "Gent", "batch_job_merging.company"],
            ["batch_job_merging.company", "P", "", ""],
        ]
        self.assertEqual(self.run_all([{**load, "row": row} for row in rows]), [None, None])
        self.renew()
        contact = self.env.ref("batch_job_merging.contact")
        self.assertEqual((company | contact).mapped("city"), [False, False])

    def test_a_doubtful_operation_that_works_keeps_its_place(self):
        """A key that is no field, which the model takes for a name: the record of that name is
        looked for before the next operation renames it."""
        first, second, third = self.make(TREE, {"name": "1"}, {"name": "2"}, {"name": "3"})
        operations = [write(third, name="4"), write(first, parent_name="2"), write(second, name=5)]
        self.assertEqual(self.run_all(operations), [None, None, None])
        self.renew()
        self.assertEqual((first.parent_id, second.name), (second, "5"))

    def test_a_doubtful_operation_is_not_helped_by_the_next(self):
        """The record of that name gets it only afterwards."""
        first, second, third = self.make(TREE, {"name": "6"}, {"name": "7"}, {"name": "8"})
        operations = [
            write(third, name="9"),
            write(first, parent_name="x"),
            write(second, name="x"),
        ]
        self.assertEqual(self.run_all(operations), [None, "user_error", None])
        self.renew()
        self.assertFalse(first.parent_id)

    def test_a_doubtful_row_that_works_keeps_its_place(self):
        """Two rows have one new key; the first of them fails, so that the second one lands, and
        before the next row does."""
        load = {"op": "load", "model": "test.batch.row", "fields": ["name", "code"]}
        rows = [["a", "X"], ["b", "X"], ["", "Z"], ["", "Y"], ["c", "Y"], ["d", "W"]]
        job = self.submit_and_run([{**load, "row": row} for row in rows])
        outcomes = self.outcomes(job)
        kinds = [one["error"] and one["error"]["type"] for one in outcomes]
        self.assertEqual(kinds, [None, "unique", "required", "required", None, None])
        self.assertLess(outcomes[4]["ids"], outcomes[5]["ids"])


@tagged("post_install", "-at_install")
class TestNothingMerged(MergingCase):
    """`chunk_size=1` is the exact way where an override treats several records otherwise."""

    cleans = (*MergingCase.cleans, "test.batch.item")

    def sizes(self, operations, **options):
        """How many records each call of create, write and unlink was for."""
        sizes, model = [], type(self.env["test.batch.item"])

        def counted(name):
            original = getattr(model, name)

            def call(records, *args):
                sizes.append((name, len(args[0] if name == "create" else records)))
                return original(records, *args)

            return patch.object(model, name, call)

        with counted("create"), counted("write"), counted("unlink"):
            self.assertEqual(self.run_all(operations, **options), [None] * len(operations))
        return sizes

    def operations(self, name):
        known = self.env["test.batch.item"].create([{"name": f"{name} {at}"} for at in range(4)])
        self.commit()
        model = known._name
        key = {"op": "upsert", "model": model, "key": ["name"]}
        load = {"op": "load", "model": model, "fields": ["name"]}
        return [
            *(create(model, name=f"{name} created {at}") for at in range(2)),
            *(write(one, value=1) for one in known),
            *({**key, "values": {"name": f"{name} upserted {at}"}} for at in range(2)),
            *({**load, "row": [f"{name} loaded {at}"]} for at in range(2)),
            *(unlink(one) for one in known),
        ]

    def test_one_record_a_call(self):
        """Under every policy, and in a dry run, a chunk of one is a call of one."""
        single = (
            [("create", 1)] * 2 + [("write", 1)] * 4 + [("create", 1)] * 4 + [("unlink", 1)] * 4
        )
        for policy in ("isolate", "chunk", "stop", "all"):
            for dry_run in (True, False):
                name = f"{policy} {dry_run}"
                with self.subTest(name):
                    options = {"policy": policy, "chunk_size": 1, "dry_run": dry_run}
                    self.assertEqual(self.sizes(self.operations(name), **options), single)

    def test_the_same_merged(self):
        """Without a chunk size there are fewer calls: the test above can fail."""
        merged = [("create", 2), ("write", 4), ("create", 2), ("create", 2), ("unlink", 4)]
        operations = self.operations("merged")
        with patch.object(chunk_size, "FIRST_STEP", len(operations)):
            self.assertEqual(self.sizes(operations), merged)
