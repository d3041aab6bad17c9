from datetime import date, datetime

from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.tools import lazy


class Speechless(Exception):
    def __str__(self):
        raise ValueError("no words")


class TestBatchValue(models.Model):
    _name = "test.batch.value"
    _description = "A record that remembers the order of its writes, and returns what it is told"

    name = fields.Char(required=True)
    number = fields.Integer()
    kind = fields.Selection([("a", "A"), ("b", "B")])
    day = fields.Date()
    user_id = fields.Many2one("res.users")
    trail = fields.Char(help="The first letter of each name it had")

    _name_unique = models.Constraint("UNIQUE (name)", "A value of this name exists already.")
    _number_small = models.Constraint("CHECK (number < 1000)", "The number must be below 1,000.")

    @api.constrains("number")
    def _check_number(self):
        if any(value.number < 0 for value in self):
            raise ValidationError(self.env._("The number must not be negative."))

    @api.model_create_multi
    def create(self, vals_list):
        first_letters = [{"trail": (vals.get("name") or "")[:1]} | vals for vals in vals_list]
        return super().create(first_letters)

    def write(self, vals):
        result = super().write(vals)
        for value in self if "name" in vals else ():
            super(TestBatchValue, value).write({"trail": f"{value.trail or ''}{value.name[:1]}"})
        return result

    def add(self, number=1):
        for value in self:
            value.number += number
        return self

    def fail(self, kind):
        """Fail in the way that `kind` names."""
        if kind == "user":
            raise UserError(self.env._("Somebody must do something first."))
        if kind == "redirect":
            raise RedirectWarning(self.env._("Go there first."), 1, self.env._("Go"))
        if kind == "access":
            self.env["ir.config_parameter"].create({"key": "x", "value": "x"})
        if kind == "speechless":
            raise Speechless
        raise RuntimeError("out of order")

    @api.private
    def private_by_decorator(self):
        return True

    def return_self(self):
        return self

    @api.model
    def take_password(self, login, password, again=None):
        return f"{login} {len(password)} {again}"

    @api.model
    def return_many(self, count):
        return self.browse(range(1, count + 1))

    @api.model
    def return_nested(self):
        return {"values": self.search([], limit=1, order="id"), "on": [date(2030, 1, 2)]}

    @api.model
    def return_env(self):
        """As whom it runs, and what its context holds."""
        env = self.env
        return [env.uid, env.su, env.lang, str(env.tz), env.companies.ids, dict(env.context)]

    @api.model
    def return_moment(self):
        return datetime(2030, 1, 2, 3, 4, 5)

    @api.model
    def return_text(self, length):
        return "é" * length

    @api.model
    def return_list(self, length):
        return list(range(length))

    @api.model
    def return_strange(self, kind):
        """Return what is not JSON."""
        circle = []
        circle.append(circle)
        return {
            "set": {1},
            "nan": float("nan"),
            "nul": "a\0b",
            "half": "\ud800",
            "circle": circle,
            "tuple keys": {(1, 2): 3},
            "bytes": b"\xff",
            "generator": (number for number in ()),
            "lazy that fails": lazy(lambda: 1 // 0),
            "huge number": 10**5000,
        }[kind]


class TestBatchAbstract(models.AbstractModel):
    _name = "test.batch.abstract"
    _description = "A model without records"

    @api.model
    def double(self, number):
        return 2 * number
