"""Loads: rows as a job, and by Odoo's `load()` in one call, which takes all of them or none."""

from __future__ import annotations

from itertools import count

from workloads import MODEL, Create, _values, chunks, delete_partners

COLUMNS = ["id", "name", "email", "phone", "city", "country_id", "category_id/.id"]
COUNTRIES = ("Belgium", "France", "Spain", "Peru")
_prefix = count()


class Load(Create):
    """New partners with a country by name and a tag by its id."""

    name = "load"
    bad_every = 0

    def prepare(self, env) -> list[list[str]]:
        tag = env["res.partner.category"].search([], limit=1)
        tag = tag or env["res.partner.category"].create({"name": "Bench"})
        prefix = next(_prefix)
        return [self._row(f"bench_{prefix}_{number}", number, tag) for number in range(self.size)]

    def _row(self, external_id: str, number: int, tag) -> list[str]:
        values = _values()
        country = COUNTRIES[number % len(COUNTRIES)]
        if self.bad_every and number % self.bad_every == 0:
            country = "Nowhere"
        cells = [values[name] for name in ("name", "email", "phone", "city")]
        return [external_id, *cells, country, str(tag.id)]

    def operations(self, data) -> list[dict]:
        return [{"op": "load", "model": MODEL, "fields": COLUMNS, "row": row} for row in data]

    def loop(self, env, data) -> None:
        answer = env[MODEL].load(COLUMNS, data)
        if not answer["ids"]:
            answer = self._without_bad_rows(env, data, answer)
        assert answer["ids"], answer["messages"][:3]
        env.cr.commit()

    def _without_bad_rows(self, env, data, answer) -> dict:
        """What a caller has to do: remove the rows that `load()` has named, and load again."""
        bad = {message["rows"]["from"] for message in answer["messages"]}
        self.failed = len(bad)
        good = [row for number, row in enumerate(data) if number not in bad]
        return env[MODEL].load(COLUMNS, good)

    def clean(self, env) -> None:
        delete_partners(env)


class LoadWithErrors(Load):
    """The same with 1 % of the rows naming a country that does not exist."""

    name = "load_bad"
    bad_every = 100


class LoadWithKey(Load):
    """Rows that update the partner of their reference or create it, half of them known; against a
    look-up of the references and `load()` with their database ids."""

    name = "load_keyed"
    columns = ("ref", *COLUMNS[1:])

    def prepare(self, env) -> list[list[str]]:
        data = super().prepare(env)
        for chunk in chunks(data[::2], 1000):
            env[MODEL].create([{"ref": row[0], "name": "old"} for row in chunk])
            env.cr.commit()
        return data

    def operations(self, data) -> list[dict]:
        base = {"op": "load", "model": MODEL, "fields": list(self.columns), "key": ["ref"]}
        return [{**base, "row": row} for row in data]

    def loop(self, env, data) -> None:
        partners = env[MODEL].with_context(active_test=False)
        for chunk in chunks(data, self.chunk_size):
            found = partners.search_fetch([("ref", "in", [row[0] for row in chunk])], ["ref"])
            known = {record.ref: str(record.id) for record in found}
            rows = [[known.get(row[0], ""), *row] for row in chunk]
            answer = env[MODEL].load([".id", *self.columns], rows)
            assert answer["ids"], answer["messages"][:3]
            env.cr.commit()
