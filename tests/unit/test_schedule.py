"""When a schedule runs, by the clock on the wall of a time zone."""

from datetime import datetime, timedelta

import pytest
import pytz

from engine.schedule import Clock, Rhythm, next_time

UTC = Clock(lambda moment: moment, lambda moment: moment)


def clock_of(name):
    """The clock that the addon uses: see `dispatch/wall_clock.py`."""
    zone = pytz.timezone(name)
    return Clock(
        lambda moment: pytz.utc.localize(moment).astimezone(zone).replace(tzinfo=None),
        lambda moment: zone.localize(moment).astimezone(pytz.utc).replace(tzinfo=None),
    )


BRUSSELS = clock_of("Europe/Brussels")


def series(first, rhythm, clock, count):
    """The first times of a schedule, on the wall."""
    moment, found = clock.to_utc(first) - timedelta(seconds=1), []
    for _time in range(count):
        moment = next_time(clock.to_utc(first), moment, rhythm, clock)
        found.append(clock.to_local(moment))
    return found


@pytest.mark.parametrize(
    ("rhythm", "expected"),
    [
        (Rhythm(6, "hours"), ["01-30 22", "01-31 04", "01-31 10"]),
        (Rhythm(1, "days"), ["01-30 22", "01-31 22", "02-01 22"]),
        (Rhythm(10, "days"), ["01-30 22", "02-09 22", "02-19 22"]),
        (Rhythm(1, "weeks"), ["01-30 22", "02-06 22", "02-13 22"]),
        (Rhythm(2, "weeks", (0, 4)), ["01-30 22", "02-09 22", "02-13 22", "02-23 22"]),
        (Rhythm(1, "weeks", (0, 1, 2)), ["02-02 22", "02-03 22", "02-04 22", "02-09 22"]),
        (Rhythm(1, "months"), ["01-30 22", "02-28 22", "03-30 22"]),
        (Rhythm(3, "months"), ["01-30 22", "04-30 22", "07-30 22"]),
    ],
)
def test_series_follows_its_rhythm(rhythm, expected):
    """A series begins with its first time (a Friday), and goes on as its rhythm says."""
    found = series(datetime(2026, 1, 30, 22), rhythm, UTC, len(expected))
    assert [f"{moment:%m-%d %H}" for moment in found] == expected


@pytest.mark.parametrize("rhythm", [Rhythm(1, "days"), Rhythm(1, "weeks", tuple(range(7)))])
def test_each_day_has_one_run(rhythm):
    """Each day has one run at the time on the wall, also where it is skipped or there twice."""
    for first in (datetime(2026, 3, 27, 2, 30), datetime(2026, 10, 23, 2, 30)):
        found = series(first, rhythm, BRUSSELS, 5)
        assert [one.date() for one in found] == [first.date() + timedelta(n) for n in range(5)]
        odd = 2 if first.month == 3 else None  # on March 29 there is no half past two
        times = [f"{one:%H:%M}" for number, one in enumerate(found) if number != odd]
        assert set(times) == {"02:30"}
        assert odd is None or f"{found[odd]:%H:%M}" == "03:30"


def test_hours_pass_through_summer_time():
    """Every 6 hours means 6 hours, whatever the clock on the wall does."""
    first = BRUSSELS.to_utc(datetime(2026, 3, 28, 22))
    moments = [first]
    for _time in range(3):
        moments.append(next_time(first, moments[-1], Rhythm(6, "hours"), BRUSSELS))
    assert [later - sooner for sooner, later in zip(moments, moments[1:], strict=False)] == [
        timedelta(hours=6)
    ] * 3


def test_a_month_without_the_day():
    """A series of the 31st is at the end of shorter months, and on the 31st again."""
    found = series(datetime(2027, 10, 31, 2), Rhythm(1, "months"), BRUSSELS, 7)
    assert [f"{one:%d.%m.}" for one in found] == [
        "31.10.", "30.11.", "31.12.", "31.01.", "29.02.", "31.03.", "30.04."
    ]  # fmt: skip


@pytest.mark.parametrize("unit", ["hours", "days", "weeks", "months"])
@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize("zone", ["Europe/Brussels", "America/Sao_Paulo", "Asia/Kathmandu"])
def test_always_the_next_one(unit, number, zone):
    """Whatever the clock says, the answer is the first time of the series after that."""
    clock, rhythm = clock_of(zone), Rhythm(number, unit)
    first = clock.to_utc(datetime(2026, 1, 31, 2, 30))
    times, moment = [], first - timedelta(seconds=1)
    while moment < first + timedelta(days=400):
        moment = next_time(first, moment, rhythm, clock)
        times.append(moment)
    assert times[0] == first
    step = timedelta(days=400) / 97
    for place in range(-3, 97):
        after = first + place * step
        expected = next(one for one in times if one > after)
        assert next_time(first, after, rhythm, clock) == expected


def test_a_server_that_was_down():
    """What was missed is not made up for: the next time is after now, however long ago it was."""
    first = datetime(2020, 1, 1, 2)
    found = next_time(first, datetime(2026, 11, 27, 16), Rhythm(1, "days"), BRUSSELS)
    assert BRUSSELS.to_local(found) == datetime(2026, 11, 28, 3)


def test_a_clock_that_is_set_back():
    """The next time after an earlier moment is the one that it was then."""
    first = BRUSSELS.to_utc(datetime(2026, 1, 5, 2))
    for day in (20, 10, 4):
        found = next_time(first, datetime(2026, 1, day, 12), Rhythm(1, "days"), BRUSSELS)
        assert BRUSSELS.to_local(found) == datetime(2026, 1, day + 1, 2)
