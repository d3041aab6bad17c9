"""When a schedule runs: every so many hours, days, weeks or months, by the clock on the wall."""

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

UNITS = {"hours": "Hours", "days": "Days", "weeks": "Weeks", "months": "Months"}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST = 1_000  # units from one run to the next


@dataclass(frozen=True)
class Clock:
    """The clock on the wall of a time zone: from UTC to its time, and back. No time has a zone."""

    to_local: Callable[[datetime], datetime]
    to_utc: Callable[[datetime], datetime]


@dataclass(frozen=True)
class Rhythm:
    """`weekdays` is of weeks: 0 is Monday; without one, it is the weekday of the first run."""

    number: int
    unit: str
    weekdays: tuple[int, ...] = ()


def next_time(first: datetime, after: datetime, rhythm: Rhythm, clock: Clock) -> datetime:
    """The earliest time of a series that is after a moment. All times are UTC.

    Days, weeks and months keep the time of the day, also when summer time begins or ends. Each time
    is counted from the first one, so a series of the 31st is at the end of each shorter month, and
    on the 31st again.

    >>> utc = Clock(to_local=lambda moment: moment, to_utc=lambda moment: moment)
    >>> first = datetime(2026, 1, 31, 2)
    >>> next_time(first, datetime(2026, 2, 1), Rhythm(1, "months"), utc)
    datetime.datetime(2026, 2, 28, 2, 0)
    >>> next_time(first, datetime(2026, 3, 1), Rhythm(1, "months"), utc)
    datetime.datetime(2026, 3, 31, 2, 0)
    """
    if rhythm.unit == "hours":
        step = timedelta(hours=rhythm.number)
        return first + max((after - first) // step + 1, 0) * step
    start = clock.to_local(first)
    days = _DAYS[rhythm.unit](start.date(), clock.to_local(after).date(), rhythm)
    moments = (clock.to_utc(datetime.combine(day, start.time())) for day in days)
    return next(moment for moment in moments if moment > after)


# Each gives the days of a series in order, from one that is not after `day`, if there is one.


def _every_days(start: date, day: date, rhythm: Rhythm) -> Iterator[date]:
    passed = max((day - start).days // rhythm.number, 0)
    while True:
        yield start + timedelta(days=passed * rhythm.number)
        passed += 1


def _every_weeks(start: date, day: date, rhythm: Rhythm) -> Iterator[date]:
    monday = start - timedelta(days=start.weekday())
    passed = max((day - monday).days // 7 // rhythm.number, 0)
    while True:
        for weekday in sorted(rhythm.weekdays) or [start.weekday()]:
            one = monday + timedelta(weeks=passed * rhythm.number, days=weekday)
            if one >= start:
                yield one
        passed += 1


def _every_months(start: date, day: date, rhythm: Rhythm) -> Iterator[date]:
    months = 12 * (day.year - start.year) + day.month - start.month
    passed = max(months // rhythm.number, 0)
    if passed and _months_later(start, passed * rhythm.number) > day:
        passed -= 1
    while True:
        yield _months_later(start, passed * rhythm.number)
        passed += 1


def _months_later(start: date, months: int) -> date:
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


_DAYS = {"days": _every_days, "weeks": _every_weeks, "months": _every_months}
