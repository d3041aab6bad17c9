"""Every screen of `scripts/_screens/screens.py` for those who cannot see or use a mouse."""

import os
from pathlib import Path

import pytest
from chromium import Chromium
from fill import Fill, at_work
from odoo_batch_job import Client
from screens import SCREENS, show

ROWS = 200  # of the larger jobs
WIDTHS = (1400, 420)  # pixels
NARROW = ("partly_done", "overview")  # tried on a phone, too
WORST = ("serious", "critical")
# our screens are in there; the bars above them are Odoo's own
OURS = (".o_action_manager", ".modal", ".o_notification_manager")
# of axe-core, each with the reason why it is no fault of ours
LEFT_OUT = {}
RUN = """async (ours, leftOut) => {
    const include = ours.filter(css => document.querySelector(css)).map(css => [css]);
    const rules = Object.fromEntries(leftOut.map(rule => [rule, { enabled: false }]));
    const found = await axe.run({ include }, { resultTypes: ["violations"], rules });
    return found.violations.map(({ id, impact, help, nodes }) => ({
        id, impact, help, nodes: nodes.map(({ target, html }) => [target.join(" "), html]),
    }));
}"""


@pytest.fixture(scope="module")
def axe():
    path = Path(os.environ["BATCH_JOB_AXE"])
    assert path.exists(), "axe-core is missing: scripts/setup browser gets it, and needs npm"
    return path.read_text()


@pytest.fixture(scope="module")
def filled(server, database):
    with Client(server.url, database=database.name, api_key=database.make_key()) as admin:
        filling = Fill(server.url, database.name, admin, database.make_key)
        filling.people()
        filling.of_paula(ROWS)
    with at_work(filling.filled):
        yield filling.filled


@pytest.fixture(scope="module")
def pages(filled):
    """A page for each person, by login."""
    with Chromium() as browser:
        found = {}
        for login in {screen.user for screen in SCREENS}:
            found[login] = browser.page()
            found[login].set_cookie(filled.url, "session_id", filled.session(login))
        yield found


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_axe_finds_nothing_serious(filled, pages, axe, screen):
    """axe-core finds nothing serious or critical on the screen."""
    page = pages[screen.user]
    for width in WIDTHS if screen.name in NARROW else WIDTHS[:1]:
        page.size(width, screen.height)
        show(page, filled.url, screen, filled)
        page.evaluate(f"{axe}; undefined")
        found = page.call(RUN, list(OURS), list(LEFT_OUT))
        assert [one for one in found if one["impact"] in WORST] == [], width


# what can be used, and the order of the keyboard: nothing visible is left out
USABLE = """scope => [...document.querySelectorAll(scope)].flatMap(root =>
    [...root.querySelectorAll("button, a[href], input, select, textarea, summary, [tabindex='0']")]
).filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.disabled
    && one.tabIndex >= 0 && !one.closest("[inert], .o_invisible_modifier"))
 .map((one, number) => (one.dataset.usable = number, one.outerHTML.slice(0, 120)))"""
FOCUSED = "() => document.activeElement?.dataset.usable ?? null"


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("partly_done", ".o_form_statusbar, .o_form_sheet"),
        ("overview", ".o_batch_job_overview_content"),
    ],
)
def test_keyboard_reaches_everything(filled, pages, name, scope):
    """The Tab key goes through everything that a mouse can use, and to each only once."""
    [screen] = [one for one in SCREENS if one.name == name]
    page = pages[screen.user]
    page.size(WIDTHS[0], screen.height)
    show(page, filled.url, screen, filled)
    usable = page.call(USABLE, scope)
    assert len(usable) > 5
    reached = []
    for _press in range(len(usable) + 60):  # the bars of Odoo have some, too
        page.press("Tab")
        reached.append(page.call(FOCUSED))
    missing = [html for number, html in enumerate(usable) if str(number) not in reached]
    assert missing == []


def test_bar_is_announced(filled, pages):
    """A screen reader is told the bar in words, and a polite region says what changes."""
    [screen] = [one for one in SCREENS if one.name == "running"]
    page = pages[screen.user]
    show(page, filled.url, screen, filled)
    nodes = page.command("Accessibility.getFullAXTree")["nodes"]
    bars = [one for one in nodes if one.get("role", {}).get("value") == "progressbar"]
    said = [{p["name"]: p["value"].get("value") for p in one["properties"]} for one in bars]
    words = [one.get("valuetext") for one in said]
    assert any("done" in text and "left" in text for text in words if text), words
    live = "() => document.querySelector('.o_form_view [aria-live=polite]') !== null"
    assert page.call(live)
