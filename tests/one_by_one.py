"""What a job shall end as: its operations one after another, each under a savepoint of its own and
with an empty cache, as a request has, by plain calls of the ORM and nothing of the engine but its
names of errors."""

from typing import Any, NamedTuple

from ..engine.references import references_of, resolve
from ..execution.failures import describe


class End(NamedTuple):
    """What became of an operation, as far as it can be compared."""

    state: str
    error: str | None
    ids: list | None


class Refused(Exception):
    """An operation fails by a rule of batch jobs, of this type."""


class OneByOne:
    """Executes operations in the plainest way that is right."""

    def __init__(self, env):
        self.env = env
        # as in a request of this user: Odoo takes the user for some commands from here
        env.transaction.default_env = env
        self.named: dict[str, list[int]] = {}  # ids by ref, of what was done

    def run(self, operations) -> dict[int, End]:
        ends = {}
        for operation in operations:
            ends[operation.position] = end = self._end_of(operation)
            if operation.ref and end.state == "done":
                self.named[operation.ref] = end.ids
        return ends

    def _end_of(self, operation) -> End:
        if any(name not in self.named for name in references_of(operation.payload)):
            return End("skipped", "reference", None)
        payload = resolve(operation.payload, self.named.__getitem__)
        model = self.env[operation.model].with_context(**payload.get("context") or {})
        self.env.invalidate_all()
        try:
            with self.env.cr.savepoint():
                return End("done", None, getattr(self, f"_{operation.op}")(model, payload))
        except Refused as error:
            return End("failed", str(error), None)
        except Exception as error:
            return End("failed", describe(error, model).type, None)
        finally:
            self.env.registry.clear_cache()

    def _create(self, model, payload):
        return model.create(payload["values"]).ids

    def _write(self, model, payload):
        self._existing(model, payload).write(payload["values"])
        return payload["ids"]

    def _unlink(self, model, payload):
        self._existing(model, payload).unlink()
        return payload["ids"]

    def _call(self, model, payload):
        records = self._existing(model, payload)
        getattr(records, payload["method"])(*payload.get("args") or ())
        return payload["ids"]

    def _existing(self, model, payload):
        records = model.browse(payload["ids"])
        if len(records.exists()) < len(records):
            raise Refused("missing")
        return records

    def _upsert(self, model, payload):
        values = payload["values"]
        if "xml_id" in payload:
            return self._upsert_by_external_id(model, payload["xml_id"], values)
        key = payload["key"]
        found = model.with_context(active_test=False).search(
            [(name, "=", values[name]) for name in key]
        )
        if len(found) > 1:
            raise Refused("ambiguous_key")
        if not found:
            return model.create(values).ids
        rest = {name: value for name, value in values.items() if name not in key}
        if rest:
            model.browse(found.id).write(rest)
        return found.ids

    def _upsert_by_external_id(self, model, external_id, values):
        found = model.env.ref(external_id, raise_if_not_found=False)
        if not found:
            record = model.create(values)
            entry = {"xml_id": external_id, "record": record}
            model.env["ir.model.data"].sudo()._update_xmlids([entry])
            return record.ids
        if values:
            model.browse(found.id).write(values)
        return found.ids

    def _load(self, model, payload):
        rows = [payload["row"], *payload.get("more_rows", ())]
        result = model.load(payload["fields"], rows)
        if not result["ids"]:
            raise Refused("load")
        return result["ids"]


# the last one is drawn by lot
_UNCOMPARED = ("create_date", "write_date", "create_uid", "write_uid", "color")


class Picture:
    """All stored columns and relations of some models, with records by their names: those of before
    by id, new ones by the operation that made them, others by what they hold."""

    def __init__(self, env, models, names: dict[tuple[str, int], Any], uncompared=()):
        env.flush_all()
        self.uncompared = (*_UNCOMPARED, *uncompared)
        self.models = models
        self.labels = names
        self.rows = {}
        for model in (env[name] for name in models):
            self._take(model)
        self.named = self._name_others()

    def _take(self, model):
        env, columns = model.env, []
        for name, field in model._fields.items():
            if field.store and field.column_type and name not in (*self.uncompared, "id"):
                columns.append((name, field))
        selected = ", ".join(f'"{name}"' for name, _field in columns)
        env.cr.execute(f'SELECT id, {selected} FROM "{model._table}" ORDER BY id')
        for record_id, *values in env.cr.fetchall():
            self.rows[model._name, record_id] = {
                name: _shown(field, value)
                for (name, field), value in zip(columns, values, strict=True)
            }
        for name, field in model._fields.items():
            if field.store and field.type == "many2many" and field.comodel_name in self.models:
                self._take_links(model, name, field)

    def _take_links(self, model, name, field):
        model.env.cr.execute(
            f'SELECT "{field.column1}", "{field.column2}" FROM "{field.relation}" ORDER BY 1, 2'
        )
        for one, other in model.env.cr.fetchall():
            links = self.rows[model._name, one].setdefault(name, [])
            links.append(Pointer(field.comodel_name, other))

    def _name_others(self):
        """Names for the rows that no operation has made itself, found in a few rounds, since they
        may hold one another."""
        labels = dict(self.labels)
        for key in self.rows:
            labels.setdefault(key, f"new {key[0]}")
        others = [key for key in self.rows if key not in self.labels]
        for _round in range(3 if others else 0):
            found = {key: f"new {key[0]} {self._row(key, labels)}" for key in others}
            labels |= found
        return labels

    def _row(self, key, labels):
        return tuple(sorted((n, repr(_named(v, labels))) for n, v in self.rows[key].items()))

    def content(self) -> list[tuple[str, tuple]]:
        """The rows in one order, to be compared with those of another execution."""
        return sorted((str(self.named[key]), self._row(key, self.named)) for key in self.rows)


class Pointer(NamedTuple):
    model: str
    id: int


def _shown(field, value):
    if field.type == "many2one" and value and not field.company_dependent:
        return Pointer(field.comodel_name, value)
    if field.name == "parent_path" and value:
        return tuple(Pointer(field.model_name, int(one)) for one in value.split("/")[:-1])
    return value


def _named(value, labels):
    if isinstance(value, Pointer):
        return labels.get(value, value)
    if isinstance(value, list):
        return sorted(str(_named(one, labels)) for one in value)
    return tuple(_named(one, labels) for one in value) if isinstance(value, tuple) else value


def assert_same_rows(case, expected, found, way, told):
    """The rows that are left are those of an execution one by one.

    :param way: how the others were executed, in words
    """
    if expected != found:
        only = [row for row in expected if row not in found]
        instead = [row for row in found if row not in expected]
        case.fail(f"one by one {only}\n\n{way} {instead}\n\n{told}")
