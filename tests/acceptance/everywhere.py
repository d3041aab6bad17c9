"""The same question to every process of a server: each HTTP worker and each cron worker."""

from concurrent.futures import ThreadPoolExecutor

from exactness import ITEM, call
from gates import Gate
from waiting import wait_until

HTTP_GATE, RUNNER_GATE = 9_001, 9_002


def look_everywhere(server, rpc, key):
    """What each process, by its id, knows about a system parameter and the fields of the model.

    A gate holds every worker of one kind at once, so that each answers one question.
    """
    answers = ask_http_workers(server, rpc, key) + ask_cron_workers(server, rpc, key)
    known = {answer.pop("pid"): answer for answer in answers}
    assert set(server.cron_workers()) < known.keys()
    assert len(known) == server.http_workers + len(server.cron_workers())
    return known


def ask_http_workers(server, rpc, key):
    gate = Gate.numbered(server.database, HTTP_GATE)
    with ThreadPoolExecutor(server.http_workers) as threads:
        try:
            replies = [
                threads.submit(rpc.call, ITEM, "look", key=key, gate=HTTP_GATE)
                for _worker in range(server.http_workers)
            ]
            wait_until("each HTTP worker at the gate", lambda: gate.count() == len(replies))
        finally:
            gate.open()
        return [reply.result() for reply in replies]


def ask_cron_workers(server, rpc, key):
    workers = len(server.cron_workers())
    gate = Gate.numbered(server.database, RUNNER_GATE)
    try:
        question = call("look", key=key, gate=RUNNER_GATE)
        job = rpc.submit([question] * workers, chunk_size=1, max_parallel=workers)
        wait_until("each cron worker at the gate", lambda: gate.count() == workers)
    finally:
        gate.open()
    assert rpc.wait(job)["state"] == "done"
    return [outcome["value"] for outcome in rpc.results(job)]
