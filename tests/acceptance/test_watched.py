"""A job on a prefork server, watched and moved by two people in real browsers."""

import pytest
from chromium import PATIENCE, Chromium, until
from door import Door
from exactness import call, create
from gates import Gate
from people import NAME, JobForm, log_in, make_people
from rpc import Rpc

CHUNK = 500
PARTS = 5  # of a job, with a gate between each two
TYPED = "typed while it runs"
SAVE = ".o_form_button_save"
SOON = 20  # seconds; a click that was lost saves nothing, however long one waits
BACKGROUND = 600  # seconds; after five minutes Chromium wakes a hidden page once a minute only

long = (pytest.mark.long, pytest.mark.timeout(1800))


@pytest.fixture(scope="module")
def people(rpc, database):
    return make_people(rpc, database)


@pytest.fixture(scope="module")
def door(server):
    with Door(server) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser():
    with Chromium() as running:
        yield running


@pytest.fixture
def paula(server, database, people):
    """The owner's connection for programs."""
    connection = Rpc(server.url, database.name, database.make_key(people["paula"]))
    yield connection
    connection.close()


@pytest.fixture
def pages(browser, door, database, people):
    door.open()
    opened = [log_in(browser, door.url, database, login) for login in ("paula", "marc")]
    yield opened
    errors = [page.errors for page in opened]
    for page in opened:
        page.close()
    assert errors == [[], []]


class Held:
    """A job with gates between its parts: it stops at each one until the gate is opened."""

    def __init__(self, database, rpc, gates, size, name):
        self.size, self.part = size, size // PARTS
        operations = [create(f"{name} {number}") for number in range(size)]
        self._gates = []
        for number in range(1, PARTS):
            self._gates.append(Gate.numbered(database, number))
            gates.append(self._gates[-1])
            at_gate = f"{name} at gate {number}"
            operations[number * self.part] = call("create_gated", name=at_gate, before=number)
        self.id = rpc.submit(operations, name="Watched", chunk_size=min(self.part // 4, CHUNK))

    def open(self, number):
        self._gates[number - 1].open()


@pytest.mark.parametrize("size", [240, pytest.param(60_000, marks=long)])
def test_two_people_see_what_each_does(database, server, door, pages, paula, gates, size):
    """Both see how far it is and what the other does, and only the owner can type. What the owner
    types while it runs is kept, and saved at once; the manager pauses it, the owner resumes it, the
    manager cancels it; without websockets, and, of a large one, with a server that is restarted
    under them."""
    job = Held(database, paula, gates, size, name=f"{size}")
    owner, manager = forms = [JobForm(page, door.url, job.id) for page in pages]
    patience = PATIENCE + size / 100  # for a part of it
    all_show(forms, "Running", job.part, patience)
    assert manager.page.value(NAME) is None

    type_while_it_runs(owner, lambda: job.open(1), 2 * job.part, patience)
    all_show(forms, "Running", 2 * job.part)
    typed = f"Watched{TYPED}"
    assert (owner.page.value(NAME), named(database, job)) == (typed, "Watched")
    job.open(2)
    until("the bar moves once more", lambda: owner.done > 2 * job.part)
    owner.page.click(SAVE)
    until("the name is saved", lambda: named(database, job) == typed, SOON)
    all_show(forms, "Running", 3 * job.part, patience)

    manager.press("action_pause")
    all_show(forms, "Paused", 3 * job.part)
    job.open(3)
    until("the chunk at the gate has landed", lambda: not runs(database, job))
    landed = paula.job("status", job.id)["succeeded"]
    assert landed > 3 * job.part  # not the whole chunk, if it has waited for five seconds
    all_show(forms, "Paused", landed)

    until("both hear the server", lambda: door.websockets() >= 2)
    door.shut()
    owner.press("action_resume")
    all_show(forms, "Running", 4 * job.part, patience)
    assert door.websockets() == 0

    if size > 1_000:
        server.stop()
        server.start()
        door.open()
    manager.press("action_cancel")
    manager.page.click(".modal-footer .btn-danger")
    all_show(forms, "Cancelled", patience=PATIENCE)
    job.open(4)
    until("the last chunk has landed", lambda: not runs(database, job))
    status = paula.job("status", job.id)
    made = database.value("SELECT count(*) FROM test_batch_item WHERE name LIKE %s", f"{size} %")
    assert status["succeeded"] == made
    assert status["succeeded"] + status["skipped"] == size
    all_show(forms, "Cancelled", made)
    assert (owner.page.value(NAME), named(database, job)) == (typed, typed)


def all_show(forms, state, count=None, patience=PATIENCE):
    for form in forms:
        form.until_state(state, patience)
        if count is not None:
            form.until_done(count, patience)


def type_while_it_runs(form, let_run, end, patience):
    """Type at the end of the name; the bar moves meanwhile, between two letters of a large job."""
    form.page.click(NAME)
    form.page.evaluate(f"document.querySelector('{NAME}').setSelectionRange(99, 99)")
    half = len(TYPED) // 2
    form.page.type(TYPED[:half])
    let_run()
    seen = [form.done]

    def moves():
        """It has moved, or stands at the next gate."""
        until("the bar moves", lambda: seen[-1] < form.done or form.done == end)
        seen.append(form.done)

    form.page.type(TYPED[half:], between=moves)
    form.until_done(end, patience)


def named(database, job):
    return database.value("SELECT name FROM batch_job WHERE id = %s", job.id)


def runs(database, job):
    return database.value("SELECT needs_runner FROM batch_job WHERE id = %s", job.id)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_ten_minutes_in_the_background(database, door, pages, paula, gates):
    """A form that nobody can see asks nothing. When it is seen again after ten minutes it shows at
    once what has become of its job."""
    job = Held(database, paula, gates, 240, name="hidden")
    owner = JobForm(pages[0], door.url, job.id)
    owner.until_done(job.part)
    other = owner.page.before_it()
    owner.page.until("nobody sees the form", "() => document.hidden")
    asked = owner.page.requests("/batch.job/status")
    for number in range(1, PARTS):
        job.open(number)
    assert paula.wait(job.id)["state"] == "done"
    owner.page.until("ten minutes", HIDDEN_FOR, BACKGROUND, patience=BACKGROUND + PATIENCE)
    assert owner.page.requests("/batch.job/status") == asked
    other.close()
    owner.page.until("it is seen", "() => !document.hidden")
    owner.until_state("Done", 5)
    owner.until_done(240, 5)


# counted by the page itself, which lives on in the background
HIDDEN_FOR = """seconds => {
    window.hiddenSince ??= performance.now();
    return document.hidden && performance.now() - window.hiddenSince > 1000 * seconds;
}"""
