"""The dependency rule: which folder of the addon may import which.

controllers, wizards -> models -> dispatch -> execution -> engine -> the standard library, and
formats beside engine. Inside execution: its top -> orm -> checks -> transaction -> worker; orm and
checks may also import the top's `failures` and `in_words`. The client and the scripts import
nothing of the addon, except by name in `_bench/costs.py`.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PURE = {"engine", "formats"}  # plain Python: the standard library only
OUTSIDE = {"client/src", "benchmarks", "scripts"}
TRANSACTION_AND_BELOW = {"execution/transaction", "execution/worker"}
OF_THE_TOP = {"execution/failures", "execution/in_words"}
CHECKS_AND_BELOW = {"execution/checks", *TRANSACTION_AND_BELOW}
MAY_IMPORT = {
    "engine": set(),
    "formats": {"engine"},
    "execution": {"engine"},
    "execution/orm": {"engine", *OF_THE_TOP, *CHECKS_AND_BELOW},
    "execution/checks": {"engine", *OF_THE_TOP, *TRANSACTION_AND_BELOW},
    "execution/transaction": {"engine", "execution/worker"},
    "execution/worker": {"engine"},
    "dispatch": {"engine", "execution"},
    "models": {"dispatch", "engine", "execution", "formats"},
    "wizards": {"dispatch", "engine", "formats", "models"},
    "controllers": {"engine", "formats", "models"},
}


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of each import; a relative one as `.folder` seen from the root."""
    for node in ast.walk(ast.parse(path.read_text(), path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parts[: -node.level]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from ((node.lineno, "." + ".".join([*package, name])) for name in names)


def is_allowed(folder: str, name: str) -> bool:
    path = name.lstrip(".").replace(".", "/")
    if folder in OUTSIDE:
        return not name.startswith("odoo.addons")
    if name.startswith("."):
        return any(f"{path}/".startswith(f"{room}/") for room in {folder, *MAY_IMPORT[folder]})
    if folder in PURE:
        return path.split("/")[0] in sys.stdlib_module_names
    return not name.startswith("odoo.addons.batch_job")


def main() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {folder}/ may not import {name}"
        for folder in [*MAY_IMPORT, *OUTSIDE]
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name in imports_of(path)
        if not is_allowed(folder, name)
    ]
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
