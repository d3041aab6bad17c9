"""A domain whose dates are relative, evaluated as the web client evaluates Odoo's filters."""

import datetime
from types import SimpleNamespace

from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.api import Environment
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.models import BaseModel
from odoo.tools.safe_eval import safe_eval

from ..engine.errors import BadRequest
from ..engine.messages import message_of
from ..engine.relative_domain import check_domain
from ..engine.schedule import Clock
from ..execution.in_words import in_words
from .wall_clock import clock_of


def found(records: BaseModel, text: str, **options) -> BaseModel:
    """The records that a domain finds at this moment, in the environment of `records`.

    :param options: as for `search`
    :raises UserError: it is no domain of this model
    """
    try:
        return records.search(evaluated(records.env, text), **options)
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(records.env._("The domain is not valid: %s", error)) from error


def evaluated(env: Environment, text: str) -> Domain:
    """The domain of a text, at this moment, with the words and the time zone of the user.

    Texts such as "today -30d" are left to Odoo, which reads them at each search.

    :raises UserError: it is no such domain
    """
    clock = clock_of(str(env.tz))
    try:
        return Domain(_plain(safe_eval(check_domain(text), _words(env, clock))))
    except BadRequest as error:
        raise UserError(in_words(env, message_of(error))) from error
    except (ValueError, TypeError) as error:
        raise UserError(env._("The domain is not valid: %s", error)) from error


def _words(env: Environment, clock: Clock) -> dict:
    """What an expression may name."""
    now = clock.to_local(fields.Datetime.now())
    moment = _moment_of(now, clock)
    date_format, time_format = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"
    return {
        "uid": env.uid,
        "context_today": now.date,
        "today": now.strftime(date_format),
        "current_date": now.strftime(date_format),
        "now": now.strftime(time_format),
        "relativedelta": relativedelta,
        "datetime": SimpleNamespace(
            date=datetime.date, time=datetime.time, timedelta=datetime.timedelta, datetime=moment
        ),
        "time": SimpleNamespace(strftime=now.strftime),
        "true": True,
        "false": False,
    }


def _moment_of(local_now: datetime.datetime, clock: Clock) -> type:
    """The web client's `datetime.datetime`: its times are local until `to_utc` is called."""

    class Moment(datetime.datetime):
        @classmethod
        def now(cls):
            return cls(*local_now.timetuple()[:6])

        def to_utc(self):
            return type(self)(
                *clock.to_utc(datetime.datetime(*self.timetuple()[:6])).timetuple()[:6]
            )

    return Moment


def _plain(value):
    """A value with its dates as texts."""
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if isinstance(value, datetime.datetime):
        return fields.Datetime.to_string(value.replace(microsecond=0))
    if isinstance(value, datetime.date):
        return fields.Date.to_string(value)
    return value
