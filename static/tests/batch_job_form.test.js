import {
    addBusServiceListeners,
    defineBusModels,
    waitForChannels,
    waitNotifications,
} from "@bus/../tests/bus_test_helpers";
import { WEBSOCKET_CLOSE_CODES } from "@bus/workers/websocket_worker";
import { beforeEach, describe, expect, press, queryAllTexts, test } from "@odoo/hoot";
import { advanceTime, animationFrame, runAllTimers } from "@odoo/hoot-mock";
import {
    asyncStep,
    contains,
    defineModels,
    fields,
    getService,
    MockServer,
    models,
    mountView,
    onRpc,
    waitForSteps,
} from "@web/../tests/web_test_helpers";

import { serializeDateTime } from "@web/core/l10n/dates";

import {
    LOOK_EVERY,
    POLL_EVERY,
    POLL_NEAR_ETA,
    RELOAD_DELAY,
} from "@batch_job/batch_job_form/batch_job_form";

class BatchJob extends models.Model {
    _name = "batch.job";

    name = fields.Char();
    priority = fields.Integer();
    state = fields.Char({ readonly: true });
    progress = fields.Float({ readonly: true });
    total = fields.Integer({ readonly: true });
    succeeded = fields.Integer({ readonly: true });
    failed = fields.Integer({ readonly: true });
    skipped = fields.Integer({ readonly: true });
    policy = fields.Char({ readonly: true });
    dry_run = fields.Boolean({ readonly: true });
    what = fields.Char({ readonly: true });
    error = fields.Text({ readonly: true });
    stalled_reason = fields.Char({ readonly: true });
    needs_runner = fields.Boolean({ readonly: true });
    can_delete = fields.Boolean({ readonly: true });
    eta = fields.Datetime();
    started_at = fields.Datetime({ readonly: true });

    _records = [
        { id: 1, name: "Prices", state: "running", progress: 10, needs_runner: true },
        { id: 2, name: "Stock", state: "done", progress: 100, needs_runner: false },
        { id: 3, name: "Orders", state: "done", progress: 100, can_delete: true },
        { id: 4, name: "Bills", state: "paused", total: 30000, succeeded: 17045 },
        { id: 5, name: "Trial", state: "done", total: 500, dry_run: true, what: "Create: 500 × Contact" },
    ];

    action_cancel() {
        expect.step("cancel");
        return false;
    }

    action_run_for_real() {
        expect.step("run for real");
        return false;
    }

    status([id]) {
        if (id === 2 || id === 3) {
            throw new Error("offline: the tests of these jobs are about messages");
        }
        expect.step(`status ${id}`);
        const [job] = this.env["batch.job"].browse(id);
        const { state, progress, failed, skipped, error } = job;
        return { id, state, progress, failed, skipped, error: error || null };
    }
}

defineBusModels();
defineModels([BatchJob]);
describe.current.tags("desktop");

const arch = `
    <form js_class="batch_job_form">
        <header>
            <button name="action_cancel" type="object" string="Cancel"/>
            <button name="action_run_for_real" type="object" string="Run for Real"/>
        </header>
        <field name="name"/>
        <field name="priority"/>
        <field name="state"/>
        <field name="progress" readonly="1"/>
        <field name="total"/>
        <field name="succeeded"/>
        <field name="failed"/>
        <field name="skipped"/>
        <field name="policy"/>
        <field name="dry_run"/>
        <field name="what"/>
        <field name="can_delete"/>
        <field name="error"/>
        <field name="stalled_reason"/>
        <field name="needs_runner"/>
        <field name="eta"/>
        <field name="started_at"/>
    </form>`;

const mountJob = (resId, options = {}) =>
    mountView({ type: "form", resModel: "batch.job", resId, resIds: [2, 3], arch, ...options });

/** Somebody else's work, in the mock server's database. */
const changeJob = (id, values) => MockServer.env["batch.job"].write([id], values);

/** A job in the queue, whose eta is so far away. */
const mountQueuedJob = async (wait) => {
    await mountJob(1);
    changeJob(1, { state: "queued", eta: serializeDateTime(luxon.DateTime.now().plus(wait)) });
    await advanceTime(POLL_EVERY);
    await animationFrame();
    expect.verifySteps(["read 1", "status 1", "read 1"]);
};

const publish = async (id) => {
    MockServer.env["bus.bus"]._sendone(`batch_job:${id}`, "batch_job/progress", { id });
    await waitNotifications(["batch_job/progress", { id }]);
    await advanceTime(RELOAD_DELAY);
    await animationFrame();
};

beforeEach(() => onRpc("batch.job", "web_read", ({ args }) => expect.step(`read ${args[0]}`)));

test("a message of the shown job reloads it once, whatever their number", async () => {
    await mountJob(2);
    await waitForChannels(["batch_job:2"]);
    expect.verifySteps(["read 2"]);

    changeJob(2, { progress: 40 });
    MockServer.env["bus.bus"]._sendone("batch_job:2", "batch_job/progress", { id: 2 });
    await publish(2);

    expect.verifySteps(["read 2"]);
    expect(".o_field_widget[name=progress]").toHaveText("40.00");
});

