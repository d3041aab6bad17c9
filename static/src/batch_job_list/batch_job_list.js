import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

import { ask } from "../batch_job_form/batch_job_questions";
import { withLiveJobs } from "../live_jobs/live_jobs";

const VERB = /^action_(\w+)_selected$/;

export class BatchJobListController extends withLiveJobs(ListController) {
    setup() {
        super.setup(...arguments);
        this.notification = useService("notification");
    }

    /** Asks before a verb is done to the selected jobs, with the numbers that the server knows. */
    async beforeExecuteActionButton(clickParams) {
        const [, verb] = VERB.exec(clickParams.name) || [];
        if (verb && !(await this.isWanted(verb, clickParams.buttonContext.active_ids))) {
            return false;
        }
        return super.beforeExecuteActionButton(...arguments);
    }

    async isWanted(verb, ids) {
        const question = await this.orm.call("batch.job", "selection_question", [ids, verb]);
        const { count, title, text, button } = question;
        if (!count) {
            this.notification.add(text, { type: "warning" });
            return false;
        }
        const cancelLabel = _t("Go Back"); // beside a button “Cancel the Jobs”
        return ask(this.dialogService, { title, body: text, confirmLabel: button, cancelLabel });
    }
}

registry.category("views").add("batch_job_list", {
    ...listView,
    Controller: BatchJobListController,
});
