from odoo import fields, models
from odoo.exceptions import UserError


class TestBatchDeed(models.Model):
    _name = "test.batch.deed"
    _description = "Deed"
    _order = "id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    state = fields.Selection([("draft", "Draft"), ("done", "Done")], default="draft", required=True)
    due = fields.Date()
    day = fields.Date()
    kind = fields.Selection([("a", "Kind A"), ("b", "Kind B")])
    country_id = fields.Many2one("res.country")
    region_id = fields.Many2one("res.country.state", domain="[('country_id', '=', country_id)]")
    tag_ids = fields.Many2many("res.partner.category", "test_batch_deed_tags", "one", "tag")
    trace = fields.Text(default="", help="What was done to it, and how")
    hidden = fields.Boolean(help="A record rule hides it")
    locked = fields.Boolean(help="A record rule lets nobody change it")
    kept = fields.Boolean(help="It cannot be archived")
    inner = fields.Char(groups="base.group_system")
    fixed = fields.Char(readonly=True)
    size = fields.Integer(compute="_compute_size")
    # what views make of fields that the model lets everybody write
    price = fields.Float(help="Read-only in the form by a condition")
    rank = fields.Integer(help="Read-only in the list by a condition")
    grade = fields.Char(help="In two places of the form, one for each state")
    agreed = fields.Char(help="Read-only in the form")
    inside = fields.Char(help="In the form for some groups")
    parcel = fields.Char(help="In the form for some groups, and in the list for everybody")

    def _compute_size(self):
        for deed in self:
            deed.size = len(deed.name)

    def _note(self, text):
        for deed in self:
            deed.trace = f"{deed.trace or ''}{text};"

    def action_archive(self):
        self._note(f"archived with {len(self) > 1}")
        super(TestBatchDeed, self.filtered(lambda deed: not deed.kept)).action_archive()
        if len(self) == 1:  # as Odoo's employees do
            return self.action_ask()
        return None

    def action_finish(self):
        if "refuse" in self.mapped("name"):
            raise UserError(self.env._("Nobody finishes this one."))
        self._note(f"finished {len(self)} in {self.env.context.get('finished_in')}")
        self.state = "done"
        return {"type": "ir.actions.act_window_close"}

    def action_ask(self):
        self._note("asked")
        return {
            "type": "ir.actions.act_window",
            "name": "More to say",
            "res_model": self._name,
            "views": [(False, "form")],
        }

    def action_count(self):
        self._note(f"counted {len(self)}")

    def action_purge(self):
        self._note("purged")

    def action_say(self, text):
        self._note(text)
