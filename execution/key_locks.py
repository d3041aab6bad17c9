"""Locks on the keys that operations look up before they create: what keeps jobs that run at once
from making the same record twice."""

import hashlib

from odoo.tools import SQL

from ..engine.canonical import canonical_json
from ..engine.operations import Operation
from ..engine.references import external_ids_made, references_in
from .upsert import key_values

MOST_KEYS = 2_000  # with more, whole models are locked: PostgreSQL's lock table is not endless
PATIENCE = "10s"  # then the chunk is put off, and its runner does other work


class KeyLocks:
    """Session locks on (model, key values). Taken in one order everywhere, so nobody waits in a
    circle; held until after the commit, so the next holder's snapshot sees what was made."""

    def __init__(self, cr):
        self.cr = cr
        self.taken = False

    def take(self, env, operations: list[Operation]):
        """
        :raises psycopg2.errors.LockNotAvailable: somebody holds one for too long
        """
        names = self._names(env, operations)
        if not names:
            return
        self.taken = True
        models = sorted({_number([model]) for model, _key in names})
        keys = sorted({_number([model, key]) for model, key in names})
        self.cr.execute(SQL("SET LOCAL lock_timeout = %s", PATIENCE))
        if len(keys) > MOST_KEYS:
            self._lock("pg_advisory_lock", models)
        else:
            self._lock("pg_advisory_lock_shared", models)
            self._lock("pg_advisory_lock", keys)

    def release(self):
        if self.taken:
            # the chunk's own lock goes too, by now handed over or given up
            self.cr.execute("SELECT pg_advisory_unlock_all()")
            self.taken = False

    def known(self, env, operations: list[Operation]) -> set[str]:
        """Which of the keys have a record, as this transaction sees it."""
        found = set()
        for model, key, matches in self._matches(env, operations):
            if matches:
                found.add(canonical_json([model, key]))
        return found

    def _lock(self, function, numbers):
        query = "SELECT %s(number) FROM unnest(%s::bigint[]) number"
        self.cr.execute(SQL(query, SQL(function), numbers), log_exceptions=False)

    def _names(self, env, operations):
        names = set()
        for operation in operations:
            names.update(("ir.model.data", one) for one in external_ids_made(_as_dict(operation)))
            if _has_known_key(operation):
                values = self._key(env, operation)
                names.add((operation.model, canonical_json([operation.payload["key"], values])))
        return names

    @staticmethod
    def _key(env, operation):
        try:
            return [str(value) for value in key_values(env[operation.model], operation)]
        except (ValueError, TypeError):
            return ["?"]  # a bad value; the operation will fail and say so

    def _matches(self, env, operations):
        for operation in operations:
            if _has_known_key(operation):
                domain = [
                    (name, "=", operation.payload["values"][name])
                    for name in operation.payload["key"]
                ]
                model = env[operation.model].sudo().with_context(active_test=False)
                yield operation.model, domain, model.search_count(domain, limit=1)
            for external_id in external_ids_made(_as_dict(operation)):
                data = env["ir.model.data"].sudo()
                rows = data._lookup_xmlids([external_id], env[operation.model])
                yield "ir.model.data", external_id, any(row[6] for row in rows)


def _has_known_key(operation):
    """A key that refers to a record still to be made is nobody else's."""
    if operation.op != "upsert" or not operation.payload.get("key"):
        return False
    values = operation.payload["values"]
    return not any(references_in([values[name] for name in operation.payload["key"]]))


def _as_dict(operation):
    return {"op": operation.op, **operation.payload}


def _number(name) -> int:
    """A 64-bit lock number of a name."""
    digest = hashlib.sha256(canonical_json(name).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
