import { browser } from "@web/core/browser/browser";
import { Domain } from "@web/core/domain";
import { useService } from "@web/core/utils/hooks";
import { status, useComponent, useEffect } from "@odoo/owl";

import { offeredWhere } from "../offered";

export const RELOAD_EVERY = 5000; // milliseconds
const MOST_ASKED = 100; // jobs at work

/**
 * Reads a list or a board of jobs again while a job that belongs to it is at work, also one in a
 * folded group or on another page. Jobs that the user has selected stay as they are.
 *
 * @param {() => import("@web/model/relational_model/relational_model").RelationalModel} getModel
 */
function useLiveJobs(getModel) {
    const component = useComponent();
    const orm = useService("orm");
    let atWork = "";

    async function look() {
        const { root } = getModel();
        if (document.hidden || root.selection?.length) {
            return;
        }
        const domain = Domain.and([root.domain, [["needs_runner", "=", true]]]).toList({});
        try {
            const ids = await orm.silent.search("batch.job", domain, { limit: MOST_ASKED });
            const before = atWork;
            atWork = String(ids);
            // read once more after the last job has ended
            const isDue = atWork || before;
            const isThere = status(component) !== "destroyed" && root === getModel().root;
            if (isDue && isThere && !root.selection?.length) {
                await root.load();
            }
        } catch {
            // perhaps offline: the next reading may succeed
        }
    }

    useEffect(
        () => {
            const timer = browser.setInterval(look, RELOAD_EVERY);
            return () => browser.clearInterval(timer);
        },
        () => []
    );
}

/** The controller of a list or a board of jobs: live, and without what somebody may not delete. */
export const withLiveJobs = (Controller) =>
    class extends Controller {
        setup() {
            super.setup(...arguments);
            useLiveJobs(() => this.model);
        }

        getStaticActionMenuItems() {
            const items = super.getStaticActionMenuItems();
            return offeredWhere(items, ["delete"], "can_delete", () => this.model.root.selection);
        }
    };
