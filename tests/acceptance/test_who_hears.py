"""Who gets the progress of a job over a real websocket."""

import pytest
from bus import Listener, log_in, send_mark
from exactness import creates
from rpc import Rpc

PASSWORD = "N0-secret-here"
GROUPS = {
    "owner": ["group_user"],
    "manager": ["group_user", "group_manager"],
    "other": ["group_user"],
    "portal": ["group_portal"],
}
GROUP_IDS = """
    SELECT res_id FROM ir_model_data
     WHERE model = 'res.groups' AND module IN ('base', 'batch_job') AND name = ANY(%s)
"""


@pytest.fixture(scope="module")
def users(database, rpc):
    """Ids by login."""
    values = [
        {
            "name": login,
            "login": login,
            "password": PASSWORD,
            "group_ids": [[6, 0, database.column(GROUP_IDS, names)]],
        }
        for login, names in GROUPS.items()
    ]
    context = {"no_reset_password": True}
    ids = rpc.call("res.users", "create", vals_list=values, context=context)
    return dict(zip(GROUPS, ids, strict=True))


def odd_names(database, job):
    """The channel's own name, and others by which somebody might reach it."""
    return [
        f"batch_job:{job}",
        f"batch_job:{job:05}",
        f"batch_job:{job}\n",
        f" batch_job:{job}",
        f"batch.job,{job}",
        f"batch.job_{job}",
        f"batch.job({job},)",
        f'["{database.name}", "batch.job", {job}]',
        f'["{database.name}","batch.job",{job}]',
        f"('{database.name}', 'batch.job', {job})",
        f"{database.name},batch.job,{job}",
        f"batch_job:{10**30}",
        f'["{database.name}", "res.partner", {partner_of_owner(database)}]',
        f"res.partner_{partner_of_owner(database)}",
        "batch_job:*",
        "batch_job:",
        "imbus",
    ]


def partner_of_owner(database):
    return database.value("SELECT partner_id FROM res_users WHERE login = 'owner'")


def test_who_hears_of_a_job(server, database, users):
    """The owner and a manager hear of a job's progress while it runs, and the owner alone of its
    end; another user, a portal user and somebody without a session hear nothing of it, by whatever
    name they ask."""
    owner = Rpc(server.url, database.name, database.make_key(users["owner"]))
    secret = "nobody hears this"
    job = owner.submit(creates(secret, 30), chunk_size=10, start=False)
    sessions = {login: log_in(server, database, login, PASSWORD) for login in users}
    listeners = {who: Listener(server, sessions.get(who)) for who in (*users, "nobody")}
    for listener in listeners.values():
        listener.subscribe(odd_names(database, job))
    send_mark(database)
    before = {who: listener.until_mark() for who, listener in listeners.items()}
    assert before == dict.fromkeys(listeners, [])

    owner.job("start", job)
    assert owner.wait(job)["state"] == "done"
    send_mark(database)
    heard = {who: listener.until_mark() for who, listener in listeners.items()}

    ends = [one for one in heard["owner"] if one[0] == "batch_job/ended"]
    assert [(end["id"], end["state"], end["succeeded"]) for _kind, end in ends] == [
        (job, "done", 30)
    ]
    heard["owner"].remove(ends[0])
    for who in ("owner", "manager"):
        assert {kind for kind, _payload in heard[who]} == {"batch_job/progress"}
        last = heard[who][-1][1]
        assert (last["id"], last["state"], last["succeeded"]) == (job, "done", 30)
    assert [heard[who] for who in ("other", "portal", "nobody")] == [[], [], []]
    assert secret not in str(heard)
    for listener in listeners.values():
        listener.close()
    owner.close()
