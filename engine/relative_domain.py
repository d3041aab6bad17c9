"""The domain of a schedule: an expression that is evaluated at each run, so dates may be relative.

Only what Odoo's filters are made of is taken. What cannot be called here cannot do harm there.
"""

import ast

from .errors import BadRequest
from .messages import Grouped, _lt

LONGEST = 100_000  # characters
NAMES = {
    "context_today", "current_date", "datetime", "false", "now", "relativedelta", "time", "today",
    "true", "uid",
}  # fmt: skip
_CALLED = {"context_today", "relativedelta"}
_ATTRIBUTES = {
    "combine", "date", "datetime", "now", "strftime", "time", "timedelta", "to_utc",
}  # fmt: skip
# no multiplication: a short text could fill the memory
_OPERATORS = (ast.Add, ast.Sub, ast.USub)
_PARTS = (
    ast.Expression, ast.List, ast.Tuple, ast.Constant, ast.Name, ast.Attribute, ast.Call,
    ast.keyword, ast.BinOp, ast.UnaryOp, ast.Load, *_OPERATORS,
)  # fmt: skip


def check_domain(text: str) -> str:
    """Check the text of a domain, and return the text.

    :raises BadRequest: the message says what is not allowed

    >>> check_domain("[('create_date', '<', context_today() - relativedelta(years=1))]")[:16]
    "[('create_date',"
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        raise BadRequest(
            _lt(
                "%(name)s must be a text of at most %(most)s characters.",
                name="domain",
                most=Grouped(LONGEST),
            )
        )
    try:
        tree = ast.parse(text.strip(), mode="eval")
        problem = _problem(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise BadRequest(
            _lt("domain is no list of conditions, such as [('name', '=', 'A')].")
        ) from None
    if problem or not isinstance(tree.body, ast.List):
        raise BadRequest(
            _lt(
                "domain holds %(what)s; it takes a list of conditions, with texts, numbers, "
                "context_today(), relativedelta(…), datetime and uid, as Odoo's filters do.",
                what=problem or _lt("something that is no list"),
            )
        )
    return text.strip()


def _problem(tree: ast.Expression) -> str | None:
    """What is not allowed in an expression, in words; None if all of it is."""
    for part in ast.walk(tree):
        if not isinstance(part, _PARTS) or _is_odd(part):
            return ast.unparse(part)[:80]
        if isinstance(part, ast.Name) and part.id not in NAMES:
            return part.id
        if isinstance(part, ast.Attribute) and part.attr not in _ATTRIBUTES:
            return f".{part.attr}"
        if isinstance(part, ast.Call) and not _may_be_called(part):
            return f"{ast.unparse(part.func)[:80]}(…)"
    return None


def _is_odd(part: ast.AST) -> bool:
    if isinstance(part, ast.BinOp | ast.UnaryOp):
        return not isinstance(part.op, _OPERATORS)
    if isinstance(part, ast.Constant):
        return not (part.value is None or isinstance(part.value, bool | int | float | str))
    return False


def _may_be_called(call: ast.Call) -> bool:
    if any(keyword.arg is None for keyword in call.keywords):
        return False  # **something
    if isinstance(call.func, ast.Name):
        return call.func.id in _CALLED
    return isinstance(call.func, ast.Attribute)
