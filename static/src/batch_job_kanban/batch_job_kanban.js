import { registry } from "@web/core/registry";
import { KanbanController } from "@web/views/kanban/kanban_controller";
import { kanbanView } from "@web/views/kanban/kanban_view";

import { withLiveJobs } from "../live_jobs/live_jobs";

registry.category("views").add("batch_job_kanban", {
    ...kanbanView,
    Controller: withLiveJobs(KanbanController),
});
