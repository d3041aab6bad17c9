"""Files that are no import, uploaded to a real server: a sentence each, nothing stored, and a
bounded memory of the server. (tests/test_import_files.py has more kinds of them in every run.)
"""

import re

import httpx
import pytest
from bombs import GIB, bomb
from office import AS_CHOSEN

pytestmark = pytest.mark.long

MIB = 2**20
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UPLOAD_LIMIT = 128 * MIB  # Odoo's own
MOST = 100 * MIB  # that a worker may take for a bad file, beside a copy of it or two
PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(range(256)) * 4_000


class Dialog:
    """The import dialog as a browser has it: a session, and a file that is uploaded."""

    def __init__(self, url, database):
        self._http = httpx.Client(base_url=url, timeout=300)
        params = {"db": database, "login": "admin", "password": "admin"}
        self._json("/web/session/authenticate", params)
        self._token = re.search(r'csrf_token: "(\w+)"', self._http.get("/odoo").text)[1]
        self.id = self.call("create", [{"res_model": "res.partner"}])

    def _json(self, path, params):
        answer = self._http.post(path, json={"jsonrpc": "2.0", "method": "call", "params": params})
        assert "error" not in answer.json(), answer.text
        return answer.json()["result"]

    def call(self, method, *args):
        params = {"model": "base_import.import", "method": method, "args": args, "kwargs": {}}
        return self._json(f"/web/dataset/call_kw/base_import.import/{method}", params)

    def upload(self, content, name, kind):
        """The status of the answer; None if the server closed the connection meanwhile."""
        data = {"csrf_token": self._token, "id": self.id}
        try:
            files = {"ufile": (name, content, kind)}
            return self._http.post("/base_import/set_file", data=data, files=files).status_code
        except httpx.TransportError:
            return None

    def problems(self):
        """What the preview, Odoo's own import and the one in the background say."""
        preview = self.call("parse_preview", self.id, AS_CHOSEN)
        told = [preview.get("error")]
        for method in ("execute_import", "import_in_background"):
            answer = self.call(method, self.id, ["name"], ["name"], AS_CHOSEN)
            assert not answer.get("id") and not answer.get("ids")
            told.append(answer["messages"][0]["message"])
        return told


@pytest.fixture(scope="module")
def dialog(server, database):
    return Dialog(server.url, database.name)


def peak_of(server):
    """The most memory that a process of the server has taken, in bytes."""
    peaks = []
    for process in server.processes():
        with open(f"/proc/{process}/status") as status:
            peaks += re.findall(r"VmHWM:\s+(\d+) kB", status.read())
    return max(map(int, peaks)) * 1024


@pytest.mark.parametrize(
    ("what", "content", "name", "kind", "words"),
    [
        ("empty", b"", "a.csv", "text/csv", "The file is empty"),
        ("wrong encoding", "name\nÄrger\n".encode("latin1"), "a.csv", "text/csv", "ncoding|utf-8"),
        ("program", PROGRAM, "a.xlsx", XLSX, "damaged, or no spreadsheet"),
        ("10 GB", bomb(10 * GIB), "a.xlsx", XLSX, "unpacks to 10.00 Gb, and 512.00 Mb are read"),
        ("10 GB that says 1 MB", bomb(10 * GIB, told=MIB), "a.xlsx", XLSX, "damaged"),
    ],
)
def test_bad_file(database, server, dialog, say, what, content, name, kind, words):
    """The preview, Odoo's own import and the one in the background refuse it with a sentence, and
    no worker takes much more memory than the file is large."""
    before = peak_of(server)
    assert dialog.upload(content, name, kind) == 200
    for told in dialog.problems():
        assert told and re.search(words, told), (what, told)
    taken = peak_of(server) - before
    say(f"{what}: {len(content) / MIB:.1f} MiB, the server took {taken / MIB:.0f} MiB more")
    assert taken < MOST + 3 * len(content)
    assert database.value("SELECT count(*) FROM batch_job") == 0


def test_above_the_upload_limit(database, server, dialog, say):
    """A file above Odoo's limit is refused before it is read, and nothing is stored of it."""
    before = peak_of(server)
    assert dialog.upload(b"name\nA\n", "good.csv", "text/csv") == 200
    code = dialog.upload(b"x" * (UPLOAD_LIMIT + 1), "large.csv", "text/csv")
    taken = peak_of(server) - before
    size = f"{UPLOAD_LIMIT / MIB:.0f} MiB and a byte"
    say(f"{size}: {code}, the server took {taken / MIB:.0f} MiB more")
    assert code in (413, None)
    kept = database.rows("SELECT file_name, length(file) FROM base_import_import")
    assert kept == [("good.csv", 7)]
    assert taken < MOST
