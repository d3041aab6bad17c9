"""What the domain of a schedule may hold."""

import pytest

from engine.errors import BadRequest
from engine.relative_domain import LONGEST, check_domain

TAKEN = [
    "[]",
    " [('active', '=', True)] ",
    "['&', ('user_id', '=', uid), ('id', 'in', [1, 2, -3])]",
    "[('write_date', '<', 'today -1y')]",
    "[('date', '>=', (context_today() - relativedelta(days=7)).strftime('%Y-%m-%d'))]",
    "[('date', '<', datetime.datetime.combine(context_today(), datetime.time(0, 0, 0)).to_utc())]",
    "[('date', '<', datetime.datetime.now() - datetime.timedelta(hours=1))]",
    "[('date', '=', time.strftime('%Y-%m-01'))]",
    "[('date', '<', today), ('done', '=', false)]",
]
REFUSED = {
    "": "domain is no list of conditions",
    "[('a', '=', 1": "domain is no list of conditions",
    "'a'": "domain holds something that is no list",
    "context_today()": "domain holds something that is no list",
    "[('a', '=', user.id)]": "domain holds .id;",
    "[('a', '=', env)]": "domain holds env;",
    "[('a', '=', open('x'))]": "domain holds open(…);",
    "[('a', '=', uid.__class__)]": "domain holds .__class__;",
    "[('a', '=', time.sleep(9))]": "domain holds .sleep;",
    "[('a', '=', 'x' * 10)]": "domain holds 'x' * 10;",
    "[('a', '=', '%s' % 9)]": "domain holds '%s' % 9;",
    "[('a', '=', 'x'.replace('x', 'xx'))]": "domain holds .replace;",
    "[('a', '=', not uid)]": "domain holds not uid;",
    "[('a', '=', 9 ** 9)]": "domain holds 9 ** 9;",
    "[x for x in [1]]": "domain holds [x for x in [1]];",
    "[(lambda: 1)()]": "domain holds",
    "[('a', '=', f'{uid}')]": "domain holds",
    "[('a', '=', b'x')]": "domain holds b'x';",
    "[('a', '=', relativedelta(**{}))]": "domain holds relativedelta(…);",
    "[*[1]]": "domain holds *[1];",
    "[('a', '=', {'b': 1})]": "domain holds {'b': 1};",
    "[('a', '=', (x := 1))]": "domain holds",
    "[('a', '=', 1)] if 1 else []": "domain holds",
}


@pytest.mark.parametrize("text", TAKEN)
def test_words_of_filters_are_taken(text):
    """Texts, numbers, and the words of Odoo's filters are taken as they are."""
    assert check_domain(text) == text.strip()


@pytest.mark.parametrize("text", REFUSED)
def test_all_else_is_refused(text):
    """All else is refused, by its name."""
    with pytest.raises(BadRequest, match="^domain ") as refusal:
        check_domain(text)
    assert str(refusal.value).startswith(REFUSED[text])


@pytest.mark.parametrize("text", [None, [], "[" * 90_000, "[" + "1," * LONGEST + "]"])
def test_domain_must_be_short_text(text):
    """What is no text, too long or nested too deeply is refused in a sentence."""
    with pytest.raises(BadRequest, match="^domain "):
        check_domain(text)
