"""Records found by their external id."""

from odoo.tools import SQL

from ..engine.external_ids import qualified
from ..engine.operations import Operation
from ..engine.outcomes import Failure
from .find_keys import Match, hidden
from .guards import note_external_ids


class ExternalIds:
    """Looks up by external id, with the rights of the system; the records as the user sees them."""

    def __init__(self, model):
        self.model = model
        self.data = model.env["ir.model.data"].sudo()
        self.dangling: dict[str, int] = {}
        self._foreign: dict[str, Failure | None] = {}

    def key_of(self, operation: Operation) -> str:
        return qualified(operation.payload["xml_id"])

    def find(self, wanted: set[str]) -> dict[str, Match]:
        """The records of some external ids; one without a record is not in the answer."""
        rows = {f"{row[1]}.{row[2]}": row for row in self.data._lookup_xmlids(wanted, self.model)}
        ids = [row[4] for row in rows.values() if row[6] and row[3] == self.model._name]
        visible = set(self.model.browse(ids)._filtered_access("read")._ids)
        found = {key: self._match(key, row, visible) for key, row in rows.items()}
        self.dangling = {key: rows[key][0] for key, match in found.items() if match is None}
        return {key: match for key, match in found.items() if match}

    def afresh(self, cr) -> "ExternalIds":
        """The same on another cursor, which sees what was committed since."""
        return ExternalIds(self.model.with_env(self.model.env(cr=cr)))

    def values_to_write(self, operation: Operation) -> dict:
        return operation.payload["values"]

    def refuse_new(self, key: str) -> Failure | None:
        prefix = key.partition(".")[0]
        if prefix not in self._foreign:
            self._foreign[prefix] = foreign_module(self.model, key)
        return self._foreign[prefix] and foreign_module(self.model, key)

    def created(self, ids: dict[str, int]):
        """Give new records their external ids, which may have been those of deleted ones."""
        gone = [self.dangling[key] for key in ids if key in self.dangling]
        self.data.browse(gone).unlink()
        note_external_ids(self.model.env)
        self.data._update_xmlids(
            [
                {"xml_id": key, "record": self.model.browse(one), "noupdate": False}
                for key, one in ids.items()
            ]
        )

    def _match(self, key, row, visible):
        _id, _module, _name, model_name, res_id, _noupdate, exists = row
        if model_name != self.model._name:
            text = self.model.env._(
                "The external id %(xml_id)s belongs to a record of %(other)s.",
                xml_id=key,
                other=model_name,
            )
            return Match(failure=Failure("bad_value", text, self.model._name))
        if not exists:
            return None
        return Match(res_id) if res_id in visible else Match(failure=hidden(self.model, [res_id]))


def foreign_module(model, external_id: str) -> Failure | None:
    """A new external id may not carry an installed module's name: Odoo would delete the record at
    that module's next upgrade."""
    module = external_id.partition(".")[0]
    query = SQL("SELECT 1 FROM ir_module_module WHERE name = %s AND state = 'installed'", module)
    if not model.env.execute_query(query):
        return None
    text = model.env._(
        "The external id %(xml_id)s is new and has the name of the installed module %(module)s: "
        "its record would be deleted when that is upgraded. Use another prefix, or none.",
        xml_id=external_id,
        module=module,
    )
    return Failure("bad_value", text, model._name)
