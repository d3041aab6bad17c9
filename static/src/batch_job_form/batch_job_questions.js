import { _t } from "@web/core/l10n/translation";
import { formatInteger } from "@web/views/fields/formatters";

/** What is asked before a button acts; undefined if it asks nothing. */
export function questionOf(button, job) {
    const questions = { action_cancel: cancelQuestion, action_run_for_real: realQuestion };
    return questions[button]?.(job);
}

function cancelQuestion(job) {
    const left = job.total - job.succeeded - job.failed - job.skipped;
    const numbers = { stays: formatInteger(job.succeeded), left: formatInteger(left) };
    const keepsNothing = job.dry_run || job.policy === "all";
    return {
        title: _t("Cancel this job?"),
        body: keepsNothing
            ? _t("%(left)s operations will not run, and nothing is kept.", numbers)
            : _t("%(stays)s are done and stay; %(left)s will not run.", numbers),
        confirmLabel: _t("Cancel the Job"),
        confirmClass: "btn-danger",
        cancelLabel: _t("Go Back"),
    };
}

function realQuestion(job) {
    const numbers = { count: formatInteger(job.total), what: job.what || "" };
    return {
        title: _t("Run for real?"),
        body: job.what
            ? _t("This keeps what it does, of %(count)s operations: %(what)s.", numbers)
            : _t("This keeps what it does, of %(count)s operations.", numbers),
        confirmLabel: _t("Run for Real"),
        cancelLabel: _t("Go Back"),
    };
}
