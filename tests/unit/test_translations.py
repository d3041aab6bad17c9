"""The terms of i18n/: complete, and with the placeholders of the English ones."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("fr", "de")
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[.\d]*[sdrf%]|\$\{[^}]*\}|\{\w*\}|</?\w+")


def terms_of(name: str) -> dict[str, polib.POEntry]:
    return {entry.msgid: entry for entry in polib.pofile(str(ROOT / "i18n" / name))}


def templates() -> Iterator[str]:
    """The first arguments of `_lt` in the files of the addon that use it."""
    for folder in ("engine", "execution", "dispatch"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "_lt":
                    yield ast.literal_eval(node.args[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_is_translated(language):
    """Each term of the .pot is in the .po, none is empty or fuzzy."""
    translated = {
        term
        for term, entry in terms_of(f"{language}.po").items()
        if entry.msgstr and not entry.fuzzy
    }
    assert set(terms_of("batch_job.pot")) - translated == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_of_the_engine_is_translated(language):
    """A message that is new or changed is exported by `scripts/terms`, and translated."""
    assert set(templates()) - set(terms_of(f"{language}.po")) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_term(language):
    """Each as often, and the same tags: a placeholder too many would cost the whole sentence."""
    different = {
        term: entry.msgstr
        for term, entry in terms_of(f"{language}.po").items()
        if sorted(_PLACEHOLDER.findall(term)) != sorted(_PLACEHOLDER.findall(entry.msgstr))
    }
    assert different == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_button_is_a_verb(language):
    """*Schedule* is the name of a button; the noun has other terms."""
    verb, noun = {"fr": ("Planifier", "planification"), "de": ("Planen", "Zeitplan")}[language]
    terms = terms_of(f"{language}.po")
    assert terms["Schedule"].msgstr == verb
    assert noun in terms["Started by Schedule"].msgstr
    named = [term for term in terms if "<i>Schedule</i>" in term]
    assert named
    assert [terms[term].msgstr.count(f"<i>{verb}</i>") for term in named] == [
        term.count("<i>Schedule</i>") for term in named
    ]
