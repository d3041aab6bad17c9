"""Run in Batches over a whole list, on a real server, while another user works on its records."""

import threading

import pytest
from rpc import Rpc
from waiting import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]

RECORDS = 25_000
PART = 5_000  # records in one call of the test
DOMAIN = [["city", "=", "Batchville"]]


def make(rpc, count, **values):
    """Ids of so many contacts of the city."""
    contact = {"name": "listed", "city": "Batchville"} | values
    return rpc.call("res.partner", "create", vals_list=[contact] * count)


def add_rule(rpc, name, domain, **kinds):
    (model,) = rpc.call("ir.model", "search", domain=[["model", "=", "res.partner"]])
    rule = {"name": name, "model_id": model, "domain_force": domain, **kinds}
    rpc.call("ir.rule", "create", vals_list=[rule])


class Other:
    """Another user, who adds contacts to the city and deletes some, until told to stop."""

    def __init__(self, rpc, doomed):
        self._rpc, self._doomed, self._stops = rpc, list(doomed), threading.Event()
        self.added, self.deleted = [], []
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._stops.set()
        self._thread.join()

    def _work(self):
        while self._doomed and not self._stops.is_set():
            some, self._doomed = self._doomed[:10], self._doomed[10:]
            self.added += make(self._rpc, 10)
            if self._rpc.try_call("res.partner", "unlink", ids=some).code == 200:
                self.deleted += some


def test_select_all_changes_what_was_found(database, server, rpc, say):
    """Exactly the records that the filter found at the start, less those that a rule forbids and
    those that were deleted before their turn; these are named, and nothing else is changed."""
    ids = [one for _n in range(RECORDS // PART) for one in make(rpc, PART)]
    locked, doomed = ids[5_000:5_100], ids[20_000:21_000]
    hidden = make(rpc, 50, ref="hidden")
    archived = make(rpc, 50, active=False)
    rpc.call("res.partner", "write", ids=locked, vals={"ref": "locked"})
    add_rule(rpc, "hides some", "[('ref', '!=', 'hidden')]")
    add_rule(rpc, "locks some", "[('ref', '!=', 'locked')]", perm_read=False)
    selection = {"model_name": "res.partner", "domain": DOMAIN}
    selection["context"] = {"group_by": ["country_id"]}
    assert rpc.call("batch.job.selection", "count", **selection) == RECORDS
    other = Other(Rpc(server.url, database.name, database.make_key()), doomed)
    with other:
        wait_until("the other one has begun", lambda: other.deleted)
        what = {"kind": "update", "values": {"zip": "9000"}}
        answer = rpc.call("batch.job.selection", "run", what=what, **selection)
        job = answer["action"]["res_id"]
        status = rpc.wait(job, patience=600)
    say(f"{status['total']:,} contacts, {status['rate']:.0f} a second")
    rows = database.rows(
        "SELECT (payload->'ids'->>0)::int, state, error_type, index FROM batch_job_operation"
        " WHERE job_id = %s ORDER BY index",
        job,
    )
    chosen = [row[0] for row in rows]
    assert chosen == sorted(set(chosen)), "each record once, in the order of ids"
    assert not {*hidden, *archived} & {*chosen}
    assert {*ids} - {*chosen} <= {*other.deleted}, "missing are only those deleted before"
    assert {*chosen} - {*ids} <= {*other.added}
    named = {one: kind for one, state, kind, _index in rows if state == "failed"}
    assert {one for one, kind in named.items() if kind == "access"} == {*locked}
    missing = {one for one, kind in named.items() if kind == "missing"}
    assert missing <= {*other.deleted} and len(named) == len(locked) + len(missing)
    done = {one for one, state, _kind, _index in rows if state == "done"}
    assert done == {*chosen} - {*named}
    updated = {*database.column("SELECT id FROM res_partner WHERE zip = '9000'")}
    assert updated == done - {*other.deleted}
