"""What the documentation shows can be copied and works."""

import json
import re
from urllib.parse import urlencode

import pytest
from files import Browser
from samples import ROOT, Reader, blocks, same_ids, shell_blocks
from waiting import wait_until


@pytest.fixture(scope="module")
def reader(server, database, tmp_path_factory):
    return Reader(tmp_path_factory.mktemp("checkout"), server, database.make_key())


def jobs(database, *names):
    """(name, state, succeeded) of the latest jobs with these names, once they have ended."""

    def ended():
        found = database.rows(
            "SELECT DISTINCT ON (name) name, state, succeeded, finished_at FROM batch_job"
            " WHERE name IN %s ORDER BY name, id DESC",
            names,
        )
        return len(found) == len(set(names)) and all(job[3] for job in found) and found

    return [job[:3] for job in wait_until(f"{names} have ended", ended)]


def test_readme_samples_do_what_they_say(reader, database):
    """The README's samples create, archive and submit what they say."""
    program, server_code = blocks("README.md", "python")
    assert reader.program(program).splitlines()[-1] == "2000 partners"
    reader.odoo_shell(server_code)
    (curl,) = shell_blocks("README.md")
    assert json.loads(reader.shell(curl))["total"] == 2
    assert jobs(database, "Contact: action_archive", "Tags", "Two partners") == [
        ("Contact: action_archive", "done", 2000),
        ("Tags", "done", 2),
        ("Two partners", "done", 2),
    ]


def test_quickstart_samples_print_what_is_shown(reader, database):
    """The quickstart's samples print what it says; the ids of records are others."""
    page = "docs/quickstart.md"
    outside, correct, server_code, refused, action, scheduled = blocks(page, "python")
    printed = [same_ids(text) for text in blocks(page)]
    first = same_ids(reader.program(outside))
    assert first.splitlines()[-4:] == printed[0].splitlines()[-4:]
    assert same_ids(reader.program(outside)).splitlines() == printed[0].splitlines()[-4:]
    assert reader.program(correct) == printed[1]
    *_ids, message = reader.odoo_shell(server_code + refused).splitlines()
    assert message == " ".join(printed[2].splitlines())
    assert jobs(database, "Classes") == [("Classes", "done", 3)]
    run_actions(reader, action, scheduled)
    assert jobs(database, "Missing references")[0][1] == "done"
    (steer,) = shell_blocks(page)
    assert reader.shell(steer) == printed[3]


def run_actions(reader, action, scheduled):
    """The server action as a person runs it, the scheduled one as Odoo does."""
    code = f"""
values = {{"model_id": env.ref("base.model_res_partner").id, "state": "code"}}
admin = env.ref("base.user_admin")
partners = env["res.partner"].with_user(admin).create([{{"name": "Chosen"}} for n in range(5)])
action = env["ir.actions.server"].create({{**values, "name": "Archive", "code": {action!r}}})
chosen = {{"active_model": "res.partner", "active_ids": partners.ids}}
opened = action.with_user(admin).with_context(**chosen).run()
cron = env["ir.cron"].create({{**values, "name": "References", "code": {scheduled!r}}})
cron._trigger()
env.cr.commit()
print(opened["res_model"], env["batch.job"].browse(opened["res_id"]).total)
"""
    assert reader.odoo_shell(code) == "batch.job 5\n"


def test_rpc_samples_are_answered_as_shown(reader, rpc):
    """Every curl sample of the RPC page is answered as the page says."""
    operations, *_answers = blocks("docs/rpc-api.md", "json")
    draft = {"name": "All of the page", "start": False}
    draft["operations"] = [json.loads(line) for line in operations.splitlines()]
    assert rpc.call("batch.job", "submit", **draft)["total"] == 8
    answers = reader.shell("\n".join(shell_blocks("docs/rpc-api.md"))).splitlines()
    answers = [json.loads(answer) for answer in answers if answer]
    refused = [answer["message"] for answer in answers if "message" in answer]
    assert len(refused) == 2
    assert refused[0].startswith("The idempotency key three-partners belongs to job ")
    assert refused[1] == "Part 7 does not follow; send part 1."
    pages = [answer["results"] for answer in answers if "results" in answer]
    found = [[(one["state"], one["value"]) for one in page] for page in pages]
    assert found == [
        [("done", "created"), ("done", "updated")],
        [("done", None), ("failed", None)],
        [("failed", None)],
        [("done", "created")],
        [("done", None), ("done", 1)],
        [("failed", None)],
    ]
    (correction,) = [answer["correction"] for answer in answers if "correction" in answer]
    assert (correction["corrected"], correction["again"]) == (1, 1)
    assert answers[-1]["result"]["total"] == 3
    (history,) = [answer["events"] for answer in answers if "events" in answer]
    assert [(one["event"], one["succeeded"], one["failed"]) for one in history] == [
        ("pause", 3, 2),
        ("resume", 0, 0),
        ("end", 1, 0),
    ]
    assert history[0]["reason"].startswith("Paused because too many operations failed: 2 of 5;")


