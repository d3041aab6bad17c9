import copy
import json
import pickle

import pytest

from engine.errors import BadOperation, BadOperations
from engine.messages import Grouped, Text, _lt, joined, message_of
from engine.submitted import check_operations


def test_a_message_is_english_and_keeps_what_it_was_made_of():
    """To everybody who knows nothing of languages, a message is a text."""
    text = _lt("row has %(cells)s cells for %(fields)s fields.", cells=1, fields=2)
    assert text == "row has 1 cells for 2 fields."
    assert json.dumps([text]) == '["row has 1 cells for 2 fields."]'
    assert text.template == "row has %(cells)s cells for %(fields)s fields."
    assert text.arguments == {"cells": 1, "fields": 2}


def test_a_message_without_arguments_may_hold_a_percent_sign():
    """As in Odoo, only a message with arguments is formatted."""
    assert _lt("up to 100 % of it") == "up to 100 % of it"
    assert _lt("up to %(most)s %% of it", most=100) == "up to 100 % of it"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_of_a_message_can_be_said_in_another_language_too(copied):
    text = copied(_lt("%(name)s must be %(kind)s.", name="ids", kind=_lt("a list")))
    assert (text, text.template) == ("ids must be a list.", "%(name)s must be %(kind)s.")
    assert text.arguments["kind"].template == "a list"


def test_several_messages_stay_messages():
    """Their templates are terms of their own; the lines between them are not."""
    text = joined("\n", [_lt("it holds %(what)s", what="100 %"), "plain"])
    assert text == "it holds 100 %\nplain"
    assert [isinstance(one, Text) for one in text.arguments.values()] == [True, False]


def test_a_large_number_is_grouped():
    assert _lt("at most %(most)s", most=Grouped(1_000_000)) == "at most 1,000,000"


def test_what_an_error_says_stays_a_message():
    """`str` of the error is the English sentence."""
    error = BadOperation(3, _lt("ids is missing."))
    said = message_of(error)
    assert (str(error), said) == ("Operation 3: ids is missing.",) * 2
    assert said.template == "Operation %(index)s: %(problem)s"
    assert said.arguments["problem"].template == "ids is missing."
    assert type(message_of(ValueError("plain"))) is str
    assert message_of(ValueError()) == ""


def test_each_of_several_bad_operations_stays_a_message():
    with pytest.raises(BadOperations) as caught:
        check_operations([{"op": "unlink", "model": "a"}, "text"])
    first, second = message_of(caught.value).arguments.values()
    assert first.arguments["problem"].template == (
        "ids is missing; give a list of record ids, such as [7, 8]."
    )
    assert second.arguments["problem"].arguments["kind"].template == "a text"
