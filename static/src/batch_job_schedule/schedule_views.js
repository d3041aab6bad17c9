import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { FormController } from "@web/views/form/form_controller";
import { formView } from "@web/views/form/form_view";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { onWillDestroy } from "@odoo/owl";

import { offeredWhere } from "../offered";

// a manager sees the schedules of others, and pauses them by a button: all else is their owner's
const OF_EDITORS = ["archive", "unarchive", "delete"];

/** A form that reads its schedule again after a run. What somebody edits is left alone. */
class ScheduleFormController extends FormController {
    setup() {
        super.setup(...arguments);
        const bus = useService("bus_service");
        const onRun = ({ id }) => this.readAgain(id);
        bus.subscribe("batch_job/schedule", onRun);
        onWillDestroy(() => bus.unsubscribe("batch_job/schedule", onRun));
    }

    async readAgain(id) {
        const root = this.model.root;
        if (id === root.resId && !root.dirty) {
            await root.load();
        }
    }

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
