"""Pictures of every screen into docs/images; called by scripts/screenshots."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chromium import Chromium, Page
from fill import Fill, Filled, at_work
from odoo_batch_job import Client
from PIL import Image
from screens import SCREENS, Screen, show

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts/_bench"))

from client_server import ADMIN, Server, make_key  # noqa: E402

WIDE, PHONE, PHONE_HEIGHT = 1400, 420, 900  # pixels
COLOURS = 64  # of a picture: its size on the disk is what it costs everybody
ARABIC = "ar_001"
ENDS = {"en_US": "", ARABIC: "_rtl"}  # of the names of pictures


def main() -> int:
    options = parse_arguments()
    chosen = [one for one in SCREENS if not options.names or one.name in options.names]
    options.folder.mkdir(parents=True, exist_ok=True)
    addons = f"--addons-path={os.environ['BATCH_JOB_ADDONS_PATH']}"
    server = Server(options.database, 0, 2, addons)
    failed = []
    key = make_key(options.database)
    with (
        server as url,
        Chromium() as browser,
        Client(url, database=options.database, api_key=key) as admin,
    ):
        filled = fill(admin, url, options.database, options.rows)
        with at_work(filled):
            # first what is mirrored: the last screen leaves a toast on the pages after it
            for language in sorted(options.languages, key=lambda one: one != ARABIC):
                speak(admin, filled, language)
                for made in pictures(browser, filled, chosen, language, options.folder, failed):
                    print(f"{made.stat().st_size / 1000:>6.0f} kB  {made}", flush=True)
    for complaint in failed:
        print(complaint, file=sys.stderr)
    return bool(failed)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/screenshots", description=__doc__)
    parser.add_argument("database", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help=", ".join(one.name for one in SCREENS))
    parser.add_argument("--folder", type=Path, default=ROOT / "docs/images")
    parser.add_argument(
        "--languages",
        nargs="+",
        default=["en_US", ARABIC],
        metavar="CODE",
        help="such as fr_FR de_DE (default en_US, and Arabic for what is mirrored)",
    )
    parser.add_argument("--rows", type=int, default=2_000, help="of the larger jobs (default 2000)")
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    unknown = set(options.names).difference(one.name for one in SCREENS)
    if unknown:
        parser.error(f"no such screen: {', '.join(sorted(unknown))}")
    return options


def fill(admin: Client, url: str, database: str, rows: int) -> Filled:
    filling = Fill(url, database, admin, lambda user: make_key(database, user))
    filling.people()
    filling.of_paula(rows)
    filling.schedules()
    filling.own_addon()
    return filling.filled


def install(admin: Client, language: str) -> None:
    domain = [["code", "=", language], ["active", "=", False]]
    found = admin.call("res.lang", "search", {"domain": domain})
    if found:
        values = [{"lang_ids": [[6, 0, found]]}]
        [wizard] = admin.call("base.language.install", "create", {"vals_list": values})
        admin.call("base.language.install", "lang_install", {"ids": [wizard]})


def speak(admin: Client, filled: Filled, language: str) -> None:
    """Give everybody a language; a session takes it at its log-in."""
    install(admin, language)
    everybody = [*filled.users.values(), ADMIN]
    admin.call("res.users", "write", {"ids": everybody, "vals": {"lang": language}})


def pictures(
    browser: Chromium,
    filled: Filled,
    chosen: list[Screen],
    language: str,
    folder: Path,
    failed: list[str],
) -> Iterator[Path]:
    for screen in chosen:
        if language == ARABIC and not screen.rtl:
            continue
        with logged_in(browser, filled, screen.user) as page:
            for width in (WIDE, PHONE) if screen.phone else (WIDE,):
                end = ENDS.get(language, f"_{language[:2]}")
                target = folder / f"{screen.name}{'' if width == WIDE else '_phone'}{end}.png"
                page.size(width, screen.height if width == WIDE else PHONE_HEIGHT)
                try:
                    show(page, filled.url, screen, filled)
                    save(page.picture(), target)
                except (AssertionError, RuntimeError) as error:
                    failed.append(f"{target.stem}: {error}")
                    continue
                yield target


@contextmanager
def logged_in(browser: Chromium, filled: Filled, login: str) -> Iterator[Page]:
    page = browser.page()
    page.set_cookie(filled.url, "session_id", filled.session(login))
    yield page
    page.close()


def save(picture: bytes, target: Path) -> None:
    """With few colours, which a screen of texts and lines does not need more of."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
