import { registry } from "@web/core/registry";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";

import { useLiveJobs, withoutForbiddenDelete } from "../live_jobs/live_jobs";

export class BatchJobKanbanController extends KanbanController {
    setup() {
        super.setup(...arguments);
        useLiveJobs(() => this.model);
    }

    getStaticActionMenuItems() {
        const items = super.getStaticActionMenuItems();
        return withoutForbiddenDelete(items, () => this.model.root.selection);
    }
}

registry.category("views").add("batch_job_kanban", {
    ...kanbanView,
    Controller: BatchJobKanbanController,
});
