"""Upserts: as a job, as a plain loop over the ORM, and as one search and one call for each."""

from __future__ import annotations

import logging
import time
from itertools import count

from workloads import MODEL, Create, _values, chunks, delete_partners

RPC_SIZE = 500  # records; one by one they all take the same time
_prefix = count()


class Upsert(Create):
    """Half of the partners exist; against a look-up, a create and writes for each chunk."""

    name = "upsert"

    def prepare(self, env) -> list[dict]:
        data = new_rows(self.size)
        for chunk in chunks(data[::2], 1000):
            env[MODEL].create([{"ref": one["ref"], "name": "old"} for one in chunk])
            env.cr.commit()
        return data

    def operations(self, data) -> list[dict]:
        return [{"op": "upsert", "model": MODEL, "key": ["ref"], "values": one} for one in data]

    def loop(self, env, data) -> None:
        partners = env[MODEL].with_context(active_test=False)
        for chunk in chunks(data, self.chunk_size):
            found = partners.search_fetch([("ref", "in", [one["ref"] for one in chunk])], ["ref"])
            known = {record.ref: record for record in found}
            partners.create([one for one in chunk if one["ref"] not in known])
            for one in chunk:
                if one["ref"] in known:
                    known[one["ref"]].write(one)
            env.cr.commit()

    def clean(self, env) -> None:
        delete_partners(env)


def new_rows(size: int) -> list[dict]:
    prefix = next(_prefix)
    return [{"ref": f"bench {prefix}-{number}", **_values()} for number in range(size)]


def one_call_each(database: str, size: int = RPC_SIZE) -> float:
    """Records per second of what people do today: over the network a search for each record, then
    a create or a write; half of them exist."""
    import httpx
    from client_server import Server, make_key

    logging.getLogger("httpx").setLevel(logging.WARNING)
    rows = new_rows(size)
    headers = {
        "Authorization": f"bearer {make_key(database)}",
        "X-Odoo-Database": database,
    }
    with (
        Server(database, workers=2, cron_workers=0) as url,
        httpx.Client(base_url=url, headers=headers, timeout=120) as http,
    ):

        def call(method, **arguments):
            reply = http.post(f"/json/2/{MODEL}/{method}", json=arguments)
            return reply.raise_for_status().json()

        for chunk in chunks(rows[::2], 100):
            call("create", vals_list=[{"ref": one["ref"], "name": "old"} for one in chunk])
        begin = time.perf_counter()
        for one in rows:
            ids = call("search", domain=[["ref", "=", one["ref"]]])
            if ids:
                call("write", ids=ids, vals=one)
            else:
                call("create", vals_list=[one])
        seconds = time.perf_counter() - begin
        for chunk in chunks(call("search", domain=[["ref", "=like", "bench %"]]), 500):
            call("unlink", ids=chunk)
    return size / seconds