test("a message of another job, open elsewhere in the browser, does not reload it", async () => {
    await mountJob(2);
    getService("bus_service").addChannel("batch_job:3");
    await waitForChannels(["batch_job:2", "batch_job:3"]);
    expect.verifySteps(["read 2"]);

    await publish(3);

    expect.verifySteps([]);
});

test("edits are kept, and the counters beside them go on", async () => {
    await mountJob(2);
    await waitForChannels(["batch_job:2"]);
    await contains(".o_field_widget[name=name] input").edit("Stock of May");

    changeJob(2, { progress: 40, name: "Renamed in another tab" });
    await publish(2);

    expect(".o_field_widget[name=progress]").toHaveText("40.00");
    expect(".o_field_widget[name=name] input").toHaveValue("Stock of May");
    expect(".o_form_status_indicator_buttons:not(.invisible)").toHaveCount(1);
    expect.verifySteps(["read 2", "read 2"]);
});

test("what is half typed stays as it is typed, while the job goes on", async () => {
    await mountJob(2);
    await waitForChannels(["batch_job:2"]);
    const name = ".o_field_widget[name=name] input";
    const priority = ".o_field_widget[name=priority] input";

    await contains(name).click();
    await contains(name).edit("one two ", { confirm: false });
    changeJob(2, { progress: 40 });
    await publish(2);
    expect(name).toHaveValue("one two ");
    expect(".o_field_widget[name=progress]").toHaveText("40.00");

    await contains(priority).click();
    await contains(priority).clear({ confirm: false });
    changeJob(2, { progress: 50 });
    await publish(2);
    expect(priority).toHaveValue("");
    expect(".o_field_widget[name=progress]").toHaveText("50.00");
    expect.verifySteps(["read 2", "read 2", "read 2"]);
});

test("Save stays within reach while something is half typed, whatever is read meanwhile", async () => {
    onRpc("batch.job", "web_save", ({ args }) => expect.step(`save ${args[1].name}`));
    await mountJob(2);
    await waitForChannels(["batch_job:2"]);
    const name = ".o_field_widget[name=name] input";
    const save = ".o_form_status_indicator_buttons:not(.invisible) .o_form_button_save";
    await contains(name).click();
    await contains(name).edit("Stock of May", { confirm: false });
    expect(save).toHaveCount(1);

    changeJob(2, { progress: 40, started_at: "2026-11-27 12:00:00" });
    await publish(2);
    expect(".o_field_widget[name=progress]").toHaveText("40.00");
    expect(save).toHaveCount(1);
    expect.verifySteps(["read 2", "read 2"]);

    await contains(save).click();
    expect.verifySteps(["save Stock of May"]);
    expect(save).toHaveCount(0);
    changeJob(2, { progress: 50, started_at: "2026-11-27 13:00:00" });
    await publish(2);
    expect(save).toHaveCount(0);
    expect.verifySteps(["read 2"]);
});

test("Save goes when the text is again what it was", async () => {
    await mountJob(2);
    await waitForChannels(["batch_job:2"]);
    const name = ".o_field_widget[name=name] input";
    const buttons = ".o_form_status_indicator_buttons:not(.invisible)";
    await contains(name).click();
    await contains(name).edit("Stocks", { confirm: false });
    expect(buttons).toHaveCount(1);
    await press("Backspace");
    await animationFrame();
    expect(name).toHaveValue("Stock");
    expect(buttons).toHaveCount(0);
    expect.verifySteps(["read 2"]);
});

test("Save by its hotkey while the cursor is in the field leaves nothing to save", async () => {
    await mountJob(2);
    await waitForChannels(["batch_job:2"]);
    await contains(".o_field_widget[name=name] input").click();
    await contains(".o_field_widget[name=name] input").edit("Bonds", { confirm: false });
    await press(["alt", "s"]);
    await animationFrame();
    changeJob(2, { progress: 40, started_at: "2026-11-27 12:00:00" });
    await publish(2);
    expect(".o_form_status_indicator_buttons.invisible").toHaveCount(1);
    expect(MockServer.env["batch.job"].browse(2)[0].name).toBe("Bonds");
    expect.verifySteps(["read 2", "read 2"]);
});

test("a live job's status is polled, and the form reloaded if something changed", async () => {
    await mountJob(1);
    expect.verifySteps(["read 1"]);

    await advanceTime(POLL_EVERY);
    expect.verifySteps(["status 1"]);

    changeJob(1, { progress: 60, state: "done", needs_runner: false });
    await advanceTime(POLL_EVERY);
    await animationFrame();
    expect.verifySteps(["status 1", "read 1"]);
    expect(".o_field_widget[name=progress]").toHaveText("60.00");

    await advanceTime(3 * POLL_EVERY);
    expect.verifySteps([]);
});

