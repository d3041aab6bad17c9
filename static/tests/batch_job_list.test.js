import { describe, expect, queryAllTexts, test } from "@odoo/hoot";
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

import { RELOAD_EVERY } from "@batch_job/live_jobs/live_jobs";

class BatchJob extends models.Model {
    _name = "batch.job";

    name = fields.Char();
    progress = fields.Float();
    needs_runner = fields.Boolean();
    can_delete = fields.Boolean();
    state = fields.Selection({ selection: [["running", "Running"], ["done", "Done"]] });

    _records = [
        { id: 1, name: "Prices", progress: 10, needs_runner: true, state: "running" },
        { id: 2, name: "Stock", progress: 100, state: "done", can_delete: true },
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
        <field name="can_delete" column_invisible="1"/>
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

test("a grouped list is live too, also while its groups are folded", async () => {
    onRpc("batch.job", "web_read_group", () => expect.step("read groups"));
    await mountView({ type: "list", resModel: "batch.job", groupBy: ["state"], arch });
    expect.verifySteps(["read groups"]);
    expect(".o_group_name").toHaveCount(2);

    MockServer.env["batch.job"].write([1], { state: "done", needs_runner: false });
    MockServer.env["batch.job"].write([2], { needs_runner: true });
    await advanceTime(RELOAD_EVERY);
    await animationFrame();
    expect.verifySteps(["read groups"]);
    expect(queryAllTexts(".o_group_name")).toEqual(["Running (0)", "Done (2)"]);
});

test("the board goes on by itself: a card moves to the column of its state", async () => {
    const kanban = `
        <kanban js_class="batch_job_kanban" default_group_by="state">
            <templates><t t-name="card"><field name="name"/></t></templates>
        </kanban>`;
    await mountView({ type: "kanban", resModel: "batch.job", arch: kanban });
    expect(".o_kanban_group:first .o_kanban_record").toHaveText("Prices");

    // it ends between two looks: a last one shows the end
    await advanceTime(RELOAD_EVERY);
    MockServer.env["batch.job"].write([1], { state: "done", needs_runner: false });
    await advanceTime(RELOAD_EVERY);
    await animationFrame();
    expect(".o_kanban_group:first .o_kanban_record").toHaveCount(0);
    expect(".o_kanban_group:last .o_kanban_record").toHaveCount(2);
});

const withButtons = `
    <list js_class="batch_job_list">
        <header><button name="action_pause_selected" type="object" string="Pause"/></header>
        <field name="name"/>
    </list>`;

const mountForPause = async (count) => {
    onRpc("batch.job", "selection_question", ({ args }) => {
        expect.step(`ask ${args[1]} of ${args[0]}`);
        const text = count ? "12 rows will wait." : "None can be paused.";
        return { count, title: "Pause 1 of 2 jobs?", text, button: "Pause" };
    });
    onRpc("batch.job", "action_pause_selected", ({ args }) => {
        expect.step(`pause ${args[0]}`);
        return false;
    });
    await mountView({ type: "list", resModel: "batch.job", arch: withButtons });
    await contains(".o_data_row:nth-child(1) .o_list_record_selector input").click();
    await contains(".o_data_row:nth-child(2) .o_list_record_selector input").click();
    await contains("button[name=action_pause_selected]").click();
};

test("a verb for a selection is asked about with the numbers of the server", async () => {
    await mountForPause(1);
    expect(".modal-title").toHaveText("Pause 1 of 2 jobs?");
    expect(".modal-body").toHaveText("12 rows will wait.");
    await contains(".modal-footer button:contains(Go Back)").click();
    expect.verifySteps(["ask pause of 1,2"]);

    await contains("button[name=action_pause_selected]").click();
    await contains(".modal-footer button:contains(Pause)").click();
    expect.verifySteps(["ask pause of 1,2", "pause 1,2"]);
});

test("a verb that would do nothing says so, and is not done", async () => {
    await mountForPause(0);
    expect(".modal").toHaveCount(0);
    expect(".o_notification_content").toHaveText("None can be paused.");
    expect.verifySteps(["ask pause of 1,2"]);
});

test("Delete is offered for a selection of which one may delete all", async () => {
    await mountView({ type: "list", resModel: "batch.job", arch, actionMenus: {} });
    const isOffered = async () => {
        await contains(".o_cp_action_menus .dropdown-toggle").click();
        const found = queryAllTexts(".o_menu_item").includes("Delete");
        await contains(".o_cp_action_menus .dropdown-toggle").click();
        return found;
    };
    await contains(".o_data_row:nth-child(2) .o_list_record_selector input").click();
    expect(await isOffered()).toBe(true);
    await contains(".o_data_row:nth-child(1) .o_list_record_selector input").click();
    expect(await isOffered()).toBe(false);
});
