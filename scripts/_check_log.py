"""Lines of WARNING and above in the logs of a test run that the list of expected ones lacks.

    _check_log.py EXPECTED FOLDER

EXPECTED has, for each kind of line, a comment with the reason and then a regular expression.
"""

import re
import sys
from pathlib import Path

LOUD_LINE = re.compile(r"\d{4}-\d\d-\d\d [\d:,]+ \d+ (WARNING|ERROR|CRITICAL) ")


def read_expected(path: Path) -> list[re.Pattern]:
    """The expressions of the list; each must stand right below its reason."""
    expected, reason = [], ""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            reason = line
        elif not line:
            reason = ""
        elif reason:
            expected.append(re.compile(line))
        else:
            sys.exit(f"{path}:{number}: no reason in a comment above {line!r}")
    return expected


def unexpected_lines(log: Path, expected: list[re.Pattern]) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()
    return [
        f"{log.name}:{number}: {line}"
        for number, line in enumerate(lines, 1)
        if LOUD_LINE.match(line) and not any(pattern.search(line) for pattern in expected)
    ]


def main(expected_path: str, folder: str) -> None:
    expected = read_expected(Path(expected_path))
    logs = sorted(Path(folder).glob("*.log"))
    found = [line for log in logs for line in unexpected_lines(log, expected)]
    if found:
        sys.exit("\n".join(["Log lines that nobody expected:", *found]))


if __name__ == "__main__":
    main(*sys.argv[1:])
