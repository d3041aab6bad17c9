from odoo import api, fields, models
from odoo.exceptions import UserError


class TestBatchTree(models.Model):
    _name = "test.batch.tree"
    _description = "A record that takes others along when it is deleted"
    _parent_store = True

    name = fields.Char(required=True)
    parent_id = fields.Many2one("test.batch.tree", ondelete="cascade")
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("test.batch.tree", "parent_id")
    blocker_id = fields.Many2one("test.batch.tree", ondelete="restrict")
    follower_of = fields.Integer(help="The id of a record; deleted with it, by code")

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._with_parent(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._with_parent(vals))

    def _with_parent(self, vals):
        """Take a key that is no field."""
        if "parent_name" not in vals:
            return vals
        parent = self.search([("name", "=", vals["parent_name"])])
        if not parent:
            raise UserError(self.env._("Nothing has this name."))
        rest = {name: value for name, value in vals.items() if name != "parent_name"}
        return rest | {"parent_id": parent.id}

    def unlink(self):
        followers = self.search([("follower_of", "in", self.ids)])
        if followers:
            followers.unlink()
        return super(TestBatchTree, self.exists()).unlink()
