"""The clock on the wall of a time zone."""

import pytz

from ..engine.schedule import Clock


def clock_of(zone: str | None) -> Clock:
    """The clock of a time zone; of a zone that is not known, that of UTC.

    A time that is skipped when summer time begins is an hour later, and one that is there twice
    when summer time ends is the later one: so a schedule runs on that day, and once.
    """
    try:
        tz = pytz.timezone(zone or "UTC")
    except pytz.UnknownTimeZoneError:
        tz = pytz.utc

    def to_local(moment):
        return pytz.utc.localize(moment).astimezone(tz).replace(tzinfo=None)

    def to_utc(moment):
        local = tz.localize(moment, is_dst=False)
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    return Clock(to_local, to_utc)
