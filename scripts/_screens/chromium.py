"""Chromium without a window, moved over its DevTools protocol; no library but a websocket."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import websocket

NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run"),
    *("--remote-debugging-port=0", "--remote-allow-origins=*", "--disable-extensions"),
    *("--hide-scrollbars", "--force-device-scale-factor=1", "--no-proxy-server"),
)
PATIENCE = 60.0  # seconds until something that should come has failed to
POLL = 0.05  # seconds
PHONE = 600  # pixels; narrower pages belong to a phone
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, "Backspace": 8, "ArrowDown": 40}
MODIFIERS = {"Alt": 1, "Control": 2, "Shift": 8}


class Chromium:
    """One browser. Each page of it has cookies of its own, as in another person's browser."""

    def __init__(self, *options: str):
        self._folder = tempfile.mkdtemp(prefix="chromium-")
        program = next(filter(None, map(shutil.which, NAMES)), None)
        if not program:
            raise RuntimeError("no chromium: scripts/setup browser gets one")
        self._process = subprocess.Popen(
            [program, *OPTIONS, *options, f"--user-data-dir={self._folder}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._number = 0
        self._errors: dict[str, list[str]] = {}
        self._requests: dict[str, list[str]] = {}
        self._socket = websocket.create_connection(self._address(), timeout=PATIENCE)

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _address(self) -> str:
        """Where it listens; it writes that into its folder."""
        found = Path(self._folder, "DevToolsActivePort")

        def said() -> list[str]:
            if self._process.poll() is not None:
                raise RuntimeError("chromium ended at once")
            return found.read_text().split() if found.exists() else []

        port, path = until("chromium listens", lambda: said() if len(said()) == 2 else None)
        return f"ws://127.0.0.1:{port}{path}"

    def command(self, method: str, session: str | None = None, **params: Any) -> dict:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._socket.send(json.dumps({**message, **({"sessionId": session} if session else {})}))
        while True:
            reply = json.loads(self._socket.recv())
            self._note(reply)
            if reply.get("id") == self._number:
                if "error" in reply:
                    raise RuntimeError(f"{method}: {reply['error']['message']}")
                return reply["result"]

    def _note(self, message: dict) -> None:
        """Keep what a page tells unasked."""
        session = message.get("sessionId", "")
        if message.get("method") == "Runtime.exceptionThrown":
            details = message["params"]["exceptionDetails"]
            text = details.get("exception", {}).get("description") or details["text"]
            self._errors.setdefault(session, []).append(text)
        if message.get("method") == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            self._requests.setdefault(session, []).append(url)

    def errors_of(self, session: str) -> list[str]:
        return self._errors.get(session, [])

    def requests_of(self, session: str) -> list[str]:
        return self._requests.get(session, [])

    def page(self, beside: Page | None = None) -> Page:
        """A new page.

        :param beside: a page of the same person, whose cookies it shares; default: of a new one
        """
        context = beside.context if beside else self.command("Target.createBrowserContext")
        target = self.command("Target.createTarget", url="about:blank", **context)["targetId"]
        attached = self.command("Target.attachToTarget", targetId=target, flatten=True)
        return Page(self, context, target, attached["sessionId"])


class Page:
    def __init__(self, browser: Chromium, context: dict, target: str, session: str):
        self.context, self.target = context, target
        self._browser, self._session = browser, session
        for domain in ("Page", "Runtime", "Network", "DOM"):
            self.command(f"{domain}.enable")
        # else a page behind another one would get no focus, and so no keys
        self.command("Emulation.setFocusEmulationEnabled", enabled=True)

    def close(self) -> None:
        self._browser.command("Target.closeTarget", targetId=self.target)

    def command(self, method: str, **params: Any) -> dict:
        return self._browser.command(method, self._session, **params)

    @property
    def errors(self) -> list[str]:
        """What the page's scripts have thrown and nobody caught."""
        self.evaluate("1")  # to read what was sent meanwhile
        return self._browser.errors_of(self._session)

    def requests(self, part: str) -> int:
        """How often the page has asked for an address with this in it."""
        self.evaluate("1")
        return sum(part in url for url in self._browser.requests_of(self._session))

    def before_it(self) -> Page:
        """Another page of the same window: this one is not seen until that is closed."""
        self.command("Emulation.setFocusEmulationEnabled", enabled=False)
        return self._browser.page(beside=self)

    def set_cookie(self, url: str, name: str, value: str) -> None:
        self.command("Network.setCookie", url=url, name=name, value=value)

    def size(self, width: int, height: int) -> None:
        params = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.command("Emulation.setDeviceMetricsOverride", mobile=width < PHONE, **params)
        self.command("Emulation.setTouchEmulationEnabled", enabled=width < PHONE)

    def open(self, url: str) -> None:
        self.command("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        params = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        reply = self.command("Runtime.evaluate", **params)
        if "exceptionDetails" in reply:
            details = reply["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return reply["result"].get("value")

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function of JavaScript."""
        given = ", ".join(map(json.dumps, arguments))
        return self.evaluate(f"({function})({given})")

    def text(self, selector: str) -> str | None:
        """The text of the first element that matches; None if there is none."""
        return self.call("css => document.querySelector(css)?.innerText.trim() ?? null", selector)

    def value(self, selector: str) -> str | None:
        return self.call("css => document.querySelector(css)?.value ?? null", selector)

    def wait(self, selector: str, patience: float = PATIENCE) -> None:
        """Until an element that matches is on the page, and is seen."""
        there = "css => [...document.querySelectorAll(css)].some(one => one.checkVisibility())"
        until(f"{selector} on the page", lambda: self._try(there, selector), patience)

    def until(self, what: str, function: str, *arguments: Any, patience: float = PATIENCE) -> Any:
        """Until a function of JavaScript gives something true."""
        return until(what, lambda: self._try(function, *arguments), patience)

    def _try(self, function: str, *arguments: Any) -> Any:
        try:
            return self.call(function, *arguments)
        except RuntimeError:
            return None  # between two pages there is nothing to ask

    def settle(self) -> None:
        """Until the page has drawn what it has, with its fonts, and nothing moves any more."""
        self.evaluate(
            """(async () => {
                await document.fonts.ready;
                for (const one of document.getAnimations()) {
                    if (Number.isFinite(one.effect?.getComputedTiming().endTime)) one.finish();
                }
                for (let n = 0; n < 3; n++) await new Promise(requestAnimationFrame);
            })()"""
        )

    def click(self, selector: str) -> None:
        """Click with the mouse on the first element that matches and is seen."""
        self.wait(selector)
        x, y = self.call(
            """css => {
                const found = [...document.querySelectorAll(css)];
                const one = found.find(one => one.checkVisibility());
                one.scrollIntoView({ block: "center", behavior: "instant" });
                const { x, y, width, height } = one.getBoundingClientRect();
                return [x + width / 2, y + height / 2];
            }""",
            selector,
        )
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = {"button": "left", "clickCount": 1} if kind != "mouseMoved" else {}
            self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)

    def type(self, text: str, between: Callable[[], object] = lambda: None) -> None:
        """Type into what has the focus, letter by letter.

        :param between: called after each letter
        """
        for letter in text:
            for kind in ("keyDown", "keyUp"):
                self.command("Input.dispatchKeyEvent", type=kind, text=letter, key=letter)
            between()

    def press(self, key: str, *modifiers: str) -> None:
        """Press a key, such as Tab or a letter; modifiers are Alt, Control and Shift."""
        code = KEYS.get(key) or ord(key.upper())
        held = sum(MODIFIERS[one] for one in modifiers)
        params = {"key": key, "windowsVirtualKeyCode": code, "modifiers": held}
        params["code"] = key if key in KEYS else f"Key{key.upper()}"
        if key == "Enter":
            params["text"] = "\r"
        for kind in ("keyDown" if key == "Enter" else "rawKeyDown", "keyUp"):
            self.command("Input.dispatchKeyEvent", type=kind, **params)

    def choose_files(self, selector: str, *paths: Path) -> None:
        """Choose files for an input, as its dialog would."""
        document = self.command("DOM.getDocument")["root"]["nodeId"]
        found = self.command("DOM.querySelector", nodeId=document, selector=selector)
        self.command("DOM.setFileInputFiles", nodeId=found["nodeId"], files=list(map(str, paths)))

    def picture(self) -> bytes:
        """What is seen, as PNG."""
        return base64.b64decode(self.command("Page.captureScreenshot", format="png")["data"])


def until(what: str, condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Give the first true value of a condition."""
    end = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience:g} s: {what}")
        time.sleep(POLL)
    return value
