import { describe, expect, test } from "@odoo/hoot";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    defineWebModels,
    fields,
    MockServer,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

import { RELOAD_EVERY } from "@batch_job/batch_job_list/batch_job_list";

class BatchJob extends models.Model {
    _name = "batch.job";

    name = fields.Char();
    progress = fields.Float();
    needs_runner = fields.Boolean();

    _records = [
        { id: 1, name: "Prices", progress: 10, needs_runner: true },
        { id: 2, name: "Stock", progress: 100, needs_runner: false },
    ];
}

defineWebModels();
defineModels([BatchJob]);
describe.current.tags("desktop");

const arch = `
    <list js_class="batch_job_list">
        <field name="name"/>
        <field name="progress"/>
        <field name="needs_runner" column_invisible="1"/>
    </list>`;

const mountJobs = async (domain) => {
    onRpc("batch.job", "web_search_read", () => expect.step("read"));
    await mountView({ type: "list", resModel: "batch.job", domain, arch });
    expect.verifySteps(["read"]);
};

const changeProgress = (progress) => MockServer.env["batch.job"].write([1], { progress });

test("a list with a live job is read again, until it has ended", async () => {
    await mountJobs([]);

    changeProgress(60);
    await advanceTime(RELOAD_EVERY);
    await animationFrame();
    expect.verifySteps(["read"]);
    expect(".o_data_row:first .o_data_cell[name=progress]").toHaveText("60.00");

    MockServer.env["batch.job"].write([1], { needs_runner: false });
    await advanceTime(RELOAD_EVERY);
    expect.verifySteps(["read"]);
    await advanceTime(2 * RELOAD_EVERY);
    expect.verifySteps([]);
});

test("a list without a live job is left alone", async () => {
    await mountJobs([["id", "=", 2]]);
    await advanceTime(2 * RELOAD_EVERY);
    expect.verifySteps([]);
});

test("a selection is kept: the list is not read while rows are selected", async () => {
    await mountJobs([]);
    await contains(".o_data_row:first .o_list_record_selector input").click();
    await advanceTime(2 * RELOAD_EVERY);
    expect.verifySteps([]);
    expect(".o_data_row_selected").toHaveCount(1);
});
