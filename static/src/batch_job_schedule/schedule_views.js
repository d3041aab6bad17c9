import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

import { offeredWhere } from "../offered";

// a manager sees the schedules of others, and pauses them by a button: all else is their owner's
const OF_EDITORS = ["archive", "unarchive", "delete"];

class ScheduleFormController extends FormController {
    getStaticActionMenuItems() {
        const items = super.getStaticActionMenuItems();
        return offeredWhere(items, OF_EDITORS, "may_edit", () => [this.model.root]);
    }
}

class ScheduleListController extends ListController {
    getStaticActionMenuItems() {
        const items = super.getStaticActionMenuItems();
        return offeredWhere(items, OF_EDITORS, "may_edit", () => this.model.root.selection);
    }
}

const views = registry.category("views");
views.add("batch_job_schedule_form", { ...formView, Controller: ScheduleFormController });
views.add("batch_job_schedule_list", { ...listView, Controller: ScheduleListController });
