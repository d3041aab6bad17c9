"""Random jobs of all kinds of operations, on models with overrides, constraints and trees."""

import random

from ..engine.operations import Operation, joined

PARTNER, TAG, CURRENCY = "res.partner", "res.partner.category", "res.currency"
KEY, ROW, VALUE = "test.batch.key", "test.batch.row", "test.batch.value"
TREE, ORDER = "test.batch.tree", "test.batch.order"
GONE = 2**31 - 2
CITIES = ("Gent", "Brugge", "Mechelen", False)

# x2many fields: (comodel, kind)
LINKS = {
    PARTNER: {"category_id": (TAG, "many2many"), "child_ids": (PARTNER, "one2many")},
    TAG: {"partner_ids": (PARTNER, "many2many"), "child_ids": (TAG, "one2many")},
    CURRENCY: {"rate_ids": ("res.currency.rate", "one2many")},
    KEY: {"child_ids": (KEY, "one2many"), "friend_ids": (KEY, "many2many")},
    ROW: {"tag_ids": (TAG, "many2many"), "line_ids": ("test.batch.row.line", "one2many")},
    TREE: {"child_ids": (TREE, "one2many")},
    ORDER: {"line_ids": ("test.batch.order.line", "one2many")},
    VALUE: {},
}
CALLS = {PARTNER: ["action_archive"], VALUE: ["add"], KEY: ["rename"]}
UPSERT_KEYS = {PARTNER: ["ref"], KEY: ["code"], ROW: ["code"], TAG: ["name"], TREE: ["name"]}


