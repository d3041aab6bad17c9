"""A real browser, driven over Chromium's own protocol: tabs can be closed, as people do."""

import json
import subprocess
import tempfile
from contextlib import contextmanager

import httpx
import websocket
from server import free_port
from waiting import wait_until

STEP = 120  # seconds that one step of a page may take


@contextmanager
def open_browser():
    port = free_port()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [
                *("chromium", "--headless=new", "--no-sandbox", "--window-size=1400,900"),
                *(f"--remote-debugging-port={port}", "--remote-allow-origins=*"),
                *(f"--user-data-dir={profile}", "about:blank"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield Browser(f"http://127.0.0.1:{port}")
        finally:
            process.kill()
            process.wait()


class Browser:
    def __init__(self, url):
        self._url = url
        wait_until("the browser answers", self._answers)

    def open_tab(self, url):
        tab = httpx.put(f"{self._url}/json/new?{url}", timeout=30).json()
        return Tab(self._url, tab)

    def _answers(self):
        try:
            url = f"{self._url}/json/version"
            return httpx.get(url, timeout=5, verify=False).status_code == 200
        except httpx.TransportError:
            return False


class Tab:
    def __init__(self, browser_url, tab):
        self._browser_url = browser_url
        self._id = tab["id"]
        self._socket = websocket.create_connection(tab["webSocketDebuggerUrl"], timeout=STEP)
        self._calls = 0

    def call(self, method, **params):
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": params}))
        while True:
            reply = json.loads(self._socket.recv())
            if reply.get("id") == self._calls:
                assert "error" not in reply, reply
                return reply["result"]

    def value(self, expression):
        """What a JavaScript expression gives."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    def wait_for(self, selector, text=""):
        found = f"[...document.querySelectorAll({json.dumps(selector)})]"
        test = f"{found}.some((one) => one.textContent.includes({json.dumps(text)}))"
        wait_until(f"{selector} {text}", lambda: self.value(test), STEP)

    def click(self, selector):
        self.wait_for(selector)
        self.value(f"document.querySelector({json.dumps(selector)}).click()")

    def choose_file(self, selector, path):
        self.wait_for(selector)
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def log_in(self, login="admin"):
        self.wait_for("form.oe_login_form input[name=login]")
        self.value(
            f"document.querySelector('input[name=login]').value = '{login}';"
            f"document.querySelector('input[name=password]').value = '{login}';"
            "document.querySelector('form.oe_login_form').submit()"
        )

    def close(self):
        self._socket.close()
        httpx.get(f"{self._browser_url}/json/close/{self._id}", timeout=30)
