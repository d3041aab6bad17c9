"""The fields of a list or a form, and for which records the view makes them read-only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from lxml import etree

from odoo.models import BaseModel
from odoo.tools.safe_eval import safe_eval

from .view_expressions import ALWAYS, NEVER, arch_of, values_in_view, view_to_read

DEBUG = "base.group_no_one"  # a mode of the web client, and no right
OF_OTHER_MODELS = ("field", "groupby")  # what is in them is of the records that a field names


@dataclass(frozen=True)
class FieldPlace:
    """A place where a view shows a field: what hides it there, and what makes it read-only."""

    hidden: tuple[str, ...]
    readonly: str


@dataclass(frozen=True)
class ViewFields:
    """The places of each field, and the fields that the view shows to other groups only."""

    places: dict[str, tuple[FieldPlace, ...]]
    withheld: frozenset[str]

    def locks(self, name: str) -> bool:
        """Whether the view makes the field read-only for all records."""
        places = self.places.get(name)
        return bool(places) and all(one.readonly.strip() in ALWAYS for one in places)

    def asks(self, name: str) -> bool:
        """Whether the view makes the field read-only for some records, or for all."""
        return any(one.readonly.strip() not in NEVER for one in self.places.get(name, ()))


def may_be_changed(name: str, views: Iterable[ViewFields]) -> bool:
    """Whether the views let the user change a field, of some records at least.

    A field that no view shows to anybody may be changed, as by an import.
    """
    views = list(views)
    if any(view.locks(name) for view in views):
        return False
    return any(name in view.places for view in views) or not any(
        name in view.withheld for view in views
    )


def fields_in(model: BaseModel, view_id: int, view_type: str) -> ViewFields:
    """The fields of a list or a form, as the view shows them to the user.

    :param view_id: a view of the model; 0: the model's own
    """
    places: dict[str, tuple[FieldPlace, ...]] = {}
    for node, hidden in _field_nodes(arch_of(model, view_id, view_type), ()):
        place = FieldPlace(hidden, node.get("readonly") or "")
        places[node.get("name")] = (*places.get(node.get("name"), ()), place)
    whole, _view = model._get_view(view_to_read(model, view_id, view_type), view_type)
    nodes = _field_nodes(whole, (), skips=partial(_is_for_debugging, model.env.user))
    for_somebody = {node.get("name") for node, _hidden in nodes}
    return ViewFields(places, frozenset(for_somebody - places.keys()))


def _is_for_debugging(user, node) -> bool:
    """Whether a node of the whole view would be the user's in the technical mode."""
    groups = (node.get("groups") or "").split(",")
    others = [one for one in groups if one.strip() != DEBUG]
    return len(others) < len(groups) and (not others or user.has_groups(",".join(others)))


def _field_nodes(node, hidden, skips=lambda node: False):
    """Fields with what hides them or a node around them; what is never shown is left out."""
    for child in node.iterchildren(etree.Element):
        here = [child.get(name) or "" for name in ("invisible", "column_invisible")]
        here = tuple(one for one in here if one.strip() not in NEVER)
        if skips(child) or any(one.strip() in ALWAYS for one in here):
            continue
        around = (*hidden, *here)
        if child.tag == "field" and child.get("name"):
            yield child, around
        if child.tag not in OF_OTHER_MODELS:
            yield from _field_nodes(child, around, skips)


def readonly_fields(
    records: BaseModel, names: Iterable[str], views: Iterable[ViewFields]
) -> Iterator[tuple[int, list[str]]]:
    """The id of each record, and the fields among these that a view makes read-only for it.

    The web client decides that from the values of the record, as it does of a button. A field that
    a view shows in several places is read-only if it is so wherever it is shown.
    """
    places = [(name, view.places[name]) for name in names for view in views if view.asks(name)]
    expressions = {
        one for _name, several in places for at in several for one in (*at.hidden, at.readonly)
    }
    for values in values_in_view(records, expressions) if places else ():
        found = [name for name, several in places if _is_readonly(several, values)]
        yield values["id"], list(dict.fromkeys(found))


def _is_readonly(places, values) -> bool:
    shown = [at for at in places if not any(safe_eval(one, dict(values)) for one in at.hidden)]
    return all(safe_eval(at.readonly or "False", dict(values)) for at in shown or places)
