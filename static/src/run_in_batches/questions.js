import { _t } from "@web/core/l10n/translation";

/**
 * What is asked before a job is started from a list.
 *
 * @param {string} kind what is to be done
 * @param {Object} words `counted` ("12,431 Contacts"), `name`, `fields`, `calls`, `confirm`,
 *      `isOneCall`
 */
export function questionOf(kind, words) {
    const bodies = {
        update: _t("This updates %(counted)s: %(fields)s.", words),
        archive: _t("This archives %(counted)s.", words),
        unarchive: _t("This unarchives %(counted)s.", words),
        delete: _t("This deletes %(counted)s. They cannot be brought back.", words),
        action: words.isOneCall
            ? _t("This runs “%(name)s” on %(counted)s, in one call.", words)
            : _t("This runs “%(name)s” on %(counted)s, in %(calls)s calls.", words),
        button: _t("This presses “%(name)s” for %(counted)s, one by one.", words),
    };
    return {
        title: _t("Start the job?"),
        body: [bodies[kind], words.confirm].filter(Boolean).join("\n\n"),
        confirmLabel: _t("Start"),
        confirmClass: kind === "delete" ? "btn-danger" : "btn-primary",
        cancelLabel: _t("Go Back"),
    };
}
