from datetime import date, datetime
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .key_cases import KEY, KeyCase, upsert


@tagged("post_install", "-at_install")
class TestUpsertKeys(KeyCase):
    """What a key may be, and when two are the same."""

    def test_fields_of_every_kind(self):
        """Each kind of field can be a key; what was made is found again."""
        parent = self.make({"name": "parent"})
        for values in (
            {"code": "x"},
            {"text": "x\ny"},
            {"number": 7},
            {"day": "2030-01-02"},
            {"moment": "2030-01-02 03:04:05"},
            {"kind": "b"},
            {"parent_id": parent.id},
            {"title": "x"},
            {"local": "x"},
            {"parent_id": parent.id, "day": "2030-01-03", "kind": "a", "code": "y", "local": "y"},
        ):
            with self.subTest(values=values):
                operation = upsert(*values, **values)
                self.assertEqual(self.values_of([operation]), ["created"])
                self.assertEqual(self.values_of([operation, operation]), ["updated"] * 2)

    def test_what_is_equal(self):
        """A text is compared as it is, letters and spaces; a number may come as a text."""
        keys = ["a", "A", "a ", " a", "á"]
        operations = [upsert("code", code=key) for key in keys]
        self.assertEqual(self.values_of(operations), ["created"] * 5)
        self.assertEqual(self.values_of(operations), ["updated"] * 5)
        mixed = [upsert("number", number=5), upsert("number", number="5"), upsert("code", code=5)]
        self.assertEqual(self.values_of(mixed), ["created", "updated", "created"])
        self.assertEqual(self.values_of([upsert("code", code="5")]), ["updated"])

    def test_a_number_as_text_in_parallel_chunks(self):
        """Two spellings of one key are one key to parallel chunks: the later one updates."""
        operations = [
            upsert("number", number=7, text="first"),
            upsert("number", number="7", text="second"),
        ]
        job = self.submit(operations, max_parallel=2, chunk_size=1)
        self.assertEqual(len(job.sudo().wave_ends), 2)
        self.run_jobs()
        self.assertEqual(self.records([("number", "=", 7)]).text, "second")

    def test_a_field_that_the_user_may_not_read(self):
        """Such a field is no key: a match would tell what it holds."""
        self.make({"code": "secret"})
        field = self.env[KEY]._fields["code"]
        guess = upsert("code", code="secret", name="guessed")
        user = self.new_user(self._testMethodName)
        job = self.submit([guess, upsert("number", number=1)], user=user)
        with patch.object(field, "groups", "base.group_system"):
            self.run_jobs()
            outcomes = self.outcomes(job)
            self.assertEqual([one["state"] for one in outcomes], ["failed", "done"])
            self.assertEqual((outcomes[0]["error"]["type"], outcomes[0]["ids"]), ("access", None))
            for method in ("submit", "execute"):
                with self.assertRaises(AccessError):
                    getattr(self.env["batch.job"].with_user(user), method)([guess])
        self.assertEqual(self.records([("code", "=", "secret")]).name, False)

    def test_a_pair_is_a_pair(self):
        """With two fields only records that have both values of one key are its records."""
        first, second = self.make({"name": "first"}, {"name": "second"})
        crossed = self.make({"parent_id": first.id, "code": "b"})
        pairs = [(first, "a"), (second, "b")]
        operations = [upsert("parent_id", "code", parent_id=p.id, code=c) for p, c in pairs]
        self.assertEqual(self.values_of(operations), ["created"] * 2)
        turned = [one | {"key": ["code", "parent_id"]} for one in operations]
        self.assertEqual(self.values_of(turned), ["updated"] * 2)
        self.assertEqual(self.records([("name", "=", False)])[0], crossed)
        self.assertEqual(len(self.records([("name", "=", False)])), 3)

    def test_bad_key_values_fail_alone(self):
        """A value that the field cannot hold fails alone, and never matches an empty one."""
        empty = self.make({"name": "empty", "day": "2030-01-02"})
        bad = [
            upsert("parent_id", parent_id="empty", text="x"),
            upsert("parent_id", parent_id=1.5, text="x"),
            upsert("number", number="seven", text="x"),
            upsert("number", number=7.5, text="x"),
            upsert("day", day="tomorrow", text="x"),
            upsert("day", day="2030-01-02 10:00:00", text="x"),
            upsert("parent_id", parent_id=str(empty.id), text="x"),
            upsert("parent_id", parent_id=float(empty.id), text="x"),
            upsert("moment", moment="2030-13-01 00:00:00", text="x"),
            upsert("kind", kind="c", text="x"),
            upsert("code", code=True, text="x"),
        ]
        operations = [one for each in bad for one in (each, upsert("code", code="good", name="g"))]
        job = self.submit_and_run(operations)
        self.assertEqual(self.states(job), ["failed", "done"] * len(bad))
        for outcome, operation in zip(self.outcomes(job)[::2], bad, strict=True):
            error, (field,) = outcome["error"], operation["key"]
            self.assertEqual((error["type"], error["field"]), ("bad_value", field))
            self.assertIn(repr(operation["values"][field]), error["message"])
        self.assertEqual((len(self.records([])), empty.text), (2, False))

    def test_a_key_that_the_model_changes(self):
        """A model that stores another value would get the record anew each time: refused, with
        the form to send."""
        error = self.assert_failed(upsert("upper", upper="abc"), "bad_value", "'abc'", "'ABC'")
        self.assertEqual(error["field"], "upper")
        self.assertFalse(self.records([]))
        operations = [upsert("upper", upper=value) for value in ("ABC", "abc", "ABD")]
        job = self.submit_and_run(operations)
        self.assertEqual(self.states(job), ["done", "failed", "done"])
        self.assertEqual(self.records([]).mapped("upper"), ["ABC", "ABD"])

    def test_translated_key_follows_the_language(self):
        """A translated field is looked up in the operation's language."""
        self.env["res.lang"]._activate_lang("fr_FR")
        record = self.make({"title": "green"})
        record.with_context(lang="fr_FR").title = "vert"
        self.commit()
        french = {"context": {"lang": "fr_FR"}}
        self.assertEqual(self.run_one(upsert("title", title="green"))["ids"], record.ids)
        self.assertEqual(self.run_one(upsert("title", title="vert") | french)["ids"], record.ids)
        self.assertEqual(self.values_of([upsert("title", title="vert")]), ["created"])

    def test_company_dependent_key(self):
        """A value of one company is not looked up for another."""
        other = self.env["res.company"].create({"name": "Other"})
        self.admin.company_ids += other
        self.commit()
        elsewhere = {"context": {"allowed_company_ids": other.ids}}
        operation = upsert("local", local="x")
        self.assertEqual(self.values_of([operation, operation]), ["created", "updated"])
        self.assertEqual(self.values_of([operation | elsewhere]), ["created"])
        self.assertEqual(self.values_of([operation | elsewhere, operation]), ["updated"] * 2)
        self.admin.company_ids -= other
        self.commit()

    def test_unusable_keys_are_refused(self):
        """A key that is empty or cannot be looked up is refused with its index."""
        good = upsert("code", code="a")
        for value in (None, False, "", "  ", 0, [], {}):
            self.assert_refused([good, upsert("code", code=value)], "Operation 1", "no value")
        for value in ([1], {"a": 1}):
            self.assert_refused([good, upsert("code", code=value)], "Operation 1", "plain value")
        self.assert_refused([good, upsert("code", name="x")], "Operation 1", "'code' has no value")
        self.assert_refused([good, upsert("nope", nope=1)], "Operation 1", "is no field")
        for name, value in (("ratio", 0.5), ("display", "x"), ("friend_ids", 1), ("active", True)):
            operation = upsert(name, **{name: value})
            self.assert_refused([good, operation], "Operation 1", "cannot be looked up")
        for key in ([], "code", ["code", "code"], [["code"]]):
            self.assert_refused([good, good | {"key": key}], "Operation 1")
        self.assert_refused([good | {"xml_id": "a.b"}], "Operation 0", "either key")
        self.assert_refused([{"op": "upsert", "model": KEY, "values": {}}], "Operation 0", "either")

    def test_dates_come_back(self):
        """What the key was is what the record has."""
        operation = upsert("day", "moment", day="2030-01-02", moment="2030-01-02 03:04:05")
        (record,) = self.env[KEY].browse(self.run_one(operation)["ids"])
        expected = (date(2030, 1, 2), datetime(2030, 1, 2, 3, 4, 5))
        self.assertEqual((record.day, record.moment), expected)
