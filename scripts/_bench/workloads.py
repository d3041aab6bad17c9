"""The same work twice: as a job, and as the fastest plain loop over the ORM."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from odoo.tools import mute_logger

MODEL = "res.partner"
_serial = count()


class Create:
    """Partners, against `create(vals_list)` of a chunk and a commit."""

    name = "create"

    def __init__(self, size: int, chunk_size: int):
        self.size, self.chunk_size = size, chunk_size

    def prepare(self, env) -> list[dict]:
        return [_values() for _number in range(self.size)]

    def operations(self, data) -> list[dict]:
        return [{"op": "create", "model": MODEL, "values": values} for values in data]

    def loop(self, env, data) -> None:
        for chunk in chunks(data, self.chunk_size):
            env[MODEL].create(chunk)
            env.cr.commit()

    def clean(self, env) -> None:
        delete_partners(env)


class CreateWithErrors(Create):
    """The same with 1 % of the partners breaking a CHECK; against a call for each chunk, and one
    for each record of a chunk that fails."""

    name = "create_bad"

    def prepare(self, env) -> list[dict]:
        data = super().prepare(env)
        for number in range(self.chunk_size // 10, len(data), 100):
            data[number]["name"] = False
        return data

    def loop(self, env, data) -> None:
        self.failed = 0
        with mute_logger("odoo.sql_db"):
            for chunk in chunks(data, self.chunk_size):
                if not self._create(env, chunk):
                    self.failed += sum(not self._create(env, [values]) for values in chunk)
                env.cr.commit()

    def _create(self, env, values: list[dict]) -> bool:
        try:
            with env.cr.savepoint():
                env[MODEL].create(values)
        except Exception:  # the savepoint is there for whatever is wrong with a record
            return False
        return True


class Write(Create):
    """Different values for each partner, against one prefetching recordset iterated."""

    name = "write"

    def prepare(self, env) -> list[tuple[int, dict]]:
        ids = make_partners(env, self.size)
        return [
            (one, {"function": f"F {number}", "city": f"C {number}"})
            for number, one in enumerate(ids)
        ]

    def operations(self, data) -> list[dict]:
        return [
            {"op": "write", "model": MODEL, "ids": [one], "values": values} for one, values in data
        ]

    def loop(self, env, data) -> None:
        for chunk in chunks(data, self.chunk_size):
            records = env[MODEL].browse([one for one, _values in chunk])
            for record, (_one, values) in zip(records, chunk, strict=True):
                record.write(values)
            env.cr.commit()


class Unlink(Create):
    """Partners removed, against one unlink and a commit a chunk."""

    name = "unlink"

    def prepare(self, env) -> list[int]:
        return make_partners(env, self.size)

    def operations(self, data) -> list[dict]:
        return [{"op": "unlink", "model": MODEL, "ids": [one]} for one in data]

    def loop(self, env, data) -> None:
        for chunk in chunks(data, self.chunk_size):
            env[MODEL].browse(chunk).unlink()
            env.cr.commit()


class Subdivisions:
    """The demo's job, a part of which exists; against a loop with a savepoint per record."""

    name = "subdivisions"
    MODEL = "res.country.state"

    def __init__(self, chunk_size: int):
        self.chunk_size = chunk_size

    def prepare(self, env) -> list[dict]:
        import pycountry

        self.before = env[self.MODEL].search([]).ids
        countries = {one.code: one.id for one in env["res.country"].search([])}
        return [
            {
                "name": row.name,
                "code": row.code.removeprefix(f"{row.country_code}-"),
                "country_id": countries.get(row.country_code, False),
            }
            for row in pycountry.subdivisions
        ]

    def operations(self, data) -> list[dict]:
        return [{"op": "create", "model": self.MODEL, "values": values} for values in data]

    def loop(self, env, data) -> None:
        self.failed = 0
        with mute_logger("odoo.sql_db"):
            for chunk in chunks(data, self.chunk_size):
                for values in chunk:
                    self.failed += not self._create_one(env, values)
                env.cr.commit()

    def _create_one(self, env, values) -> bool:
        try:
            with env.cr.savepoint():
                env[self.MODEL].create(values)
        except Exception:  # the savepoint is there for whatever is wrong with a record
            return False
        return True

    def clean(self, env) -> None:
        env[self.MODEL].search([("id", "not in", self.before)]).unlink()
        env.cr.commit()


def _values() -> dict:
    number = next(_serial)
    return {
        "name": f"Bench {number}",
        "email": f"bench{number}@example.com",
        "phone": f"+32 2 {number:07}",
        "street": f"Street {number}",
        "city": f"City {number % 100}",
    }


def make_partners(env, size: int) -> list[int]:
    ids = []
    for chunk in chunks([_values() for _number in range(size)], 1000):
        ids += env[MODEL].create(chunk).ids
        env.cr.commit()
    return ids


def delete_partners(env) -> None:
    for chunk in chunks(env[MODEL].search([("email", "=like", "bench%@example.com")]).ids, 1000):
        env[MODEL].browse(chunk).unlink()
        env.cr.commit()


def chunks(items: list, size: int) -> Iterator[list]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
