"""Find, in the text of a query, a statement that ends its transaction."""

import re

_NO_CODE = re.compile(
    r"""
      \b[eE]'(?:[^'\\]|''|\\.)*'      # a text with escapes
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | --[^\n]*
    | /\*.*?\*/
    | \$(\w*)\$.*?\$\1\$              # the body of a function
    | (?i:\bBEGIN\s+ATOMIC\b.*?\bEND\b)
    """,
    re.DOTALL | re.VERBOSE,
)
_ENDS = re.compile(
    r"""
    \s*(
        COMMIT | END | ABORT | BEGIN
      | START\s+TRANSACTION | PREPARE\s+TRANSACTION
      | ROLLBACK(?!\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b)
    )\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def ending_statement(query: str) -> str | None:
    """The words of the first statement that ends the transaction, or None.

    For this function a comment ends at the first `*/`. For PostgreSQL comments can be nested.

    >>> ending_statement("SELECT 1; /* done */ commit")
    'COMMIT'
    >>> ending_statement("SELECT 'a; COMMIT' -- ; COMMIT")
    >>> ending_statement("ROLLBACK TO SAVEPOINT own")
    """
    plain = query if not _may_hide(query) else _NO_CODE.sub(" ", query)
    for statement in plain.split(";"):
        if match := _ENDS.match(statement):
            return match[1].upper()
    return None


def _may_hide(query):
    """Whether the query may hold several statements or comments. Most queries do not."""
    return ";" in query or "--" in query or "/*" in query
