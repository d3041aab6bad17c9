import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";
import { useEffect } from "@odoo/owl";

export const RELOAD_EVERY = 5000; // milliseconds

/** Reloads while a job in sight is at work, unless the user has selected some. */
export class BatchJobListController extends ListController {
    setup() {
        super.setup(...arguments);
        useEffect(
            () => {
                const timer = browser.setInterval(() => this.reloadIfLive(), RELOAD_EVERY);
                return () => browser.clearInterval(timer);
            },
            () => []
        );
    }

    async reloadIfLive() {
        const { records, selection } = this.model.root;
        if (document.hidden || selection.length || !records.some((r) => r.data.needs_runner)) {
            return;
        }
        try {
            await this.model.root.load();
        } catch {
            // offline, say: the next one may get through
        }
    }
}

registry.category("views").add("batch_job_list", {
    ...listView,
    Controller: BatchJobListController,
});
