"""The sum of pytest's junit files (*.xml), as the last line of a test run; fails if no test ran.

_count_tests.py FOLDER
"""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree


def count(report: Path) -> Counter:
    total = Counter()
    for suite in ElementTree.parse(report).iter("testsuite"):
        tests, failures, errors, skipped = (
            int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")
        )
        total["passed"] += tests - failures - errors - skipped
        total["failed"] += failures + errors
        total["skipped"] += skipped
    return total


def main(folder: str) -> None:
    total = sum(map(count, Path(folder).glob("*.xml")), Counter())
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}", flush=True)
    if not total["passed"] + total["failed"]:
        sys.exit("no test ran")


if __name__ == "__main__":
    main(*sys.argv[1:])