class RandomJob:
    """One job, decided by its seed.

    :param pool: ids by model that operations may name
    """

    def __init__(self, seed: int, pool: dict[str, list[int]], countries: list[int]):
        self.chance = random.Random(seed)
        self.pool = pool
        self.countries = countries
        self.refs: dict[str, list[str]] = {}
        # a failure has its neighbours tried apart, and hides what merging them would have done
        self.faulty = self.chance.random() < 0.4
        self.count = 0

    def operations(self) -> list[Operation]:
        chance, made = self.chance, []
        size = chance.choice([4, 8, 12, 16])
        model = op = None
        while len(made) < size:
            if model is None or chance.random() < 0.15:
                model = chance.choice([*LINKS, PARTNER, PARTNER, PARTNER, TREE])
            if op is None or chance.random() < 0.25:
                op = chance.choice(["create", "write", "write", "unlink", "call", "upsert", "load"])
            if operation := self._operation(len(made), op, model):
                made.append(operation)
            else:
                op = None
        return joined((one, False) for one in made)

    def _operation(self, index, op, model):
        payload = getattr(self, f"_{op}")(model)
        if payload is None:
            return None
        if self.chance.random() < 0.04:
            payload["context"] = {"lang": "en_US"}
        ref = f"r{index}" if op in ("create", "upsert") and self.chance.random() < 0.3 else None
        operation = Operation(index, index, op, model, payload, ref)
        if ref and not isinstance(payload["values"], list):
            self.refs.setdefault(model, []).append(ref)
        return operation

    def _create(self, model):
        if self.chance.random() < 0.05:
            return {"values": [self._values(model, new=True) for _time in range(2)]}
        return {"values": self._values(model, new=True)}

    def _write(self, model):
        ids, values = self._ids(model), self._values(model, new=False)
        if "parent_id" in values and model in (TREE, TAG):
            ids = ids[:1]  # Odoo's paths of two records that move at once are a matter of luck
        return {"ids": ids, "values": values}

    def _unlink(self, model):
        return {"ids": self._ids(model)}

    def _call(self, model):
        if model not in CALLS:
            return None
        method = self.chance.choice(CALLS[model])
        args = {"rename": [self._name()], "add": [self._maybe([1], [600])]}.get(method, [])
        payload = {"ids": self._ids(model), "method": method, "args": args}
        return payload | ({"each": True} if self.chance.random() < 0.5 else {})

    def _upsert(self, model):
        if model not in UPSERT_KEYS:
            return None
        values = self._values(model, new=True)
        if self.chance.random() < 0.3:
            return {"xml_id": f"oracle.{model.replace('.', '_')}_{self._few()}", "values": values}
        key = UPSERT_KEYS[model]
        values[key[0]] = f"{self.chance.choice(['key', 'new'])} {self._few()}"
        return {"key": key, "values": values}

    def _load(self, model):
        chance = self.chance
        external = f"oracle.{model.replace('.', '_')}_{self._few()}"
        parent = f"oracle.{model.replace('.', '_')}_{self._few()}" if chance.random() < 0.5 else ""
        if model in (TREE, TAG):
            return {
                "fields": ["id", "name", "parent_id/id"],
                "row": [external, self._name(), parent],
            }
        if model == PARTNER:
            row = [external, self._name(), chance.choice(CITIES) or "", parent]
            return {"fields": ["id", "name", "city", "parent_id/id"], "row": row}
        if model == ROW:
            row = [external, self._name(), self._maybe(["1"], ["-1", "x", "5000"]), "line"]
            return {"fields": ["id", "name", "number", "line_ids/name"], "row": row}
        return None

    def _values(self, model, new, deep=0):
        """Values of a record; of a small set, so that neighbours often have equal ones."""
        maker = getattr(self, "_" + model.replace(".", "_"))
        values = maker(new)
        if not new:
            kept = self.chance.sample(sorted(values), min(len(values), self.chance.choice([1, 2])))
            values = {name: values[name] for name in kept}
        if deep < 2 and self.chance.random() < 0.35:
            for name, (comodel, kind) in LINKS.get(model, {}).items():
                if self.chance.random() < 0.6:
                    values[name] = self._commands(comodel, kind, new, deep + 1)
                    values.pop("follower_of", None)  # it might delete itself
        if self.faulty and self.chance.random() < 0.03:
            values["nothing"] = 1
        return values

    def _commands(self, comodel, kind, new, deep):
        made = [
            self._command(comodel, kind, new, deep) for _time in range(self.chance.choice([1, 2]))
        ]
        if kind == "one2many" and comodel in (TREE, TAG):
            # they move records: as in `_write`, one at a time
            made = [[6, 0, one[2][:1]] if one[0] == 6 else one for one in made]
            made = made[:1] if all(one[0] in (4, 6) for one in made) else made
        return made

    def _command(self, comodel, kind, new, deep):
        known = self.pool.get(comodel, ())
        # a nested one would be done twice for two records, the second time on what is gone
        choices = [0, 0, 0, 4, 4, 1, 5, 6, *((2, 3) if deep == 1 else ())] if known else [0]
        code = self.chance.choice(choices)
        if code == 0:
            return [0, 0, self._values(comodel, True, deep)]
        if code == 1:
            return [1, self._one(known), self._values(comodel, False, deep)]
        if code == 6:
            return [6, 0, self.chance.sample(known, min(2, len(known)))]
        return [code, 0 if code == 5 else self._one(known), 0]

    def _res_partner(self, _new):
        values = {
            "name": self._name(),
            "city": self.chance.choice(CITIES),
            "parent_id": self._parent(PARTNER),
            "is_company": self.chance.random() < 0.4,
        }
        if self.chance.random() < 0.3:
            values |= {"vat": self.chance.choice(["V1", "V2", False])}
        if self.chance.random() < 0.3:
            values |= {"type": self._maybe(["contact", "other", "invoice"], ["bad"])}
        if self.chance.random() < 0.3:
            values |= {"country_id": self._maybe(self.countries, [GONE])}
        if self.chance.random() < 0.3:
            values |= {"phone": self.chance.choice(["1", "2"])}
        return values

    def _res_partner_category(self, _new):
        return {"name": self._name(), "color": 1, "parent_id": self._parent(TAG)}

    def _res_currency(self, _new):
        return {
            "name": f"Q{self._serial() % 90 + 10}",
            "symbol": self.chance.choice("$€"),
            "rounding": self._maybe([0.01, 0.05, 0.05], [0]),
        }

    def _res_currency_rate(self, _new):
        day = self.chance.choice(["2020-01-01", "2020-01-02"])
        return {"name": day, "rate": self._maybe([1.5, 2], [-1])}

    def _test_batch_key(self, _new):
        values = {
            "name": self._name(),
            "number": self._few(),
            "upper": self.chance.choice(["a", "b"]),
            "parent_id": self._parent(KEY),
        }
        if self.chance.random() < 0.3:
            values |= {"kind": self._maybe(["a", "b"], ["bad"])}
        return values

    def _test_batch_row(self, _new):
        values = {
            "name": self._maybe([self._name()] * 3, [False]),
            "number": self._maybe([1, 2, 2], [-1, 5000]),
            "parent_id": self._parent(ROW),
        }
        if self.chance.random() < 0.3:
            values |= {"day": self._maybe(["2020-01-01"], ["bad"])}
        return values

    def _test_batch_row_line(self, _new):
        return {"name": self._name(), "amount": self._few()}

    def _test_batch_value(self, new):
        values = {"number": self._maybe([1, 2, 2], [-1, 5000])}
        # a name is unique: none is given away that another may have had
        return values | (
            {"name": f"v{self._serial() if not self.faulty else self._few()}"} if new else {}
        )

    def _test_batch_tree(self, _new):
        values = {"name": self._name(), "parent_id": self._parent(TREE)}
        if self.chance.random() < 0.2:
            # what blocks one record and goes with another is more than merging can know
            values |= {"blocker_id": self._one(self.pool[TREE]), "parent_id": False}
        if self.chance.random() < 0.2:
            values |= {"follower_of": self._one(self.pool[TREE])}
        return values

    def _test_batch_order(self, _new):
        return {"name": self._name(), "partner_id": self._one(self.pool[PARTNER])}

    def _test_batch_order_line(self, _new):
        return {"name": self._name()}

    def _parent(self, model):
        chance = self.chance.random()
        if chance < 0.4:
            return False
        if chance < 0.5 and self.refs.get(model):
            return {"$ref": self.chance.choice(self.refs[model])}
        return GONE if self.faulty and chance > 0.97 else self._one(self.pool[model])

    def _ids(self, model):
        if self.chance.random() < 0.1 and self.refs.get(model):
            return [{"$ref": self.chance.choice(self.refs[model])}]
        if self.faulty and self.chance.random() < 0.04:
            return [GONE]
        return self.chance.sample(self.pool[model], self.chance.choice([1, 1, 1, 2]))

    def _maybe(self, good, bad):
        return self.chance.choice([*good, *bad] if self.faulty else good)

    def _one(self, ids):
        return self.chance.choice(ids)

    def _name(self):
        return self.chance.choice(["red", "green", "blue"])

    def _few(self):
        return self.chance.randrange(5)

    def _serial(self):
        self.count += 1
        return self.count
