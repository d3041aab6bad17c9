"""A test case whose operations give records odd values."""

from .common import CommittedCase
from .value_cases import TYPE, Ids

WISE = "test.batch.wise"
PARTNER = "res.partner"
POLICIES = ("isolate", "chunk", "stop", "all")


class ValueCase(CommittedCase):
    cleans = (TYPE, WISE, "res.partner.category")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        tags = cls.env["res.partner.category"].create([{"name": "Red"}, {"name": "Blue"}])
        cls.belgium, cls.france = cls.env.ref("base.be"), cls.env.ref("base.fr")
        cls.ids = Ids(cls.belgium.id, cls.france.id, *tags.ids)
        cls.commit()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_all)

    def remove_all(self):
        self.renew()
        self.env[PARTNER].search([("name", "=like", "case %")]).unlink()
        for model in (TYPE, WISE):
            self.env[model].search([]).unlink()
        self.commit()

    def new_records(self, model, count, **values):
        vals = [{**values, **self.naming(model, number)} for number in range(count)]
        records = self.env[model].create(vals)
        self.commit()
        return records

    @staticmethod
    def naming(model, number):
        return {"code" if model == TYPE else "name": f"case {number}"}

    def operations(self, verb, records, values):
        """The same values, one operation each: `create`, `write`, `upsert` of what is there or
        `upsert new`."""
        model = records._name
        for number, one in enumerate(values):
            if verb == "create":
                yield {"op": "create", "model": model, "values": one}
            elif verb == "write":
                yield {"op": "write", "model": model, "ids": [records[number].id], "values": one}
            else:
                name = self.naming(model, number if verb == "upsert" else f"new {number}")
                base = {"op": "upsert", "model": model, "key": list(name)}
                yield base | {"values": one | name}
