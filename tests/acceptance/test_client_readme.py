"""The client's wheel alone in an empty environment, and there each sample of its README."""

import os
import subprocess
import sys

import pytest
from samples import ROOT, blocks, shell_blocks
from waiting import wait_until

pytest_plugins = ["client_support"]
PAGE = "client/README.md"
QUICKSTART, KEY, OPTIONS, COMPLETION, CRASH = shell_blocks(PAGE)
EXTERNAL_ID, BLOCKING, ASYNCHRONOUS, VALUES = blocks(PAGE, "python")


@pytest.fixture(scope="module")
def reader(shop, key, tmp_path_factory):
    """Runs a program in an environment that has the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("reader")
    python = folder / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", folder, ROOT / "client"], check=True)
    (wheel,) = folder.glob("odoo_batch_job-*.whl")
    subprocess.run([*pip, "install", "-q", wheel], check=True)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ODOO_", "PYTHON"))}
    environment |= {
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "ODOO_URL": shop.url,
        "ODOO_DB": shop.database.name,
        "ODOO_API_KEY": key,
    }

    def run(*command, text):
        done = subprocess.run(
            command,
            input=text,
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_command_line_starts(reader):
    """The wheel brings all that the command needs."""
    assert reader("odoo-batch", "--help", text="").startswith("Usage: odoo-batch")


def test_nothing_of_odoo_is_there(reader):
    """It needs no Odoo where it runs."""
    tried = "import importlib.util as u; print(u.find_spec('odoo'), u.find_spec('psycopg2'))"
    assert reader("python", "-c", tried, text="") == "None None\n"


def test_command_line_sample(reader, shop):
    """One row fails, is corrected and sent again; the history says so."""
    said = reader("bash", "-e", text=QUICKSTART)
    assert "1 succeeded, 1 failed" in said
    ending, on_end, submitted, ended = said.splitlines()[-4:]
    assert ending.endswith("is done: 1 succeeded")
    assert on_end.startswith("on_end ")
    assert " submitted by " in submitted
    assert "  ended done by Odoo: 1 succeeded, " in ended
    assert made(shop, "Carpenters", "Plumbers") == 2
    wait_until("on_end was called", lambda: made(shop, "All trades are in"))


def test_key_sample_updates_when_run_again(reader, shop):
    """The second run updates the record of the first one, and its lines."""
    said = [line.split("\t") for line in reader("bash", "-e", text=KEY).splitlines()]
    assert [line[0] for line in said if line[0].endswith("is done: 2 succeeded")][1:]
    assert [line[-1] for line in said[-2:]] == ["updated", "updated"]
    query = "SELECT array_agg(name ORDER BY ref) FROM res_partner WHERE ref ~ '^C-90'"
    assert shop.database.value(query) == ["Acme", "Jo", "Eva"]


def test_sample_of_options(reader, shop):
    """Two rows are tried, three are sent, one fails and fails again; the context is that of all."""
    said = reader("bash", "-e", text=OPTIONS)
    assert "is done (dry run: nothing was kept): 2 succeeded" in said
    assert said.count("is partial: 2 succeeded, 1 failed") == 4
    failed = [line.split("\t")[:2] for line in said.splitlines() if "\tload\t" in line]
    assert failed == [["2", "failed"]]
    query = "SELECT name FROM res_partner WHERE city = 'Gent' AND comment LIKE %s ORDER BY name"
    assert shop.database.column(query, "%first%") == ["Café Gent"]
    assert shop.database.column(query, "%second%") == ["Søren & Co"]


def test_sample_of_external_ids(reader):
    """Two records are made, and the second run updates them."""
    (printed,) = blocks(PAGE)
    assert reader("python", "-", text=EXTERNAL_ID) == printed
    assert reader("python", "-", text=EXTERNAL_ID) == printed.replace("created", "updated")


def test_sample_of_a_crash(reader, shop):
    """A killed submission is submitted again, and again: one job, and each row once."""
    said = reader("bash", "-e", text=CRASH)
    first, second = [
        line for line in said.splitlines() if line.endswith("is done: 1,000 succeeded")
    ]
    assert first == second
    query = "SELECT count(*) FROM res_partner_category WHERE name->>'en_US' LIKE %s"
    assert shop.database.value(query, "Visitor %") == 1000


def test_sample_of_values(reader):
    """A decimal number comes back with its digits; a time and a day are compared as such."""
    assert reader("python", "-", text=VALUES).splitlines() == ["50.85045", "True 0"]


def test_completion_of_the_shell(reader):
    """The line for Bash gives a function that completes."""
    script = """
    COMP_WORDS=(odoo-batch sub) COMP_CWORD=1
    "$(complete -p odoo-batch | sed -E 's/.* -F ([^ ]+) .*/\\1/')" odoo-batch
    echo "${COMPREPLY[@]}"
    """
    assert reader("bash", "-e", text=COMPLETION + script) == "submit\n"


def test_blocking_sample_makes_a_thousand_tags(reader, shop):
    """The sample makes a thousand tags, and says how far it is."""
    said = reader("python", "-", text=BLOCKING)
    assert said.splitlines()[-1] == "done: 1000 done, 0 failed"


def test_asynchronous_sample_explains_the_bad_row(reader, shop):
    """The sample shows progress to the end, makes the good records and explains the bad one."""
    said = reader("python", "-", text=ASYNCHRONOUS).splitlines()
    assert "3/3" in said
    assert (said[-3], said[-1]) == ("0 made", "2 made")
    assert said[-2].startswith("1 ")
    assert made(shop, "Bakers", "Butchers") == 2


def made(shop, *names):
    query = "SELECT count(*) FROM res_partner_category WHERE name->>'en_US' IN %s"
    return shop.database.value(query, names)
