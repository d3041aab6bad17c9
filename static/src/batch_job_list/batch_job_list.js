import { registry } from "@web/core/registry";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

import { useLiveJobs, withoutForbiddenDelete } from "../live_jobs/live_jobs";

export class BatchJobListController extends ListController {
    setup() {
        super.setup(...arguments);
        useLiveJobs(() => this.model);
    }

    getStaticActionMenuItems() {
        const items = super.getStaticActionMenuItems();
        return withoutForbiddenDelete(items, () => this.model.root.selection);
    }
}

registry.category("views").add("batch_job_list", {
    ...listView,
    Controller: BatchJobListController,
});
