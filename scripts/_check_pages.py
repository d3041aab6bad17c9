"""The rules of the text of the pages: a line has at most 120 characters, and a test runs each
sample. With `--fix` it wraps the paragraphs that have a longer line.

Tables, headings and fenced blocks cannot be wrapped. Which samples a test runs: those of a page
that tests/acceptance reads with `blocks`, `samples_of` or `shell_samples`.
"""

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from _check_links import ROOT, pages

WIDTH = 120
TESTS = ROOT / "tests" / "acceptance"
RUN = {"python", "sh", "sql", "xml"}  # languages of samples that a reader runs
PLAIN = {"", "json", "mermaid", *RUN}  # and those of what they print, and of drawings
OF_THE_SETUP = re.compile(r"^(scripts/|odoo |python3 -m pip )")  # not inside the tests

_FENCE = re.compile(r"^ *(```|~~~)(\w*)")
_ITEM = re.compile(r"^( *)([-*+] |\d+\. )?")
_FIXED = re.compile(r"^\s*([|#>]|$|<|!\[)")
_CODE_SPAN = re.compile(r"`[^`]{1,70}`")
_MARKER_TO_BE = re.compile(r" (?=(?:[-+*#>|]|\d+[.)])(?: |$))")  # would begin an item in a new line


def problems(path: Path, text: str) -> Iterator[str]:
    name = path.relative_to(ROOT)
    lines = text.splitlines()
    for number in _too_long(lines):
        length = len(lines[number])
        yield f"{name}:{number + 1}: a line of {length} characters; run scripts/lint --fix"
    for number in _indented_code(lines):
        yield f"{name}:{number + 1}: a sample without a fence: no test finds it"
    for language, block in _blocks(lines):
        if language not in PLAIN:
            yield f"{name}: a sample in {language}, which no test runs"
        elif language in RUN and not OF_THE_SETUP.match(block) and not _is_read(str(name)):
            yield f"{name}: no test runs the samples of this page"


def wrapped(text: str) -> str:
    """The text with its long paragraphs wrapped.

    >>> [len(line) for line in wrapped("- " + "word " * 23 + "`a b` end").splitlines()]
    [116, 11]
    """
    lines = text.splitlines()
    while (number := next(_too_long(lines), None)) is not None:
        first, end = _paragraph(lines, number)
        new = _fill(lines[first:end])
        if new == lines[first:end]:
            break  # a word that is longer than a line
        lines[first:end] = new
    return "\n".join(lines) + "\n"


def _too_long(lines: list[str]) -> Iterator[int]:
    """Numbers of the lines that could be wrapped: they have a place for a break."""
    for number in _prose(lines):
        line = lines[number]
        if len(line) > WIDTH and not _FIXED.match(line) and len(_fill([line])) > 1:
            yield number


def _prose(lines: list[str]) -> Iterator[int]:
    is_fenced = False
    for number, line in enumerate(lines):
        if _FENCE.match(line):
            is_fenced = not is_fenced
        elif not is_fenced:
            yield number


def _indented_code(lines: list[str]) -> Iterator[int]:
    """Lines of four spaces that begin a block outside a list."""
    for number in _prose(lines):
        before = next((line for line in reversed(lines[:number]) if line and line[0] != " "), "")
        is_in_list = _ITEM.match(before)[2]
        if lines[number].startswith("    ") and not lines[number - 1] and not is_in_list:
            yield number


def _blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Language and text of each fenced block."""
    text = "\n".join(lines)
    for match in re.finditer(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.M | re.S):
        yield match[2], match[3]


def _is_read(name: str) -> bool:
    return any(f'"{name}"' in test.read_text() for test in TESTS.glob("test_*.py"))


def _paragraph(lines: list[str], number: int) -> tuple[int, int]:
    first, end = number, number + 1
    while first and not _ITEM.match(lines[first])[2] and not _is_border(lines[first - 1]):
        first -= 1
    while end < len(lines) and not _is_border(lines[end]) and not _ITEM.match(lines[end])[2]:
        end += 1
    return first, end


def _is_border(line: str) -> bool:
    return bool(_FIXED.match(line) or _FENCE.match(line))


def _fill(lines: list[str]) -> list[str]:
    indent, marker = _ITEM.match(lines[0]).groups("")
    text = " ".join(line.strip() for line in lines)[len(marker) :]
    text = _CODE_SPAN.sub(lambda match: match[0].replace(" ", "\0"), text)
    text = _MARKER_TO_BE.sub("\0", text)
    new = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent + marker,
        subsequent_indent=indent + " " * len(marker),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") for line in new]


def main() -> int:
    texts = {path: path.read_text() for path in pages()}
    if "--fix" in sys.argv[1:]:
        for path, text in texts.items():
            if (new := wrapped(text)) != text:
                path.write_text(new)
        return 0
    found = [problem for path, text in texts.items() for problem in problems(path, text)]
    found = list(dict.fromkeys(found))
    print(*found, sep="\n", file=sys.stderr, end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
