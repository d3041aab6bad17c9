import pytest

from engine.ending_statements import ending_statement


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("COMMIT", "COMMIT"),
        ("  begin;", "BEGIN"),
        ("/* COMMIT */ ROLLBACK WORK", "ROLLBACK"),
        ("-- why\nCOMMIT AND CHAIN", "COMMIT"),
        ("SELECT 1; COMMIT", "COMMIT"),
        ("SELECT E'it\\'s; '; Start  Transaction", "START  TRANSACTION"),
        ("SELECT 'C:\\'; COMMIT; --'", "COMMIT"),
        ("PREPARE TRANSACTION 'x'", "PREPARE TRANSACTION"),
    ],
)
def test_what_ends_the_transaction(query, words):
    """It is found behind comments, texts and other statements."""
    assert ending_statement(query) == words


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "ROLLBACK TO SAVEPOINT own",
        "ROLLBACK TRANSACTION TO own",
        "SELECT '; COMMIT'; SELECT \"; COMMIT\"",
        "SELECT 1 -- ; COMMIT",
        "SELECT E'\\'; COMMIT'",
        "DO $do$ BEGIN PERFORM 1; END $do$;",
        "SELECT CASE WHEN a THEN 1\nEND FROM b",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
        "SELECT endless FROM commits; SELECT 2",
    ],
)
def test_what_does_not(query):
    """Words in texts, names, comments and bodies of functions are no statements."""
    assert ending_statement(query) is None
