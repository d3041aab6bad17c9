from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..dispatch.admission import PARAMETERS, REQUEST_PARAMETER, largest_request_of_odoo
from ..dispatch.clean_up import DEFAULT_RETENTION, RETENTION_PARAMETER
from ..dispatch.slots import DEFAULT_RUNNERS, MOST_RUNNERS, RUNNERS_PARAMETER, Slots
from ..engine.admission import Limits
from ..engine.runners import CONNECTIONS_OF_A_RUNNER, FOR_OTHERS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    batch_job_runners = fields.Integer(
        "Runners",
        config_parameter=RUNNERS_PARAMETER,
        default=DEFAULT_RUNNERS,
        help="Chunks of all jobs that run at once; as many as the cron workers of all Odoo servers "
        "(--max-cron-threads), or fewer.",
    )
    batch_job_runners_possible = fields.Char(compute="_compute_batch_job_runners_possible")
    batch_job_retention_days = fields.Integer(
        "Keep Operations",
        config_parameter=RETENTION_PARAMETER,
        default=DEFAULT_RETENTION,
        help="Days after which the operations of an ended job are deleted; its summary stays.",
    )

    batch_job_open_per_user = fields.Integer(
        "Open Operations per User",
        config_parameter=PARAMETERS["per_user"],
        default=Limits.per_user,
        help="While more are open, new jobs of the user are answered 429 and have to wait.",
    )
    batch_job_open_in_all = fields.Integer(
        "Open Operations in All",
        config_parameter=PARAMETERS["in_all"],
        default=Limits.in_all,
        help="While more are open, new jobs of everybody are answered 429 and have to wait.",
    )
    batch_job_largest_job = fields.Integer(
        "Largest Job",
        config_parameter=PARAMETERS["job"],
        default=Limits.job,
        help="Operations of one job; a larger job is refused.",
    )
    batch_job_largest_request = fields.Integer(
        "Largest Request",
        config_parameter=REQUEST_PARAMETER,
        default=lambda self: largest_request_of_odoo(self.env),
        help="MiB of one request; a larger one is answered 413.",
    )

    @api.depends("company_id")
    def _compute_batch_job_runners_possible(self):
        self.batch_job_runners_possible = self._batch_job_runners_possible()

    def _batch_job_runners_possible(self) -> str:
        slots = Slots(self.env)
        possible = slots.possible_runners()
        text = (
            self.env._("1 runner is possible.")
            if possible == 1
            else self.env._("Up to %s runners are possible.", possible)
        )
        if possible == MOST_RUNNERS:
            return text
        why = self.env._(
            "PostgreSQL grants %(connections)s connections, of which %(others)s are left to HTTP "
            "workers and others, and a runner takes up to %(each)s. For more runners, raise "
            "PostgreSQL's max_connections.",
            connections=slots.connections(),
            others=FOR_OTHERS,
            each=CONNECTIONS_OF_A_RUNNER,
        )
        return f"{text} {why}"

    @api.constrains("batch_job_runners", "batch_job_retention_days")
    def _check_batch_job_settings(self):
        for settings in self:
            if not 1 <= settings.batch_job_runners <= MOST_RUNNERS:
                raise ValidationError(
                    self.env._("The number of runners is from 1 to %s.", MOST_RUNNERS)
                )
            # the present number stays allowed, so that people can save other settings
            slots = Slots(self.env)
            if settings.batch_job_runners > max(slots.possible_runners(), slots.wanted_runners()):
                raise ValidationError(self._batch_job_runners_possible())
            if settings.batch_job_retention_days < 1:
                raise ValidationError(self.env._("Keep operations for at least one day."))

    @api.constrains(
        "batch_job_open_per_user",
        "batch_job_open_in_all",
        "batch_job_largest_job",
        "batch_job_largest_request",
    )
    def _check_batch_job_limits(self):
        for settings in self:
            limits = (
                settings.batch_job_largest_job,
                settings.batch_job_open_per_user,
                settings.batch_job_open_in_all,
            )
            if not 1 <= limits[0] <= limits[1] <= limits[2]:
                raise ValidationError(
                    self.env._(
                        "The largest job has at least one operation, a user may have as many open "
                        "as the largest job has, and all users together as many as one user: else "
                        "a job would wait for ever."
                    )
                )
            if settings.batch_job_largest_request < 1:
                raise ValidationError(self.env._("The largest request has at least 1 MiB."))

    def set_values(self):
        slots = Slots(self.env)
        before = slots.wanted_runners()
        result = super().set_values()
        if self.batch_job_largest_request == largest_request_of_odoo(self.env):
            # whoever saves another setting leaves the limit to Odoo, also when Odoo's is changed
            self.env["ir.config_parameter"].sudo().set_param(REQUEST_PARAMETER, False)
        if slots.wanted_runners() != before:
            slots.follow_setting()
        return result
