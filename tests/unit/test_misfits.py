import pytest

from engine.misfits import CHECKED, is_misfit, lines_of

HUGE = 10**400


@pytest.mark.parametrize("kind", [*CHECKED, "json", "of another app"])
@pytest.mark.parametrize("value", [None, False])
def test_nothing_empties_every_field(kind, value):
    """null and false say "empty", in any type of field."""
    assert not is_misfit(kind, value)


@pytest.mark.parametrize("kind", ["json", "properties", "properties_definition", "of another app"])
@pytest.mark.parametrize("value", ["x", 1.5, True, [1], {"a": 1}])
def test_a_type_that_is_not_known_takes_everything(kind, value):
    """What is not known is Odoo's own business."""
    assert not is_misfit(kind, value)


@pytest.mark.parametrize("kind", CHECKED)
def test_values_from_inside_odoo(kind):
    """What is no JSON came from code of Odoo, which knows what it does."""
    assert not is_misfit(kind, object())
    assert not is_misfit(kind, (7, "seven"))


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (
            "integer",
            [-(2**31), 2**31 - 1, "-2147483648", "+7"],
            [2**31, -(2**31) - 1, "2147483648"],
        ),
        ("integer", [1e9], [1e10, HUGE, "9" * 5000, "٣", "0x10", "1.0"]),
        (
            "float",
            [1e300, "-.5", "1.", "1E-3"],
            [HUGE, "nan", "inf", "1e999", "1_0", "٣", ".", "e1"],
        ),
        ("monetary", ["12.50"], ["12,50", "€ 12", "1 000"]),
        ("many2one", [1, 2**31 - 1], [2**31, HUGE, 1.0, "1"]),
        ("date", ["2024-02-29"], ["2023-02-29", "0000-01-01", "2026-W01-1", " 2026-01-31"]),
        (
            "datetime",
            ["2026-01-31 23:59:59"],
            ["2026-01-31 24:00:00", "2026-01-31 10:60", "2026-1-31"],
        ),
        (
            "reference",
            ["res.partner,7"],
            ["res.partner,0", "res.partner,-1", ",7", "a,b,7", "a,9999999999"],
        ),
        ("boolean", [True, 0, 1, 0.0, 1.0], [-1, 2, "1", [], HUGE]),
    ],
)
def test_misfits_are_beyond_the_bounds(kind, good, bad):
    """A number keeps within what the column holds, a date within the calendar."""
    assert [value for value in good if is_misfit(kind, value)] == []
    assert [value for value in bad if not is_misfit(kind, value)] == []


@pytest.mark.parametrize("kind", ["one2many", "many2many"])
def test_commands_need_their_parts(kind):
    """Each command has its parts, of the right types, and stands among commands."""
    good = ([0, 0, {}], [0, "virtual_1", {}], [1, 7, {}], [2, 7], [3, 7, 0], [4, 7], [5], [5, 0, 0])
    good += ([6, 0, []], [6, False, [7]])
    bad = ([0, 0], [0, 0, []], [0, {}], [1, "7", {}], [1, 0, {}], [2], [4, 0], [4, 7.0], [6, 0, 7])
    bad += ([6, 0, ["7"]], [-1, 7], [4, 7, 0, 0], [True, 7, {}], [4.0, 7], ["4", 7], {}, "x")
    assert not is_misfit(kind, list(good))
    assert [command for command in good if is_misfit(kind, [command])] == []
    assert [command for command in bad if not is_misfit(kind, [[4, 7], command])] == []
    assert is_misfit(kind, [7, [4, 7]])


def test_lines_of_what_is_no_list():
    """Where there are no commands there are no lines."""
    assert [lines_of(value) for value in ("[[0, 0, {}]]", 7, {"a": 1}, [7], None)] == [[]] * 5
