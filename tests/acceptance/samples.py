"""The samples of the documentation, run as a reader would run them."""

import os
import re
import shlex
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
OF_THE_SETUP = re.compile(r"^(scripts/|odoo |python3 -m pip )")  # what a reader has done before
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_RECORD_IDS = re.compile(r"(?<=\[)\d+(?=\])")  # other ones each time


def blocks(page, language=""):
    """The blocks of a page in a language; without one, what a sample prints."""
    found = _BLOCK.findall((ROOT / page).read_text())
    return [text for kind, text in found if kind == language]


def shell_blocks(page):
    """The shell samples of a page, without those that set up what the tests have already."""
    return [text for text in blocks(page, "sh") if not OF_THE_SETUP.match(text)]


def same_ids(text):
    return _RECORD_IDS.sub("7", text)


class Reader:
    """Somebody in a folder that looks like a checkout after `scripts/demo`."""

    def __init__(self, folder, server, key):
        self._folder, self._database = folder, server.database.name
        (folder / ".odoo").mkdir()
        (folder / ".odoo/demo.env").write_text(
            f"export ODOO_URL={server.url} ODOO_DB={self._database} ODOO_API_KEY={key}\n"
        )
        (folder / ".venv").symlink_to(ROOT / ".venv")

    def shell(self, text):
        return self._run(["bash", "-e"], text)

    def program(self, text):
        (self._folder / "sample.py").write_text(text)
        return self.shell(". .odoo/demo.env; .venv/bin/python sample.py")

    def command_line(self, text):
        home = f"export HOME={shlex.quote(str(self._folder))} PATH=$PWD/.venv/bin:$PATH"
        return self.shell(f"{home}; . .odoo/demo.env\n{text}")

    def odoo_shell(self, text):
        options = [f"--addons-path={os.environ['BATCH_JOB_ADDONS_PATH']}", "--no-http"]
        odoo = [os.environ["BATCH_JOB_PYTHON"], os.environ["BATCH_JOB_ODOO"]]
        return self._run([*odoo, "shell", "-d", self._database, "--log-level=warn", *options], text)

    def _run(self, command, text):
        done = subprocess.run(
            command, input=text, cwd=self._folder, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
