"""The sum of pytest's junit files (*.xml), as the last line of a test run; fails if no test ran.

    _count_tests.py FOLDER

A test counts once, however many subtests it has: the sum in the files' heads counts those too.
"""

import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree


def outcome(case: ElementTree.Element) -> str:
    children = {child.tag for child in case}
    if children & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in children else "passed"


def main(folder: str) -> None:
    reports = map(ElementTree.parse, sorted(Path(folder).glob("*.xml")))
    total = Counter(outcome(case) for report in reports for case in report.iter("testcase"))
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}", flush=True)
    if not total["passed"] + total["failed"]:
        sys.exit("no test ran")


if __name__ == "__main__":
    main(*sys.argv[1:])
