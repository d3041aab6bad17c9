from odoo.tests import tagged

from .odd_values import POLICIES, WISE, ValueCase
from .value_cases import BAD


@tagged("post_install", "-at_install")
class TestOverrides(ValueCase):
    """What a model makes of a value is the model's business."""

    def test_model_may_understand_odd_values(self):
        """A model that turns such a value into one that fits is believed, whatever the policy."""
        given = {"country_id": "BE", "number": 2.5, "day": "2026-01-31 10:00", "tag_ids": "Red"}
        for verb in ("create", "write", "upsert", "upsert new"):
            for policy in POLICIES:
                with self.subTest(verb=verb, policy=policy):
                    self.env[WISE].search([]).unlink()
                    records = self.new_records(WISE, 3, country_id=self.france.id)
                    values = [given | {"flag": "yes"}, {"number": 1}, given | {"flag": "no"}]
                    operations = list(self.operations(verb, records, values))
                    outcomes = self.outcomes(self.submit_and_run(operations, policy=policy))
                    self.assertEqual([o["error"] for o in outcomes], [None] * 3)
                    self.assert_understood(outcomes[0]["ids"], True)
                    self.assert_understood(outcomes[2]["ids"], False)

    def assert_understood(self, ids, flag):
        record = self.env[WISE].browse(ids)
        found = (record.country_id, record.number, str(record.day), record.tag_ids.mapped("name"))
        self.assertEqual(found, (self.belgium, 2, "2026-01-31", ["Red"]))
        self.assertEqual(record.flag, flag)

    def test_several_records_of_one_operation_understood(self):
        """What is understood in one record says nothing about the field of another."""
        values = [{"name": "a", "country_id": "BE"}, {"name": "b"}]
        for given in (values, values[::-1]):
            operation = {"op": "create", "model": WISE, "values": given}
            outcome = self.outcomes(self.submit_and_run([operation]))[0]
            self.assertEqual((outcome["state"], outcome["error"]), ("done", None))
            records = self.env[WISE].browse(outcome["ids"]).sorted("name")
            self.assertEqual(list(records.mapped("country_id")), [self.belgium])

    def test_model_may_understand_digits(self):
        """Digits that the model turns into an id, where Odoo would have stored the same one."""
        for verb in ("create", "upsert new", "write"):
            records = self.new_records(WISE, 1)
            operations = self.operations(verb, records, [{"country_id": str(self.belgium.id)}])
            outcome = self.outcomes(self.submit_and_run(list(operations)))[0]
            self.assertEqual(outcome["state"], "done")
            self.assertEqual(self.env[WISE].browse(outcome["ids"]).country_id, self.belgium)
            self.env[WISE].search([]).unlink()

    def test_model_of_a_line_is_believed(self):
        """The model of a line is believed as well."""
        line = {"name": "line", "country_id": "BE", "flag": "no"}
        values = {"name": "above", "child_ids": [[0, 0, line]]}
        job = self.submit_and_run([{"op": "create", "model": WISE, "values": values}])
        made = self.env[WISE].browse(self.outcomes(job)[0]["ids"]).child_ids
        self.assertEqual((made.country_id, made.flag), (self.belgium, False))

    def test_put_right_afterwards(self):
        """A model may let Odoo empty the field and fill it then."""
        records = self.new_records(WISE, 1)
        for value, held in (("BE", self.belgium), ("ZZ", self.belgium)):
            operations = list(self.operations("write", records, [{"late_country_id": value}]))
            outcome = self.outcomes(self.submit_and_run(operations))[0]
            self.assertEqual(outcome["state"], "done" if value == "BE" else "failed")
            self.env.invalidate_all()
            self.assertEqual(records.late_country_id, held)

    def test_value_not_understood_is_refused(self):
        """A text of which a model makes nothing leaves the field empty: refused, rolled back."""
        for verb in ("create", "write", "upsert", "upsert new"):
            for name, value in (("country_id", "ZZ"), ("lost_country_id", "BE")):
                with self.subTest(verb=verb, field=name):
                    self.env[WISE].search([]).unlink()
                    records = self.new_records(WISE, 1, number=1)
                    operations = self.operations(verb, records, [{name: value, "number": 2}])
                    error = self.outcomes(self.submit_and_run(list(operations)))[0]["error"]
                    self.assertEqual((error["type"], error["field"]), (BAD, name))
                    self.assertEqual(self.env[WISE].search([]).mapped("number"), [1])

    def test_unknown_field_beside(self):
        """A key that is no field does not hide a value that does not fit."""
        records = self.new_records(WISE, 1, late_country_id=self.france.id)
        operations = [
            *self.operations("write", records, [{"nope": 1, "flag": "yes"}]),
            *self.operations("write", records, [{"flag": True, "late_country_id": "ZZ"}]),
        ]
        errors = [outcome["error"] for outcome in self.outcomes(self.submit_and_run(operations))]
        found = [(error["type"], error["field"]) for error in errors]
        self.assertEqual(found, [("unknown_field", "nope"), (BAD, "late_country_id")])
        self.env.invalidate_all()
        self.assertEqual((records.late_country_id, records.flag), (self.france, False))
