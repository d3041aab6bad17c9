import { beforeEach, describe, expect, test } from "@odoo/hoot";
import { animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    defineWebModels,
    fields,
    getService,
    makeMockServer,
    mockService,
    models,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";

import { MainComponentsContainer } from "@web/core/main_components_container";

import { RunInBatchesDialog } from "@batch_job/run_in_batches/run_in_batches_dialog";

class Deed extends models.Model {
    _name = "deed";

    name = fields.Char();
}

defineWebModels();
defineModels([Deed]);
describe.current.tags("desktop");

const offers = { name: "Deed", fields: {}, archive: true, delete: false, actions: [], buttons: [] };
const props = { resModel: "deed", context: {}, label: "Deeds", viewId: 5, listId: 6, ids: [1, 2] };
const YES = ".modal:not(.o_inactive_modal) .modal-footer button.btn-primary";
const START = ".o_batch_job_run_start:enabled";

let runs;

beforeEach(async () => {
    runs = [];
    mockService("action", { doAction: (action) => expect.step(`open ${action.res_id}`) });
    onRpc("batch.job.selection", "offers", ({ kwargs }) => {
        expect([kwargs.view_id, kwargs.list_id]).toEqual([5, 6]);
        return offers;
    });
    await makeMockServer();
    await mountWithCleanup(MainComponentsContainer);
    getService("dialog").add(RunInBatchesDialog, { ...props, mayArchive: true });
    await animationFrame();
});

test("Start after a lost answer asks for the same job, by its key", async () => {
    expect.errors(1);
    onRpc("batch.job.selection", "run", ({ kwargs }) => {
        runs.push(kwargs.idempotency_key);
        if (runs.length === 1) {
            throw new Error("the answer is lost");
        }
        return { action: { res_id: 7 } };
    });
    for (const time of [1, 2]) {
        await contains(START).click();
        await contains(YES).click();
        await animationFrame();
        expect(runs.length).toBe(time);
        if (time === 1) {
            await contains(".modal:not(.o_inactive_modal) .modal-footer button").click();
        }
    }
    expect(runs[0]).toBe(runs[1]);
    expect(Boolean(runs[0])).toBe(true);
    expect.verifySteps(["open 7"]);
    expect.verifyErrors([/the answer is lost/]);
});

test("a double click on Try First is one call", async () => {
    onRpc("batch.job.selection", "run", ({ kwargs }) => {
        runs.push(kwargs.dry_run);
        return { action: { res_id: 8 } };
    });
    const button = document.querySelector(".o_batch_job_run_try");
    button.click();
    button.click();
    await animationFrame();
    await animationFrame();
    expect(runs).toEqual([true]);
    expect.verifySteps(["open 8"]);
});
