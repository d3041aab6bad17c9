"""A person without a mouse: the Tab key, Odoo's hotkeys, and what a screen reader is told."""

from dataclasses import dataclass

from chromium import until

MORE = 80  # presses of Tab: the bars of Odoo around a screen have their own stops
# made by Odoo within our screens: these are reached, but have no name
ODOOS = ".o_list_record_selector, .o_optional_columns_dropdown"
LETTERS = "[...document.querySelectorAll('.o_web_hotkey_overlay kbd')]"

# What can be used within `scope`, in the order of the page, each with its number and its looks
MARK = """scope => {
    const still = document.createElement("style");
    still.textContent = "*, ::before, ::after { transition: none !important; }";
    document.head.append(still);
    const parts = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow", "borderColor",
        "borderWidth", "backgroundColor", "backgroundImage", "color", "textDecorationLine",
        "opacity"];
    const around = one => [one, one.parentElement, one.parentElement.parentElement];
    window.looksOf = one => JSON.stringify(around(one).map(each => {
        const style = getComputedStyle(each);
        return parts.map(part => style[part]);
    }));
    const used = "button, a[href], input, select, textarea, summary, [tabindex='0']";
    const seen = one => one.checkVisibility({ visibilityProperty: true }) && !one.disabled
        && one.tabIndex >= 0 && !one.closest("[inert], .o_invisible_modifier");
    document.activeElement?.blur();
    document.querySelectorAll("[data-usable]").forEach(one => delete one.dataset.usable);
    const roots = [...document.querySelectorAll(scope)];
    const all = [...document.querySelectorAll(used)].filter(one =>
        seen(one) && roots.some(root => root.contains(one)));
    window.looksBefore = all.map(looksOf);
    return all.map((one, number) => (one.dataset.usable = number, one.outerHTML.slice(0, 160)));
}"""
STOP = """odoos => {
    const one = document.activeElement;
    if (!one?.dataset.usable) return null;
    const number = Number(one.dataset.usable);
    const { x, y, width, height } = one.getBoundingClientRect();
    const top = document.elementFromPoint(x + width / 2, y + Math.min(height / 2, innerHeight / 2));
    return {
        number,
        isOdoos: Boolean(one.closest(odoos)),
        isMarked: looksOf(one) !== looksBefore[number],
        isInView: Boolean(top) && (one.contains(top) || top.contains(one)),
        edges: {
            ...{ left: x, right: x + width },
            ...{ top: y + scrolled(one), bottom: y + height + scrolled(one) },
        },
    };
    function scrolled(one) {
        return one ? one.scrollTop + scrolled(one.parentElement) : 0;
    }
}"""


@dataclass(frozen=True)
class Stop:
    """Where the focus stands after a Tab."""

    number: int  # of the control, in the order of the page
    html: str
    name: str  # that a screen reader says
    is_marked: bool  # it looks different from before
    is_in_view: bool
    is_odoos: bool
    edges: dict

    def goes_back(self, before):
        """Whether it lies above the stop before it, and not in a column to the right."""
        above = self.edges["bottom"] <= before.edges["top"] + 1
        return above and self.edges["left"] < before.edges["right"] - 1


def walk(page, scope) -> tuple[list[str], list[Stop]]:
    """All that can be used within a scope, and the stops of the Tab key there."""
    usable = page.call(MARK, scope)
    stops, reached = [], set()
    for _press in range(len(usable) + MORE):
        page.press("Tab")
        found = page.call(STOP, ODOOS)
        if found and found["number"] in reached:
            break  # once round
        if found:
            reached.add(found["number"])
            stops.append(_stop(page, usable, found))
        if len(reached) == len(usable):
            break
    first = min(range(len(stops)), key=lambda place: stops[place].number, default=0)
    return usable, stops[first:] + stops[:first]  # the focus stood somewhere before


def _stop(page, usable, found):
    number = found["number"]
    marks = found["isMarked"], found["isInView"], found["isOdoos"]
    return Stop(number, usable[number], focused_name(page), *marks, found["edges"])


def focused_name(page) -> str:
    """What a screen reader calls the element that has the focus."""
    one = page.command("Runtime.evaluate", expression="document.activeElement")["result"]
    found = page.command(
        "Accessibility.getPartialAXTree", objectId=one["objectId"], fetchRelatives=False
    )
    return found["nodes"][0].get("name", {}).get("value", "")


def letters(page) -> list[tuple[str, str]]:
    """What Odoo shows while Alt is held: the text of each button and its letter."""
    alt = {"key": "Alt", "code": "AltLeft", "windowsVirtualKeyCode": 18}
    page.command("Input.dispatchKeyEvent", type="rawKeyDown", modifiers=1, **alt)
    page.wait(".o_web_hotkey_overlay")
    found = page.evaluate(
        f"""{LETTERS}.map(one => {{
            const button = one.parentElement.parentElement;
            const text = button.cloneNode(true);
            text.querySelectorAll(".o_web_hotkey_overlay").forEach(each => each.remove());
            const name = text.textContent.trim() || button.ariaLabel || button.title || "";
            return [name, one.textContent];
        }})"""
    )
    page.command("Input.dispatchKeyEvent", type="keyUp", **alt)
    page.until("no letters any more", "() => !document.querySelector('.o_web_hotkey_overlay')")
    return [(name, letter.lower()) for name, letter in found if letter]


def arrow_to(page, scope):
    """Press the arrow down until the focus is within a scope; Odoo may not listen to the first."""

    def reached():
        if page.call("css => Boolean(document.activeElement.closest(css))", scope):
            return True
        page.press("ArrowDown")
        page.settle()

    until(f"the arrow reaches {scope}", reached)
