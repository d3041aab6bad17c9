"""Find records by external id."""

from collections.abc import Iterable
from typing import NamedTuple

from ...engine.external_ids import qualified
from ...engine.operations import Operation
from ...engine.outcomes import Failure
from ..transaction.savepoint import note_external_ids
from ..transaction.unseen_commits import any_newer
from .find_keys import Match, hidden


class Known(NamedTuple):
    """An existing external id. `found` is the id of its record, or None if the record is gone."""

    data_id: int
    module: str
    name: str
    model: str
    res_id: int
    noupdate: bool
    found: int | None


def known(model, external_ids: Iterable[str]) -> dict[str, Known]:
    """The external ids that exist, looked up with the rights of the system."""
    rows = model.env["ir.model.data"].sudo()._lookup_xmlids(external_ids, model)
    return {f"{one.module}.{one.name}": one for one in map(Known._make, rows)}


class ExternalIds:
    """Finds records by external id. It reads external ids with the rights of the system, and
    records with the rights of the user."""

    def __init__(self, model):
        self.model = model
        self.dangling: dict[str, int] = {}

    def key_of(self, operation: Operation) -> str:
        return qualified(operation.payload["xml_id"])

    def find(self, wanted: set[str]) -> dict[str, Match]:
        """The matches of external ids. An external id without a record has no match."""
        rows = known(self.model, wanted)
        ids = [one.res_id for one in rows.values() if one.found and one.model == self.model._name]
        visible = set(self.model.browse(ids)._filtered_access("read")._ids)
        found = {key: self._match(key, one, visible) for key, one in rows.items()}
        self.dangling = {key: rows[key].data_id for key, match in found.items() if match is None}
        return {key: match for key, match in found.items() if match}

    def afresh(self, cr) -> "ExternalIds":
        """The same finder on another cursor, which sees later commits."""
        return ExternalIds(self.model.with_env(self.model.env(cr=cr)))

    def finds_newer(self, wanted: set[str], snapshot: str) -> bool:
        """Whether another transaction may have made one of these external ids since ours began.

        Our transaction cannot see that: call `finds_newer` on another cursor.

        :param snapshot: `snapshot_of` our transaction
        """
        ids = [one.data_id for one in known(self.model, wanted).values()]
        return any_newer(self.model.env.cr, "ir_model_data", ids, snapshot)

    def values_to_write(self, operation: Operation) -> dict:
        return operation.payload["values"]

    def refuse_new(self, key: str) -> Failure | None:
        return foreign_module(self.model, key)

    def created(self, ids: dict[str, int]):
        """Give new records their external ids. Deleted records may have had the same ids."""
        data = self.model.env["ir.model.data"].sudo()
        data.browse(self.dangling[key] for key in ids if key in self.dangling).unlink()
        note_external_ids(self.model.env)
        data._update_xmlids(
            [
                {"xml_id": key, "record": self.model.browse(one), "noupdate": False}
                for key, one in ids.items()
            ]
        )

    def _match(self, key, one: Known, visible):
        if one.model != self.model._name:
            text = self.model.env._(
                "The external id %(xml_id)s belongs to a record of %(other)s.",
                xml_id=key,
                other=one.model,
            )
            return Match(failure=Failure("bad_value", text, self.model._name, value=key))
        if not one.found:
            return None
        if one.res_id in visible:
            return Match(one.res_id)
        return Match(failure=hidden(self.model, [one.res_id], key))


def foreign_module(model, external_id: str) -> Failure | None:
    """Why an external id may not be new: it has the name of an installed module, whose next upgrade
    would delete the record. None if the external id may be new."""
    module = external_id.partition(".")[0]
    if module not in model.env["ir.module.module"]._installed():
        return None
    text = model.env._(
        "The external id %(xml_id)s is new and has the name of the installed module %(module)s: "
        "its record would be deleted when that is upgraded. Use another prefix, or none.",
        xml_id=external_id,
        module=module,
    )
    return Failure("bad_value", text, model._name, value=external_id)
