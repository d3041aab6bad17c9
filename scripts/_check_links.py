"""The rule of the pages: each link leads to a file and a heading that exist, a reader reaches each
page from the index, docs/README.md, and some page shows each picture.

Links to other sites are not followed: lint needs no network.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START = ROOT / "docs" / "README.md"
PICTURES = ROOT / "docs/images"
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(<?([^)<>\s]+)>?(?:\s+\"[^\"]*\")?\)")
_HEADING = re.compile(r"^#+\s+(.+?)\s*#*$", re.M)


def pages() -> list[Path]:
    """The pages that git knows, also new ones that are not committed yet."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", "*.md"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in names.splitlines() if (path := ROOT / name).exists()]


def links_of(text: str) -> Iterator[tuple[int, str]]:
    """Line and target of each link to a file here, or to a heading of the same page."""
    plain = _CODE.sub(_blanked, _FENCE.sub(_blanked, text))
    for match in _LINK.finditer(plain):
        if not re.match(r"[a-z]+:", match[1]):
            yield plain.count("\n", 0, match.start()) + 1, match[1]


def anchors_of(text: str) -> set[str]:
    """The anchors that GitHub makes of the headings.

    >>> sorted(anchors_of("# One `op`, two\\n## Same\\n## Same"))
    ['one-op-two', 'same', 'same-1']
    """
    found: dict[str, int] = {}
    anchors = set()
    for match in _HEADING.finditer(_FENCE.sub(_blanked, text)):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", match[1]).lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        count = found.get(anchor, 0)
        found[anchor] = count + 1
        anchors.add(f"{anchor}-{count}" if count else anchor)
    return anchors


def problems() -> Iterator[str]:
    texts = {path: path.read_text() for path in pages()}
    ways: dict[Path, set[Path]] = {path: set() for path in texts}
    unused = set(PICTURES.glob("*.png"))
    for page, text in texts.items():
        for line, target in links_of(text):
            name, _, anchor = target.partition("#")
            path = (page.parent / name).resolve() if name else page
            unused.discard(path)
            where = f"{page.relative_to(ROOT)}:{line}"
            if not path.exists():
                yield f"{where}: there is no {target}"
            elif anchor and (path not in texts or anchor not in anchors_of(texts[path])):
                yield f"{where}: {name or page.name} has no heading #{anchor}"
            ways[page] |= {path} if path in texts else _pages_in(path, texts)
    for page in sorted(texts.keys() - _reached(ways)):
        yield f"{page.relative_to(ROOT)}: no link leads to this page from docs/README.md"
    for picture in sorted(unused):
        yield f"{picture.relative_to(ROOT)}: no page shows this picture"


def _pages_in(folder: Path, texts) -> set[Path]:
    return {page for page in texts if folder.is_dir() and page.parent == folder}


def _reached(ways: dict[Path, set[Path]]) -> set[Path]:
    reached, left = set(), [START]
    while left:
        page = left.pop()
        if page not in reached:
            reached.add(page)
            left += ways[page]
    return reached


def _blanked(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def main() -> int:
    found = list(problems())
    print(*found, sep="\n", file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
