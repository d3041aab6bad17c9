from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.tools.view_validation import get_domain_value_names

from ..engine.passwords import is_secret_name
from ..engine.selection import operations_in_parts
from ..execution.orm.screen_calls import bound_actions, label_of
from ..execution.orm.view_fields import may_be_changed
from .operation_words import model_in_words

# types of fields whose editor is of use for many records at once
EDITABLE = {
    "boolean",
    "char",
    "date",
    "datetime",
    "float",
    "html",
    "integer",
    "many2many",
    "many2one",
    "monetary",
    "selection",
    "text",
}


class BatchJobSelectionOffers(models.AbstractModel):
    """What a user may do with chosen records, as the list and the form offer it."""

    _name = "batch.job.selection.offers"
    _description = "Batch Job: what may be done with records chosen in a list"

    def _offers(self, records, view_id, list_id) -> dict:
        return {
            "name": model_in_words(self.env, records._name),
            "fields": self._editable_fields(records, view_id, list_id),
            "archive": self._may_archive(records),
            "delete": records.has_access("unlink"),
            "actions": [{"id": one.id, "name": one.name} for one in bound_actions(records)],
            "buttons": [
                {name: getattr(one, name) for name in ("method", "context", "label", "confirm")}
                for one in records._batch_job_buttons(view_id)
            ],
        }

    def _check_offered(self, records, what):
        """Refuse what the list and the form do not offer. The submission checks more rights."""
        kind = what["kind"]
        if kind == "update":
            for name in what["values"].keys() - self._editable_fields(records, *_views(what)):
                raise AccessError(
                    self.env._("%s cannot be updated in batches by you.", label_of(records, name))
                )
        elif kind in ("archive", "unarchive") and not self._may_archive(records):
            raise AccessError(
                self.env._("Records of %s cannot be archived by you.", records._description)
            )
        elif kind == "action":
            self._offered_action(records, what)
        elif kind == "button":
            self._offered_button(records, what)

    def _operations(self, records, what, ids):
        """The operations that do this to the records, part after part."""
        asks = what["kind"] == "update" and any(
            view.asks(name)
            for view in records._batch_job_views(*_views(what))
            for name in what["values"]
        )
        return operations_in_parts(what, records._name, ids, asks)

    def _editable_fields(self, records, view_id, list_id) -> dict:
        """The fields that the user may write, without those that the list or the form never lets
        the user write."""
        if not records.has_access("write"):
            return {}
        active, attributes = records._active_name, records._get_view_field_attributes()
        views = records._batch_job_views(view_id, list_id)
        return {
            name: {**described, "domain": _plain_domain(described.get("domain"))}
            for name, described in records.fields_get(attributes=attributes).items()
            if described["type"] in EDITABLE
            and not described["readonly"]
            and name != active
            and not is_secret_name(name)
            and may_be_changed(name, views)
        }

    def _may_archive(self, records) -> bool:
        name = records._active_name
        if not name or not records.has_access("write"):
            return False
        described = records.fields_get([name], ["readonly"])
        return name in described and not described[name]["readonly"]

    def _offered_action(self, records, what):
        action = bound_actions(records).filtered(lambda one: one.id == what["action_id"])
        if not action:
            raise UserError(self.env._("This action is not in the menu of the list any more."))
        return action

    def _offered_button(self, records, what):
        for button in records._batch_job_buttons(what["view_id"]):
            if (button.method, button.context) == (what["method"], what["context"]):
                return button
        raise UserError(self.env._("This button is not in the form any more."))


def _views(what) -> tuple[int, int]:
    """The form and the list in which fields are updated."""
    return what.get("view_id", 0), what.get("list_id", 0)


def _plain_domain(domain):
    """A domain that the editor of a field can use alone, without the other fields of a form."""
    if not isinstance(domain, str):
        return domain or []
    names, of_form = get_domain_value_names(domain)
    return [] if of_form else domain
