"""The messages of the engine in the languages of Odoo."""

from odoo.api import Environment
from odoo.exceptions import UserError
from odoo.tools.misc import formatLang

from ..engine.messages import Grouped, Text


def in_words(env: Environment, said: str) -> str:
    """A message of the engine in the language of an environment, as a mere text.

    Every other text stays as it is: Odoo said it, or it was translated before.
    """
    if not isinstance(said, Text):
        return said
    if _lang(env) in (None, "en_US"):
        return str(said)
    arguments = {name: _argument(env, value) for name, value in said.arguments.items()}
    return env._(said.template, **arguments)


def _lang(env) -> str | None:
    try:
        return env.lang
    except UserError:  # it is not installed any more
        return None


def _argument(env, value):
    if isinstance(value, Grouped):
        return formatLang(env, int(value), digits=0)
    return in_words(env, value)