def test_looks_at_the_queue_can_be_run(reader, database, rpc):
    """The look at jobs that have not ended works by RPC, the one at trouble by SQL."""
    tag = {"op": "create", "model": "res.partner.category", "values": {"name": "Looked at"}}
    later, done = rpc.submit([tag], eta="2100-01-01"), rpc.submit([tag])
    rpc.wait(done)
    bad = rpc.submit([{**tag, "values": {"nmae": "Looked at"}}])
    rpc.wait(bad)
    looks = [text for text in shell_blocks("docs/operations.md") if "curl" in text]
    opened, failed = [json.loads(reader.shell(look)) for look in looks]
    states = {job["id"]: job["state"] for job in opened}
    assert (states[later], done in states) == ("queued", False)
    assert (bad, "failed", 1) in {(job["id"], job["state"], job["failed"]) for job in failed}
    database.rows("UPDATE batch_job_chunk SET trouble = 'Its worker died.' WHERE job_id = %s", done)
    trouble, sizes = blocks("docs/operations.md", "sql")
    assert [row[0] for row in database.rows(trouble)] == [done]
    tables, largest = filter(str.strip, sizes.split(";"))
    assert "batch_job_operation" in {row[0] for row in database.rows(tables)}
    assert done in {row[0] for row in database.rows(largest.replace("LIMIT 10", ""))}
    rpc.job("cancel", later)


def test_run_in_batches(reader, rpc, database):
    """The sample of Run in Batches tries an update on the contacts that its domain finds."""
    rpc.call("res.partner", "create", vals_list=[{"name": "one", "city": "Gent"}])
    (sample,) = shell_blocks("docs/run-in-batches.md")
    job = json.loads(reader.shell(sample))["action"]["res_id"]
    status = rpc.wait(job)
    assert (status["state"], status["dry_run"], status["failed"]) == ("done", True, 0)
    assert database.column("SELECT DISTINCT zip FROM res_partner WHERE city = 'Gent'") == [None]


def test_correct_failed_rows(reader, server, database, rpc):
    """The addresses lead to the rows of a job that failed, and the corrected row goes back into its
    job."""
    page = "docs/correct-failed-rows.md"
    (sample,) = shell_blocks(page)
    failing, correcting = re.split(r"(?=^sed)", sample, flags=re.MULTILINE)
    reader.command_line(failing)
    job = database.value("SELECT max(id) FROM batch_job WHERE name = 'shops.csv'")
    (cause,) = rpc.job("status", job)["causes"]
    of_cause = urlencode({name: cause[name] for name in ("type", "model", "field")})
    person = Browser(server.url, database.name)
    for line in blocks(page)[0].splitlines():
        address = line.split()[0].replace("/26/", f"/{job}/")
        assert person.file(re.sub("type=.*", of_cause, address))
    person.close()
    assert reader.command_line(correcting).splitlines()[-1].endswith("is done: 2 succeeded")
    assert rpc.job("status", job)["succeeded"] == 2


def test_in_your_addon(reader, database):
    """The page quotes the example addon, which is installed with the tests, and its test; its
    scheduled action makes one job a day, also where the second run finds other records."""
    example = ROOT / "tests/addons/batch_job_example"
    model, pair, scheduled, test = blocks("docs/in-your-addon.md", "python")
    assert model == (example / "models/res_partner_category.py").read_text()
    assert test in (ROOT / "tests/test_example_addon.py").read_text()
    view, action = blocks("docs/in-your-addon.md", "xml")
    stored = (example / "views/res_partner_category_views.xml").read_text()
    assert view in re.sub(r"^ {12}", "", stored, flags=re.MULTILINE)
    run = f"""
import datetime
env = env(user=env.ref("base.user_admin").id, su=False)
{pair}
env.cr.commit()
model = env["res.partner.category"]
chosen = model.create([{{"name": "Chosen"}}] * 2)
act = env.ref("batch_job_example.action_color_tags")
opened = act.with_context(active_model=chosen._name, active_ids=chosen.ids).run()
assert env["batch.job"].browse(opened["res_id"]).total == 2
for name in ("Scheduled first", "Scheduled later"):
    model.create({{"name": name, "color": 0}})
    exec({scheduled!r})
    env.cr.commit()
"""
    reader.odoo_shell(load_data(action) + run)
    assert jobs(database, "Acme and Jo", "Old tags")[0] == ("Acme and Jo", "done", 2)
    assert jobs(database, "Old tags")[0][1] == "done"
    assert database.value("SELECT count(*) FROM batch_job WHERE name = 'Old tags'") == 1
    which = "name->>'en_US' ~ '^Scheduled ' ORDER BY id"
    assert database.column(f"SELECT color FROM res_partner_category WHERE {which}") == [2, 0]


def test_schedule_samples_make_a_schedule_each(reader, database):
    """The server code, the data file and the sample from outside make a schedule each."""
    page = "docs/schedules.md"
    (server_code,) = blocks(page, "python")
    (data,) = blocks(page, "xml")
    reader.odoo_shell(server_code + load_data(data))
    (sample,) = shell_blocks(page)
    answer, (shown,) = json.loads(reader.shell(sample)), map(json.loads, blocks(page, "json"))
    assert answer.keys() == shown.keys()
    same = ("name", "active", "last_result", "job")
    assert [answer[name] for name in same] == [shown[name] for name in same]
    assert database.rows("SELECT name, active, model FROM batch_job_schedule ORDER BY id") == [
        ("Old contacts", True, "res.partner"),
        ("Colour of the contact tags without a colour", True, "res.partner.category"),
        ("References", False, "res.partner"),
    ]


def load_data(text):
    """Server code that loads a data file, as the installation of its module does."""
    return f"""
import io
from odoo.tools.convert import convert_xml_import

data = io.BytesIO({text.encode()!r})
data.name = "sample.xml"
convert_xml_import(env, "batch_job_example", data, mode="init", noupdate=True)
env.cr.commit()
"""
