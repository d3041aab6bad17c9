from odoo.tests import tagged
from odoo.tools import mute_logger

from .odd_values import PARTNER, POLICIES, ValueCase
from .value_cases import BAD, RAISES, TYPE, cases, old_values

SEND_ID = "Send the id of a record, a whole number above 0; null or false empties it."


class _Undo(Exception):
    pass


@tagged("post_install", "-at_install")
class TestOddValues(ValueCase):
    """The table of odd values."""

    def test_ends_of_odoo(self):
        """What Odoo makes of each value is what the table says: another Odoo shows itself here."""
        for case in cases(self.ids):
            with self.subTest(field=case.field, value=case.value):
                self.assertEqual(
                    (self.by_odoo("create", case), self.by_odoo("write", case)),
                    (case.created, case.written),
                )

    def by_odoo(self, verb, case):
        records, values = self.env[TYPE].with_user(self.admin), {case.field: case.value}
        held = RAISES
        with mute_logger("odoo.sql_db", "odoo.tools.mail.html_sanitize"):
            try:
                with self.cr.savepoint():
                    if verb == "create":
                        record = records.create(values)
                    else:
                        record = records.create(old_values(self.ids))
                        record.flush_recordset()
                        record.write(values)
                    self.env.flush_all()
                    held = self.held(record, case.field)
                    raise _Undo
            except _Undo:
                return held
            except Exception:
                return RAISES

    def held(self, record, name):
        record.invalidate_recordset()
        value = record[name]
        if name == "line_ids":
            return [(o.number, o.flag, o.country_id.id, o.tag_ids.mapped("name")) for o in value]
        if name == "tag_ids":
            return value.mapped("name")
        if name in ("country_id", "local_country_id", "thing"):
            return value.id if value else False
        return value

    def test_created_record_holds_its_values(self):
        """A created record holds what its values say, or is not there."""
        self.assert_ends("create")

    def test_written_record_holds_its_values(self):
        """A written record holds what the values say, or what it held."""
        self.assert_ends("write")

    def test_upsert_that_creates(self):
        """A record made by upsert holds what its values say, or is not there."""
        self.assert_ends("upsert new")

    def test_upsert_that_updates(self):
        """A record found by upsert holds what the values say, or what it held."""
        self.assert_ends("upsert")

    def assert_ends(self, verb):
        table = cases(self.ids)
        existing = self.new_records(TYPE, len(table), **old_values(self.ids))
        before = {case.field: self.held(existing[0], case.field) for case in table}
        values = [{case.field: case.value} for case in table]
        job = self.submit_and_run(list(self.operations(verb, existing, values)))
        outcomes, is_new = self.outcomes(job), verb in ("create", "upsert new")
        for case, outcome, old in zip(table, outcomes, existing, strict=True):
            with self.subTest(field=case.field, value=case.value):
                if case.ours == BAD:
                    self.assert_refused(case, outcome)
                    self.assertEqual(self.held(old, case.field), before[case.field])
                    continue
                self.assertEqual((outcome["state"], outcome["error"]), ("done", None))
                ours = case.ours[not is_new] if isinstance(case.ours, tuple) else case.ours
                record = self.env[TYPE].browse(outcome["ids"])
                self.assertEqual(self.held(record, case.field), ours)
        made = self.env[TYPE].search_count([("id", ">", max(existing.ids))])
        self.assertEqual(made, sum(case.ours != BAD for case in table) if is_new else 0)

    def assert_refused(self, case, outcome):
        error = outcome["error"] or {}
        self.assertEqual((outcome["state"], error.get("type")), ("failed", BAD))
        self.assertEqual(error["field"], case.field)
        self.assertRegex(error["message"], rf"^{case.field}.* is not a valid \w+\. Send ")

    def test_not_a_number(self):
        """The text `nan` is no number, though Odoo stores it as one; no comparison finds it."""
        self.assertEqual(self.by_odoo_text("ratio", "nan"), "nan")
        job = self.submit_and_run([{"op": "create", "model": TYPE, "values": {"ratio": "nan"}}])
        self.assertEqual(self.outcomes(job)[0]["error"]["type"], BAD)

    def by_odoo_text(self, name, value):
        record = self.env[TYPE].create({name: value})
        record.flush_recordset()
        return str(self.held(record, name))

    def test_lines_that_are_changed(self):
        """The values that a command gives to a line that is there are looked at too, at any
        depth."""
        record = self.new_records(TYPE, 1, line_ids=[(0, 0, {"number": 5, "flag": True})])
        line = record.line_ids.id
        bad = [
            [[1, line, {"country_id": "BE"}]],
            [[1, line, {"flag": "false"}]],
            [[1, str(line), {"number": 6}]],
            [[1, line, {"tag_ids": [[1, self.ids.red, {"color": "3.5"}]]}]],
            [[1, line, {"number": 6}], [1, line, {"number": True}]],
        ]
        values = [{"line_ids": one} for one in [*bad, [[1, line, {"number": 8}]]]]
        operations = list(self.operations("write", record.browse(record.ids * 6), values))
        job = self.submit_and_run(operations)
        outcomes = self.outcomes(job)
        self.assertEqual([o["state"] for o in outcomes], ["failed"] * 5 + ["done"])
        for error in (outcome["error"] for outcome in outcomes[:5]):
            self.assertEqual((error["type"], error["field"]), (BAD, "line_ids"))
        message = f"line_ids: country_id (Country): 'BE' is not a valid many2one. {SEND_ID}"
        self.assertEqual(outcomes[0]["error"]["message"], message)
        self.assertEqual(self.held(record, "line_ids"), [(8, True, False, [])])

    def test_nothing_at_the_end_of_a_reference(self):
        """An id that no record has is refused also where no foreign key would."""
        records = self.new_records(TYPE, 2, **old_values(self.ids))
        gone = 2_000_000_000
        for policy in ("isolate", "all"):
            for name, value in (("local_country_id", gone), ("thing", f"res.country,{gone}")):
                for verb in ("create", "write", "upsert", "upsert new"):
                    with self.subTest(field=name, verb=verb, policy=policy):
                        good, bad = {"name": "good"}, {name: value}
                        operations = list(self.operations(verb, records, [good, bad]))
                        job = self.submit_and_run(operations, policy=policy)
                        error = self.outcomes(job)[1]["error"]
                        self.assertEqual((error["type"], error["field"]), ("foreign_key", name))
                        self.assertEqual(self.held(records[1], name), self.ids.old_country)

    def test_what_fails_beside_an_absent_record(self):
        """An absent record does not hide what Odoo has refused: the unknown field of a line."""
        records = self.new_records(TYPE, 1)
        values = {"country_id": 2_000_000_000, "line_ids": [[0, 0, {"nofield": 1}]]}
        job = self.submit_and_run(list(self.operations("write", records, [values])))
        error = self.outcomes(job)[0]["error"]
        self.assertEqual((error["type"], error["field"]), ("unknown_field", "nofield"))

    def test_nothing_at_the_end_of_a_line(self):
        """So it is in a line, which is named by its field; an unknown field by its own model."""
        cases = {
            "local_country_id": ("foreign_key", "line_ids", "line_ids: local_country_id: there"),
            "nofield": ("unknown_field", "nofield", "test.batch.type.line has no field 'nofield'"),
        }
        for name, (kind, field, words) in cases.items():
            for policy in ("isolate", "all"):
                with self.subTest(field=name, policy=policy):
                    lines = [[0, 0, {name: 2_000_000_000}]]
                    operation = {"op": "create", "model": TYPE, "values": {"line_ids": lines}}
                    operation["values"]["code"] = f"{name} {policy}"
                    job = self.submit_and_run([operation], policy=policy)
                    error = self.outcomes(job)[0]["error"]
                    self.assertEqual((error["type"], error["field"]), (kind, field))
                    self.assertEqual(error["message"][: len(words)], words)


