import { _t } from "@web/core/l10n/translation";
import { unique } from "@web/core/utils/arrays";
import { patch } from "@web/core/utils/patch";
import { ListController } from "@web/views/list/list_controller";

import { RunInBatchesDialog } from "./run_in_batches_dialog";

patch(ListController.prototype, {
    getStaticActionMenuItems() {
        return {
            ...super.getStaticActionMenuItems(...arguments),
            batchJob: {
                // the server says so with the view: see `get_views`
                isAvailable: () => Boolean(this.props.info.actionMenus?.batch_job),
                sequence: 20,
                icon: "fa fa-tasks",
                description: _t("Run in Batches…"),
                callback: () => this.runInBatches(),
            },
        };
    },

    runInBatches() {
        const { root } = this.model;
        // the ids of a selected domain are cut by the browser: only the server may look them up
        const chosen = root.isDomainSelected
            ? { domain: root.domain }
            : { ids: unique(root.selection.map((record) => record.resId)) };
        const isAll =
            root.isDomainSelected || (!root.isGrouped && root.selection.length === root.count);
        const views = Object.fromEntries(
            (this.env.config.views || []).map(([id, type]) => [type, id])
        );
        this.dialogService.add(RunInBatchesDialog, {
            ...chosen,
            // for a schedule, which looks for the records itself: so all of them must be meant
            domainText: isAll ? this.env.searchModel?.domainString : undefined,
            resModel: root.resModel,
            context: root.context,
            label: this.env.config.getDisplayName?.() || "",
            viewId: Number(views.form) || 0,
            listId: Number(views.list) || 0,
            mayEdit: this.activeActions.edit,
            mayArchive: this.archiveEnabled,
            mayDelete: this.activeActions.delete,
        });
    },
});
