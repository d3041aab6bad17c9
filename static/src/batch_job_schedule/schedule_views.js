import { registry } from "@web/core/registry";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

/** A manager sees the schedules of others, and pauses them by a button: all else is their owner's. */
function offeredToEditors(items, getRecords) {
    for (const name of ["archive", "unarchive", "delete"]) {
        const { isAvailable } = items[name];
        items[name].isAvailable = () =>
            isAvailable() && getRecords().every((record) => record.data.may_edit !== false);
    }
    return items;
}

class ScheduleFormController extends FormController {
    getStaticActionMenuItems() {
        return offeredToEditors(super.getStaticActionMenuItems(), () => [this.model.root]);
    }
}

class ScheduleListController extends ListController {
    getStaticActionMenuItems() {
        return offeredToEditors(super.getStaticActionMenuItems(), () => this.model.root.selection);
    }
}

const views = registry.category("views");
views.add("batch_job_schedule_form", { ...formView, Controller: ScheduleFormController });
views.add("batch_job_schedule_list", { ...listView, Controller: ScheduleListController });
