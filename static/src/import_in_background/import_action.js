import { ImportAction } from "@base_import/import_action/import_action";
import { ImportDataSidepanel } from "@base_import/import_data_sidepanel/import_data_sidepanel";
import { useState } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { patch } from "@web/core/utils/patch";

import { ImportKey } from "./import_key";

patch(ImportAction.prototype, {
    setup() {
        super.setup(...arguments);
        this.dialogService = useService("dialog");
        this.background = useState({ key: [], isBusy: false });
    },

    /** What the side panel shows of it. */
    get backgroundParams() {
        return {
            columns: this.model.keyColumns,
            key: this.background.key,
            onKeyChanged: (key) => (this.background.key = key),
            reason: this.backgroundReason,
        };
    },

    /** Why the file cannot be imported in the background; empty if it can. */
    get backgroundReason() {
        if (this.model.hasLocalFiles) {
            return _t(
                "Not in the background: your browser must stay open to send the files that you chose."
            );
        }
        if (this.state.previewError) {
            return _t("The file cannot be read.");
        }
        return "";
    },

    /** Not before the columns are known, and not twice. */
    get isBackgroundReady() {
        const hasColumns = this.model.columns.length > 0;
        return hasColumns && !this.backgroundReason && !this.background.isBusy;
    },

    async importInBackground(isTest) {
        if (!this.isBackgroundReady) {
            return; // a double click
        }
        this.background.isBusy = true;
        try {
            const skip = await this.askForRows();
            if (skip === undefined) {
                return;
            }
            this.model.block(isTest ? _t("Submitting the test") : _t("Submitting the rows"));
            let jobId;
            try {
                const { key } = this.background;
                jobId = await this.model.submitInBackground({ isTest, key, skip });
            } finally {
                this.model.unblock();
            }
            if (jobId) {
                await this.openJob(jobId);
            }
        } finally {
            this.background.isBusy = false;
        }
    },

    /**
     * How many rows to leave out. The dialog moves "Start at line" on by itself, batch by batch; so
     * ask whether that is meant.
     */
    askForRows() {
        const skip = parseInt(this.importOptions.skip) || 0;
        if (!skip) {
            return 0;
        }
        const rows = this.state.numRows - (this.importOptions.has_headers ? 1 : 0);
        return new Promise((resolve) => {
            this.dialogService.add(
                ConfirmationDialog,
                {
                    title: _t("Which rows?"),
                    body: _t(
                        "The dialog is set to start at line %(line)s. Rows left: %(left)s of %(all)s. All rows would import those before it again.",
                        {
                            line: skip + 1,
                            left: Math.max(rows - skip, 0),
                            all: rows,
                        }
                    ),
                    confirmLabel: _t("From line %s on", skip + 1),
                    confirm: () => resolve(skip),
                    cancelLabel: _t("All rows"),
                    cancel: () => resolve(0),
                    dismiss: () => resolve(undefined),
                },
                { onClose: () => resolve(undefined) }
            );
        });
    },

    openJob(jobId) {
        return this.actionService.doAction(
            {
                type: "ir.actions.act_window",
                res_model: "batch.job",
                res_id: jobId,
                views: [[false, "form"]],
                target: "current",
            },
            { stackPosition: "replaceCurrentAction" }
        );
    },
});

ImportDataSidepanel.components = { ...ImportDataSidepanel.components, ImportKey };
ImportDataSidepanel.props = {
    ...ImportDataSidepanel.props,
    background: { type: Object, optional: true },
};
