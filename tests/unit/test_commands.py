import pytest
from factories import relation_of

from engine.commands import Effect, effect, names_its_model

PARTNER = "res.partner"


@pytest.mark.parametrize(
    ("name", "command", "of_new", "of_known"),
    [
        ("child_ids", [0, 0, {}], Effect.CREATES, Effect.CREATES),
        ("child_ids", [1, 7, {}], Effect.CHANGES, Effect.CHANGES),
        ("child_ids", [2, 7, 0], Effect.CHANGES, Effect.CHANGES),
        ("child_ids", [3, 7, 0], Effect.CHANGES, Effect.CHANGES),
        ("child_ids", [4, 7, 0], Effect.CHANGES, Effect.CHANGES),
        ("child_ids", [5, 0, 0], Effect.LINKS, Effect.CHANGES),
        ("child_ids", [6, 0, [7]], Effect.CHANGES, Effect.CHANGES),
        ("tag_ids", [0, 0, {}], Effect.CREATES, Effect.CREATES),
        ("tag_ids", [1, 7, {}], Effect.CHANGES, Effect.CHANGES),
        ("tag_ids", [2, 7, 0], Effect.CHANGES, Effect.CHANGES),
        ("tag_ids", [3, 7, 0], Effect.LINKS, Effect.LINKS),
        ("tag_ids", [4, 7, 0], Effect.LINKS, Effect.LINKS),
        ("tag_ids", [5, 0, 0], Effect.LINKS, Effect.LINKS),
        ("tag_ids", [6, 0, [7]], Effect.LINKS, Effect.LINKS),
        ("tag_ids", (6, 0, (7,)), Effect.LINKS, Effect.LINKS),
        ("tag_ids", 7, Effect.CHANGES, Effect.CHANGES),
        ("tag_ids", [0, 0], Effect.CHANGES, Effect.CHANGES),
        ("country_id", [0, 0, {}], Effect.LINKS, Effect.LINKS),
        ("unknown", [0, 0, {}], Effect.LINKS, Effect.LINKS),
    ],
)
def test_effect_depends_on_field_and_links(name, command, of_new, of_known):
    """What a command does depends on the field, and on whether the record has links yet."""
    assert effect(PARTNER, {name: [command]}, relation_of, is_new=True) is of_new
    assert effect(PARTNER, {name: [command]}, relation_of, is_new=False) is of_known


def test_the_worst_command_counts():
    """At any depth, and among any number."""
    harmless = {"tag_ids": [[4, 1, 0]], "child_ids": [[0, 0, {"tag_ids": [[6, 0, [1]]]}]]}
    deep = {"child_ids": [[0, 0, {"tag_ids": [[0, 0, {"partner_ids": [[2, 7, 0]]}]]}]]}
    assert effect(PARTNER, harmless, relation_of, is_new=True) is Effect.CREATES
    assert effect(PARTNER, harmless | deep, relation_of, is_new=True) is Effect.CHANGES
    assert effect(PARTNER, {"name": "x"}, relation_of, is_new=True) is Effect.LINKS


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"name": "x", "country_id": 5}, False),
        ({"parent_id": 7}, True),
        ({"parent_id": False}, False),
        ({"source": "res.partner,7"}, True),
        ({"child_ids": [[0, 0, {}]]}, True),
        ({"tag_ids": [[0, 0, {"name": "t"}]]}, False),
        ({"tag_ids": [[0, 0, {"partner_ids": [[4, 7, 0]]}]]}, True),
    ],
)
def test_values_that_name_their_own_model(values, names):
    """A many2one or x2many of it, a reference to whatever, or one of these in a command."""
    assert names_its_model(PARTNER, values, relation_of) is names