@tagged("post_install", "-at_install")
class TestManyToOne(ValueCase):
    """A text in a many2one empties no field."""

    def odd(self):
        one = self.belgium.id
        return ["BE", "Belgium", "base.be", str(one), [one], float(one), one + 0.5, True, -1, 0, {}]

    def test_text_in_many2one_is_refused(self):
        """Whatever is no id is refused by name, whatever the verb; nobody's country is emptied."""
        for verb in ("create", "write", "upsert", "upsert new"):
            partners = self.new_partners(len(self.odd()))
            values = [{"country_id": value} for value in self.odd()]
            if verb == "create":
                values = [one | {"name": "made"} for one in values]
            outcomes = self.outcomes(
                self.submit_and_run(list(self.operations(verb, partners, values)))
            )
            for value, outcome in zip(self.odd(), outcomes, strict=True):
                with self.subTest(verb=verb, value=value):
                    message = f"country_id (Country): {value!r} is not a valid many2one. {SEND_ID}"
                    error = {"type": BAD, "message": message, "field": "country_id"}
                    self.assertEqual((outcome["state"], outcome["error"]), ("failed", error))
            self.assertEqual(partners.country_id, self.france)
            made = self.env[PARTNER].search_count([("id", ">", max(partners.ids))])
            self.assertEqual(made, 0)

    def new_partners(self, count):
        self.env[PARTNER].search([("name", "like", "case %")]).unlink()
        return self.new_records(PARTNER, count, country_id=self.france.id)

    def test_bad_many2one_lands_under_no_policy(self):
        """Under no policy does one land, also where many are merged into one call; a dry run says
        so beforehand, and `execute` at once."""
        for verb in ("create", "write", "upsert", "upsert new"):
            for policy in POLICIES:
                for dry_run in (False, True):
                    with self.subTest(verb=verb, policy=policy, dry_run=dry_run):
                        partners, operations = self.with_one_bad(verb)
                        job = self.submit_and_run(operations, policy=policy, dry_run=dry_run)
                        lands = policy == "isolate" and not dry_run
                        self.assert_one_bad(verb, partners, self.outcomes(job), lands)
            for policy in ("isolate", "all"):
                with self.subTest(verb=verb, policy=policy, execute=True):
                    partners, operations = self.with_one_bad(verb)
                    jobs = self.env["batch.job"].with_user(self.admin)
                    results = jobs.execute(operations, policy=policy)["results"]
                    self.commit()
                    self.assert_one_bad(verb, partners, results, policy == "isolate")

    def with_one_bad(self, verb):
        """Nine operations that are merged; the fifth has a number as a text."""
        partners = self.new_partners(9)
        values = [{"city": "Gent", "country_id": self.belgium.id} for _number in range(9)]
        values[5] = values[5] | {"country_id": str(self.belgium.id)}
        if verb == "create":
            values = [one | {"name": f"case {number}"} for number, one in enumerate(values)]
        return partners, list(self.operations(verb, partners, values))

    def assert_one_bad(self, verb, partners, outcomes, lands):
        self.assertEqual(outcomes[5]["state"], "failed")
        self.assertEqual(outcomes[5]["error"]["field"], "country_id")
        self.assertEqual(outcomes[5]["error"]["type"], BAD)
        failed = [outcome["index"] for outcome in outcomes if outcome["state"] == "failed"]
        self.assertEqual(failed, [5])
        self.env.invalidate_all()
        self.assertEqual((partners[5].country_id, partners[5].city), (self.france, False))
        landed = self.env[PARTNER].search_count([("name", "like", "case %"), ("city", "=", "Gent")])
        self.assertEqual(landed, 8 if lands else 0)

    def test_equal_bad_values_are_refused(self):
        """Many operations with the same bad values are refused one and all."""
        partners = self.new_partners(30)
        for policy in ("isolate", "all"):
            values = [{"country_id": "BE"}] * 30
            job = self.submit_and_run(
                list(self.operations("write", partners, values)), policy=policy
            )
            refused = [o["index"] for o in self.outcomes(job) if o["state"] == "failed"]
            self.assertEqual(refused, list(range(30)) if policy == "isolate" else [0])
            self.env.invalidate_all()
            self.assertEqual(partners.mapped("country_id"), self.france)

    def test_several_records_of_one_operation(self):
        """Of an operation on several records all are looked at, and all stay as they were."""
        partners = self.new_partners(3)
        bad = {"op": "write", "model": PARTNER, "ids": partners.ids, "values": {"country_id": "BE"}}
        made = [{"name": "made", "country_id": one} for one in (self.belgium.id, "21")]
        both = {"op": "create", "model": PARTNER, "values": made}
        job = self.submit_and_run([bad, both])
        self.assertEqual([o["error"]["type"] for o in self.outcomes(job)], [BAD, BAD])
        self.assertEqual(partners.country_id, self.france)
        self.assertFalse(self.env[PARTNER].search([("name", "=", "made")]))

    def test_field_of_another_model(self):
        """The field of a user's partner is looked at as the user's own."""
        user = self.new_user("with a country", country_id=self.france.id)
        operations = list(self.operations("write", user, [{"country_id": "BE"}]))
        self.assertEqual(self.outcomes(self.submit_and_run(operations))[0]["error"]["type"], BAD)
        self.assertEqual(user.country_id, self.france)

    def test_reference_is_a_valid_many2one(self):
        """What a reference stands for is an id."""
        parent = {"op": "create", "model": PARTNER, "ref": "p", "values": {"name": "parent"}}
        child = {
            "op": "create",
            "model": PARTNER,
            "values": {"name": "child", "parent_id": {"$ref": "p"}},
        }
        for policy in ("isolate", "all"):
            job = self.submit_and_run([parent, child], policy=policy)
            made, below = (self.env[PARTNER].browse(o["ids"]) for o in self.outcomes(job))
            self.assertEqual(below.parent_id, made)
