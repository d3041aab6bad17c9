from odoo.tests import tagged

from .key_cases import DOTTED, KEY, KeyCase, by_id, upsert


@tagged("post_install", "-at_install")
class TestUpsertExternalIds(KeyCase):
    """Upsert by external id: the record that has it, or a new one that gets it."""

    def data(self, name, module="__import__"):
        return self.env["ir.model.data"].search([("module", "=", module), ("name", "=", name)])

    def name_record(self, record, name, module=DOTTED):
        self.env["ir.model.data"].create(
            {"module": module, "name": name, "model": record._name, "res_id": record.id}
        )
        self.commit()

    def test_created_then_updated(self):
        """A new external id gets a record; later, here or in another job, that is updated."""
        operations = [by_id(f"x{n % 2}", name=str(n)) for n in range(4)]
        values = ["created", "created", "updated", "updated"]
        self.assertEqual(self.values_of(operations), values)
        self.assertEqual(self.values_of(operations, chunk_size=1), ["updated"] * 4)
        self.assertEqual(self.records([]).mapped("name"), ["2", "3"])
        data = self.data("x0")
        self.assertEqual((data.model, data.res_id, data.noupdate), (KEY, self.records([])[0].id, 0))

    def test_without_a_dot(self):
        """An external id without a dot is one of __import__."""
        operations = [by_id("u1"), by_id("__import__.u1"), by_id(f"{DOTTED}.u1")]
        self.assertEqual(self.values_of(operations), ["created", "updated", "created"])

    def test_archived_and_hidden(self):
        """An archived record is updated; one that a rule hides is named, and not doubled."""
        archived, hidden = self.make({"active": False}, {"secret": True})
        self.name_record(archived, "archived")
        self.name_record(hidden, "hidden")
        self.assertEqual(self.run_one(by_id(f"{DOTTED}.archived", name="x"))["value"], "updated")
        self.assert_failed(by_id(f"{DOTTED}.hidden"), "access", f"id {hidden.id},")
        self.assertEqual(len(self.records([])), 2)

    def test_of_another_model(self):
        """An external id of another model's record fails and says whose it is, also where a record
        of this model has the same id."""
        partner = self.env["res.partner"].create({"name": "p"})
        self.name_record(partner, "other")
        self.assert_failed(by_id(f"{DOTTED}.other"), "bad_value", "res.partner")
        record = self.make({"name": "same id"})
        self.cr.execute("UPDATE ir_model_data SET res_id = %s WHERE name = 'other'", [record.id])
        self.assert_failed(by_id(f"{DOTTED}.other", name="x"), "bad_value", "res.partner")
        self.assertEqual(self.records([]).mapped("name"), ["same id"])

    def test_dangling_external_id_gets_a_record(self):
        """An external id whose record is gone gets a new one, in every process."""
        (outcome,) = [self.run_one(by_id("gone", name="1"))]
        self.assertEqual(self.env.ref("__import__.gone").ids, outcome["ids"])
        self.cr.execute("DELETE FROM test_batch_key")
        self.assertEqual(self.values_of([by_id("gone", name="2")] * 2), ["created", "updated"])
        self.commit()
        self.assertEqual(self.env.ref("__import__.gone").name, "2")
        self.assertEqual(len(self.data("gone")), 1)

    def test_with_the_name_of_a_module(self):
        """Under an installed module's name a new one is refused; one that exists is updated."""
        self.assert_failed(by_id("base.new"), "bad_value", "base.new", "module base")
        self.assertFalse(self.records([]))
        record = self.make({"name": "old"})
        self.name_record(record, "test_batch_known", "base")
        outcome = self.run_one(by_id("base.test_batch_known", name="new"))
        self.assertEqual((outcome["value"], record.name), ("updated", "new"))

    def test_dangling_of_a_module(self):
        """What is refused is left as it was, to the last row."""
        record = self.make({"name": "old"})
        self.name_record(record, "test_batch_gone", "base")
        self.cr.execute("DELETE FROM test_batch_key")
        self.assert_failed(by_id("base.test_batch_gone"), "bad_value", "module base")
        self.assertEqual(self.data("test_batch_gone", "base").res_id, record.id)

    def test_a_failed_one_is_not_remembered(self):
        """Odoo caches an external id as soon as it is made; that of a failed operation is gone."""
        operations = [
            by_id("kept", unique_code="taken"),
            by_id("lost", unique_code="taken"),
            by_id("later", name="x"),
        ]
        job = self.submit_and_run(operations)
        self.assertEqual(self.states(job), ["done", "failed", "done"])
        for name, known in (("kept", True), ("lost", False), ("later", True)):
            found = self.env.ref(f"__import__.{name}", raise_if_not_found=False)
            self.assertEqual(bool(found), known)
        lookup = self.env["ir.model.data"]._xmlid_lookup
        with self.assertRaises(ValueError):
            lookup("__import__.lost")

    def test_an_undone_one_is_not_remembered(self):
        """Nor that of a transaction that was rolled back as a whole."""
        operations = [by_id("undone"), by_id("bad", no_such_field=1)]
        self.submit_and_run(operations, policy="all")
        with self.assertRaises(ValueError):
            self.env["ir.model.data"]._xmlid_lookup("__import__.undone")

    def test_later_chunk_updates_the_earlier_record(self):
        """With chunks at once the later operation of an external id still updates the earlier."""
        operations = [by_id(f"p{n % 2}", name=f"name {n}") for n in range(6)]
        job = self.submit_and_run(operations, max_parallel=2, chunk_size=1)
        self.assertEqual(self.locked(job)["wave_ends"], [1, 3, 5])
        self.assertEqual(self.records([]).mapped("name"), ["name 4", "name 5"])

    def test_keys_and_external_ids_are_apart(self):
        """What was made by key is another record than what is made by external id."""
        operations = [upsert("code", code="a"), by_id("a", code="a"), upsert("code", code="b")]
        self.assertEqual(self.values_of(operations), ["created"] * 3)
        self.assert_failed(upsert("code", code="a"), "ambiguous_key")

    def test_wrong_external_ids_are_refused(self):
        """An external id that is none is refused with its index."""
        for xml_id in ("", ".", "a.", ".a", "a.b.c", " a", 7):
            self.assert_refused([by_id("good"), by_id(xml_id)], "Operation 1", "xml_id")
