import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { formatInteger } from "@web/views/fields/formatters";

/** Asks; gives whether the answer is yes. */
export function ask(dialogService, question) {
    return new Promise((resolve) => {
        dialogService.add(
            ConfirmationDialog,
            { ...question, confirm: () => resolve(true), cancel: () => resolve(false) },
            { onClose: () => resolve(false) }
        );
    });
}

/** What is asked before a button acts; undefined if it asks nothing. */
export function questionOf(button, job) {
    const questions = {
        action_start: startQuestion,
        action_cancel: cancelQuestion,
        action_run_for_real: realQuestion,
        action_retry_cancelled: restQuestion,
        action_resume_skip: skipQuestion,
    };
    return questions[button]?.(job);
}

const leftOf = (job) => job.total - job.succeeded - job.failed - job.skipped;

/** Such as "500 rows: Change: 500 × Contact". */
function whatOf(job) {
    const count = formatInteger(job.total);
    return job.what ? _t("%(count)s rows: %(what)s", { count, what: job.what }) : _t("%s rows", count);
}

function startQuestion(job) {
    const what = whatOf(job);
    return {
        title: _t("Start this job?"),
        body: job.dry_run
            ? _t("This tries %(what)s. Nothing will be kept.", { what })
            : _t("This carries out %(what)s. What is done stays.", { what }),
        confirmLabel: _t("Start"),
        cancelLabel: _t("Go Back"),
    };
}

function cancelQuestion(job) {
    const numbers = { stays: formatInteger(job.succeeded), left: formatInteger(leftOf(job)) };
    const keepsNothing = job.dry_run || job.policy === "all";
    return {
        title: _t("Cancel this job?"),
        body: keepsNothing
            ? _t("%(left)s rows will not run, and nothing is kept.", numbers)
            : _t("%(stays)s are done and stay; %(left)s will not run.", numbers),
        confirmLabel: _t("Cancel the Job"),
        confirmClass: "btn-danger",
        cancelLabel: _t("Go Back"),
    };
}

function realQuestion(job) {
    return {
        title: _t("Run for real?"),
        body: _t("This keeps what it does, of %(what)s.", { what: whatOf(job) }),
        confirmLabel: _t("Run for Real"),
        cancelLabel: _t("Go Back"),
    };
}

function restQuestion(job) {
    const numbers = { left: formatInteger(job.cancelled), failed: formatInteger(job.failed) };
    return {
        title: _t("Run what is left?"),
        body: job.failed
            ? _t(
                  "%(left)s rows that the cancel has stopped will run, and the %(failed)s failed ones again.",
                  numbers
              )
            : _t("%(left)s rows that the cancel has stopped will run.", numbers),
        confirmLabel: _t("Run What Is Left"),
        cancelLabel: _t("Go Back"),
    };
}

function skipQuestion(job) {
    return {
        title: _t("Leave out the failed row?"),
        body: _t("It stays failed; %(left)s rows will run.", { left: formatInteger(leftOf(job)) }),
        confirmLabel: _t("Resume without It"),
        cancelLabel: _t("Go Back"),
    };
}
