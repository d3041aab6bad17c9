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

/** "1 row", "500 rows" */
const rowsOf = (count) => (count === 1 ? _t("1 row") : _t("%s rows", formatInteger(count)));

/** Such as "500 rows: Change: 500 × Contact". */
function whatOf(job) {
    const rows = rowsOf(job.total);
    return job.what ? _t("%(rows)s: %(what)s", { rows, what: job.what }) : rows;
}

/** One sentence for each count that there is. */
const sentences = (...parts) => parts.filter(Boolean).join(" ");

function willRun(count) {
    return count === 1 ? _t("1 row will run.") : _t("%s rows will run.", formatInteger(count));
}

function willNotRun(count) {
    return count === 1
        ? _t("1 row will not run.")
        : _t("%s rows will not run.", formatInteger(count));
}

function willStay(count) {
    return count === 1
        ? _t("1 row is done and stays.")
        : _t("%s rows are done and stay.", formatInteger(count));
}

function wereStopped(count) {
    return count === 1
        ? _t("1 row that the cancel has stopped will run.")
        : _t("%s rows that the cancel has stopped will run.", formatInteger(count));
}

function willRunAgain(count) {
    return count === 1
        ? _t("1 failed row will run again.")
        : _t("%s failed rows will run again.", formatInteger(count));
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
    const keepsNothing = job.dry_run || job.policy === "all";
    return {
        title: _t("Cancel this job?"),
        body: keepsNothing
            ? sentences(willNotRun(leftOf(job)), _t("Nothing is kept."))
            : sentences(willStay(job.succeeded), willNotRun(leftOf(job))),
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
    return {
        title: _t("Run what is left?"),
        body: sentences(wereStopped(job.cancelled), job.failed && willRunAgain(job.failed)),
        confirmLabel: _t("Run What Is Left"),
        cancelLabel: _t("Go Back"),
    };
}

function skipQuestion(job) {
    return {
        title: _t("Leave out the failed row?"),
        body: sentences(_t("It stays failed."), willRun(leftOf(job))),
        confirmLabel: _t("Resume without It"),
        cancelLabel: _t("Go Back"),
    };
}
