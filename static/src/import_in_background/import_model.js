import { BaseImportModel } from "@base_import/import_model";
import { _t } from "@web/core/l10n/translation";
import { patch } from "@web/core/utils/patch";

const KEY_TYPES = ["char", "text", "integer", "many2one", "selection", "date", "datetime"];

/** Whether existing records can be found by a column. The server knows it exactly. */
function canBeKey({ fieldInfo }) {
    if (!fieldInfo) {
        return false;
    }
    // the id of a many2one has the many2one's own id, that of the record or a line has not
    const isReference = fieldInfo.type === "id" && fieldInfo.id !== "id";
    return isReference || KEY_TYPES.includes(fieldInfo.type);
}

patch(BaseImportModel.prototype, {
    /** The columns that may find existing records, as [path, label]; each once. */
    get keyColumns() {
        const found = new Map();
        for (const column of this.columns.filter(canBeKey)) {
            found.set(column.fieldInfo.fieldPath, column.fieldInfo.label);
        }
        return [...found];
    },

    get hasLocalFiles() {
        return Object.keys(this.binaryFilesParams.binaryFiles.value).length > 0;
    },

    /**
     * Have the server make a job of the file. What is wrong is shown as the dialog shows it.
     *
     * @param {{ isTest: boolean, key: string[], skip: number }} choices
     * @returns {Promise<number|undefined>} the job's id
     */
    async submitInBackground({ isTest, key, skip }) {
        this._updateComments();
        this.importMessages = [];
        const options = { ...this.formattedImportOptions, skip };
        const fields = this.columns.map((one) => Boolean(one.fieldInfo) && one.fieldInfo.fieldPath);
        const columns = this.columns.map((one) => one.name.trim().toLowerCase());
        try {
            const { id, messages } = await this.orm.silent.call(
                "base_import.import",
                "import_in_background",
                [this.id, fields, columns, options],
                {
                    dryrun: isTest,
                    key: key.filter((path) => fields.includes(path)),
                    context: { ...this.context, tracking_disable: options.tracking_disable },
                }
            );
            if (messages.length) {
                this._handleImportErrors(messages, []);
            }
            return id || undefined;
        } catch (error) {
            const told = error.data?.arguments?.[0] || error.data?.message;
            this._addMessage("danger", [
                told ||
                    _t(
                        "The server did not answer. Try again: a file that has become a job already is not imported twice."
                    ),
            ]);
        }
    },
});
