"""The keys of operations, worked out before the operations are applied."""

from odoo.models import fix_import_export_id_paths

from ...engine.canonical import canonical_json
from ...engine.coalesce import coalesce
from ...engine.external_ids import external_ids_made
from ...engine.operations import Operation
from ...engine.outcomes import Failure
from ...engine.references import references_in
from ..transaction.transient import is_transient
from .load import only_looking
from .load_keys import RowKeys
from .upsert import finder_of


def keys_ahead(env, operations: list[Operation]) -> tuple[set[tuple[str, str]], set[str]]:
    """(model, key) of all keys that are known before the first operation is applied, and the models
    of the keys that are not."""
    keys, whole = set(), _models_of_references(operations)
    for operation in operations:
        keys.update(("ir.model.data", name) for name in external_ids_made(_as_dict(operation)))
        if _has_key(operation) and not _refers(operation):
            values = _tried(env, lambda one=operation: _key_of_upsert(env, one))
            # a `Failure` is a bad key: skip the key, the operation fails later
            if values is not None and not isinstance(values, Failure):
                keys.add(_named(operation.model, operation.payload["key"], values))
    rows = [one for one in operations if one.op == "load" and one.payload.get("key")]
    for group in coalesce(rows, lambda _model, _field: None):
        model = env[group.model].with_context(**group.context)
        found = _tried(env, lambda model=model, rows=group.operations: keys_of_rows(model, rows))
        row_keys, values_of_rows = found or (None, [None])
        for values in values_of_rows:
            if values is None:
                whole.add(group.model)
            elif not isinstance(values, Failure):
                keys.add(_named(group.model, row_keys.names, values))
    return keys, whole


def finder_and_keys(model, operations: list[Operation]):
    """The finder for the records of upserts, or of rows, that have the same key fields, and the
    keys that are known."""
    if operations[0].op != "load":
        finder = finder_of(model, operations)
        return finder, {finder.key_of(one) for one in operations}
    row_keys, values = keys_of_rows(model, operations)
    return row_keys.finder, {one for one in values if isinstance(one, tuple)}


def keys_of_rows(model, operations: list[Operation]):
    """The keys of rows with the same columns.

    :returns: the `RowKeys`, and for each row its key; a `Failure` for a bad key; None if the key
        names a record that does not exist yet
    """
    row_keys = RowKeys.of(model, operations[0].payload)
    columns = operations[0].payload["fields"]
    places = [columns.index(row_keys.column_of(name)) for name in row_keys.names]
    paths = [fix_import_export_id_paths(columns[place]) for place in places]
    rows = [[one.payload["row"][place] for place in places] for one in operations]
    keys: list[tuple | Failure | None] = []
    for values, problem in only_looking(model, paths, rows):
        if problem is None:
            keys.append(row_keys.key_of(values))
        elif model._fields[problem["field"]].relational:
            keys.append(None)
        else:
            keys.append(Failure("bad_value", problem["message"]))
    return row_keys, keys


def _tried(env, work_out):
    """What `work_out` gives; None if it cannot, for example because of an unknown language. The
    operation will fail again when it is applied, with an outcome."""
    try:
        return work_out()
    except Exception as error:
        if is_transient(error) or env.cr.closed:
            raise
        env.cr.rollback()  # a failed query; nothing has been written
        return None


def _key_of_upsert(env, operation):
    return finder_of(env[operation.model], [operation]).key_of(operation)


def _named(model: str, names, values) -> tuple[str, str]:
    return model, canonical_json(sorted(zip(names, map(str, values), strict=True)))


def _models_of_references(operations) -> set[str]:
    """The models of keys that are not known yet, because the keys hold a `$ref`.

    A `$ref` to a `create` does not count: no other job knows the new record, so no other job has
    the same key.
    """
    created = {operation.ref for operation in operations if operation.op == "create"}
    return {
        operation.model
        for operation in operations
        if _has_key(operation) and not created.issuperset(_key_references(operation))
    }


def _has_key(operation):
    return operation.op == "upsert" and bool(operation.payload.get("key"))


def _refers(operation):
    return _has_key(operation) and any(_key_references(operation))


def _key_references(operation):
    values = operation.payload["values"]
    return references_in([values[name] for name in operation.payload["key"]])


def _as_dict(operation):
    return {"op": operation.op, **operation.payload}
