"""What the web client does to records, done by an operation: update fields, archive, press a
button, run a server action.

There is nobody to go on where the client would open something. So an operation fails then, and
nothing is kept of it.
"""

from odoo.exceptions import AccessError, UserError
from odoo.models import BaseModel
from odoo.service.model import get_public_method

from ...engine.errors import OperationFailed
from ...engine.misfits import is_misfit
from ...engine.outcomes import Failure
from ...engine.view_values import opens_something, what_opens
from ..checks.wrong_values import wrong_value
from ..failures import NeedsPerson, NotOffered
from .form_buttons import FormButton, context_of, is_shown
from .view_fields import ViewFields, may_be_changed, readonly_fields

# what the expression of a view can end in, on values that it was not written for
UNKNOWN = (ValueError, TypeError, AttributeError, LookupError)


def update(records: BaseModel, values: dict, views: tuple[ViewFields, ...]):
    """Write values to records, as the list does after a selection: not where a view makes one of
    the fields read-only.

    :param views: the list and the form, as the user gets them
    """
    for name in values:
        if not may_be_changed(name, views):
            raise AccessError(
                records.env._("%s cannot be updated in batches by you.", label_of(records, name))
            )
    _refuse_misfits(records, values)
    try:
        for _id, names in readonly_fields(records, values, views):
            _refuse_readonly(records, names)
    except UNKNOWN as error:
        raise NotOffered(
            records.env._(
                "It cannot be told whether a field of this record is read-only, so the record was "
                "left as it is. Change the record in its form. (%s)",
                error,
            )
        ) from error
    # Odoo computes wrong paths if a call moves a record of a tree and a record below that record
    moves_in_tree = records._parent_store and records._parent_name in values
    for part in records if moves_in_tree else (records,):
        part.write(values)


def _refuse_misfits(records: BaseModel, values: dict):
    """Refuse what Odoo would store as something else: of operations only a `write` is looked at
    before its try."""
    for name, value in values.items():
        field = records._fields.get(name)
        if field and is_misfit(field.type, value):
            text = wrong_value(records, field, value)
            raise OperationFailed(Failure("bad_value", text, records._name, name))


def _refuse_readonly(records: BaseModel, names: list[str]):
    if names:
        raise NotOffered(
            records.env._(
                "Read-only for the record as it is now: %s. The record was left.",
                ", ".join(label_of(records, name) for name in names),
            ),
            names[0],
        )


def label_of(records: BaseModel, name: str) -> str:
    """The label of a field, as the user reads it; what is no field keeps its name."""
    field = records._fields.get(name)
    return field._description_string(records.env) if field else name


def set_archived(records: BaseModel, archived: bool):
    """Archive records, or bring them back, as the list does.

    What the method returns is asked only if a record is not as it should be. Some models archive a
    single record and then open a form for more; they open none after several.
    """
    method = get_public_method(records, "action_archive" if archived else "action_unarchive")
    value = method(records)
    active = records._active_name
    if not records.sudo().exists().filtered(lambda one: bool(one[active]) is archived):
        return
    if archived:
        _refuse_person(records, value, records.env._("Archive"))
        raise UserError(records.env._("The record is still active: its model does not archive it."))
    _refuse_person(records, value, records.env._("Unarchive"))
    raise UserError(records.env._("The record is still archived: its model keeps it so."))


def press(records: BaseModel, buttons: tuple[FormButton, ...], method: str, context: str):
    """Press a button of the form for each record, one call for each as in the form.

    :param buttons: those that the user may press
    """
    button = next((o for o in buttons if (o.method, o.context) == (method, context)), None)
    if button is None:
        raise AccessError(
            records.env._(
                "The form of %s offers you no such button any more.", records._description
            )
        )
    for record in records:
        _refuse_hidden(button, record)
        in_form = record.with_context(**context_of(button, record))
        _refuse_person(record, get_public_method(record, method)(in_form), button.label)


def _refuse_hidden(button: FormButton, record: BaseModel):
    try:
        shown = is_shown(button, record)
    except UNKNOWN as error:
        raise NotOffered(
            record.env._(
                "It cannot be told whether the form offers “%(button)s” for this record, so the "
                "record was left as it is. Press the button in the form. (%(why)s)",
                button=button.label,
                why=error,
            )
        ) from error
    if not shown:
        raise NotOffered(
            record.env._(
                "The form does not offer “%s” for the record as it is now: the record was left.",
                button.label,
            )
        )


def run_action(records: BaseModel, action_id: int):
    """Run a server action of the Actions menu, in one call for all these records."""
    action = bound_actions(records).filtered(lambda one: one.id == action_id)
    if not action:
        raise AccessError(
            records.env._("The list of %s offers you no such action.", records._description)
        )
    ids = records.ids
    chosen = {"active_model": records._name, "active_id": ids[0], "active_ids": ids}
    value = action.sudo(False).with_context(**chosen).run()
    _refuse_person(records, value, action.name)


def bound_actions(model: BaseModel) -> BaseModel:
    """The server actions that the menu of the model's lists offers to the user (as superuser)."""
    found = model.env["ir.actions.actions"].get_bindings(model._name).get("action", ())
    ids = [
        one["id"] for one in found if "list" in (one.get("binding_view_types") or "list").split(",")
    ]
    actions = model.env["ir.actions.server"].sudo()
    of_model = actions.search([("id", "in", ids), ("model_id.model", "=", model._name)])
    return of_model.sorted(lambda one: ids.index(one.id))


def _refuse_person(records: BaseModel, value, label: str):
    if opens_something(value):
        raise NeedsPerson(
            records.env._(
                "“%(what)s” needs a person: it opens “%(opens)s”. Nothing was kept of it; do it "
                "by hand for this record.",
                what=label,
                opens=what_opens(value),
            )
        )