test("a job whose time is near is asked for every second, so that it begins at that time", async () => {
    await mountQueuedJob({ seconds: 30 });
    await advanceTime(POLL_NEAR_ETA);
    expect.verifySteps(["status 1"]);
    await advanceTime(POLL_NEAR_ETA);
    expect.verifySteps(["status 1"]);
});

test("a job whose time is far is asked for as any other", async () => {
    await mountQueuedJob({ hours: 1 });
    await advanceTime(2 * POLL_NEAR_ETA);
    expect.verifySteps([]);
    await advanceTime(POLL_EVERY - 2 * POLL_NEAR_ETA);
    expect.verifySteps(["status 1"]);
});

test("a paused job is asked now and then: somebody else may cancel it", async () => {
    await mountJob(4);
    expect.verifySteps(["read 4"]);

    changeJob(4, { state: "cancelled" });
    await advanceTime(LOOK_EVERY);
    await animationFrame();

    expect.verifySteps(["status 4", "read 4"]);
    expect(".o_field_widget[name=state]").toHaveText("cancelled");
});

test("a cancel is asked about, with what stays and what will not run", async () => {
    await mountJob(4);
    await contains("button[name=action_cancel]").click();
    expect(".modal-body").toHaveText(
        "17,045 rows are done and stay. 12,955 rows will not run."
    );
    await contains(".modal-footer button:contains(Go Back)").click();
    expect.verifySteps(["read 4"]);

    await contains("button[name=action_cancel]").click();
    await contains(".modal-footer button:contains(Cancel the Job)").click();
    expect.verifySteps(["cancel", "read 4"]);
});

test("to run a dry run for real is asked about, with the number and what it does", async () => {
    await mountJob(5);
    await contains("button[name=action_run_for_real]").click();
    expect(".modal-body").toHaveText(
        "This keeps what it does, of 500 rows: Create: 500 × Contact."
    );
    await contains(".modal-footer button:contains(Run for Real)").click();
    expect.verifySteps(["read 5", "run for real", "read 5"]);
});

test("Delete is offered for what one may delete", async () => {
    const isOffered = async () => {
        await contains(".o_cp_action_menus .dropdown-toggle").click();
        const found = queryAllTexts(".o_menu_item").includes("Delete");
        await contains(".o_cp_action_menus .dropdown-toggle").click();
        return found;
    };
    await mountJob(2, { actionMenus: {} });
    expect(await isOffered()).toBe(false);
    await contains(".o_pager_next").click();
    expect(await isOffered()).toBe(true);
    expect.verifySteps(["read 2", "read 3"]);
});

test("the server's texts have the browser's time zone, as the dates of the form have", async () => {
    const zones = [];
    onRpc("batch.job", "web_read", ({ kwargs }) => {
        zones.push(kwargs.context.tz);
    });
    await mountJob(2);
    changeJob(2, { progress: 80 });
    await waitForChannels(["batch_job:2"]);
    await publish(2);
    await animationFrame();
    const { name } = luxon.Settings.defaultZone;
    expect(name).not.toBeEmpty();
    expect(zones).toEqual([name, name]);
    expect.verifySteps(["read 2", "read 2"]);
});

test("a poll that cannot reach the server is silent, and the next one goes out", async () => {
    let isDown = true;
    onRpc("batch.job", "status", () => {
        if (isDown) {
            expect.step("no answer");
            throw new Error("offline");
        }
    });
    await mountJob(1);
    expect.verifySteps(["read 1"]);

    await advanceTime(POLL_EVERY);
    expect.verifySteps(["no answer"]);
    expect(".o_dialog").toHaveCount(0);

    isDown = false;
    await advanceTime(POLL_EVERY);
    expect.verifySteps(["status 1"]);
});

test("the channel follows the shown job", async () => {
    await mountJob(2);
    await waitForChannels(["batch_job:2"]);

    await contains(".o_pager_next").click();
    await waitForChannels(["batch_job:3"]);
    await waitForChannels(["batch_job:2"], { operation: "delete" });
    expect.verifySteps(["read 2", "read 3"]);

    await publish(3);
    expect.verifySteps(["read 3"]);
});

test("after a lost connection the form is read again: messages may have been missed", async () => {
    addBusServiceListeners(
        ["BUS:DISCONNECT", () => asyncStep("lost")],
        ["BUS:RECONNECT", () => asyncStep("back")]
    );
    await mountJob(2);
    await waitForChannels(["batch_job:2"]);
    await waitForSteps(["read 2"]);

    changeJob(2, { progress: 80 });
    MockServer.env["bus.bus"]._simulateDisconnection(WEBSOCKET_CLOSE_CODES.ABNORMAL_CLOSURE);
    await waitForSteps(["lost"]);
    await runAllTimers();
    await waitForSteps(["back"]);
    await advanceTime(RELOAD_DELAY);

    await waitForSteps(["read 2"]);
    await animationFrame();
    expect(".o_field_widget[name=progress]").toHaveText("80.00");
});
