import { ImportAction } from "@base_import/import_action/import_action";
import { BaseImportModel } from "@base_import/import_model";
import { expect, test } from "@odoo/hoot";
import { makeMockEnv } from "@web/../tests/web_test_helpers";

const column = (fieldPath, type, id = fieldPath) => ({
    fieldInfo: { fieldPath, type, id, label: fieldPath },
});

function modelOf(...columns) {
    const binaryFilesParams = { binaryFiles: { value: {} } };
    return Object.assign(Object.create(BaseImportModel.prototype), { columns, binaryFilesParams });
}

const actionOf = (model, isBusy = false) =>
    Object.assign(Object.create(ImportAction.prototype), {
        model,
        state: {},
        background: { isBusy },
    });

test("columns that find records may be the key, each once", () => {
    const model = modelOf(
        column("ref", "char"),
        column("ref", "char"),
        column("country_id/id", "id", "country_id"),
        column("line_ids/id", "id", "id"),
        column("id", "id"),
        column("active", "boolean"),
        column("tag_ids", "many2many"),
        { fieldInfo: null }
    );
    expect(model.keyColumns).toEqual([
        ["ref", "ref"],
        ["country_id/id", "country_id/id"],
    ]);
});

test("not in the background while files are chosen, which only the browser has", async () => {
    await makeMockEnv();
    const model = modelOf(column("image_1920", "binary"));
    expect(actionOf(model).isBackgroundReady).toBe(true);
    model.binaryFilesParams.binaryFiles.value = { "logo.png": {} };
    expect(actionOf(model).isBackgroundReady).toBe(false);
    expect(String(actionOf(model).backgroundReason)).toMatch(/your browser must stay open/);
});

test("not before the columns are known, and not twice", () => {
    expect(actionOf(modelOf()).isBackgroundReady).toBe(false);
    expect(actionOf(modelOf(column("ref", "char")), true).isBackgroundReady).toBe(false);
});
