import {
    addBusServiceListeners,
    defineBusModels,
    waitForChannels,
    waitNotifications,
} from "@bus/../tests/bus_test_helpers";
import { WEBSOCKET_CLOSE_CODES } from "@bus/workers/websocket_worker";
import { beforeEach, describe, expect, test } from "@odoo/hoot";
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

import { POLL_EVERY, POLL_NEAR_ETA, RELOAD_DELAY } from "@batch_job/batch_job_form/batch_job_form";

class BatchJob extends models.Model {
    _name = "batch.job";

    name = fields.Char();
    state = fields.Char();
    progress = fields.Float();
    failed = fields.Integer();
    skipped = fields.Integer();
    error = fields.Text();
    stalled_reason = fields.Char();
    needs_runner = fields.Boolean();
    eta = fields.Datetime();
    started_at = fields.Datetime();

    _records = [
        { id: 1, name: "Prices", state: "running", progress: 10, needs_runner: true },
        { id: 2, name: "Stock", state: "done", progress: 100, needs_runner: false },
        { id: 3, name: "Orders", state: "done", progress: 100, needs_runner: false },
    ];

    status([id]) {
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
        <field name="name"/>
        <field name="state"/>
        <field name="progress" readonly="1"/>
        <field name="failed"/>
        <field name="skipped"/>
        <field name="error"/>
        <field name="stalled_reason"/>
        <field name="needs_runner"/>
        <field name="eta"/>
        <field name="started_at"/>
    </form>`;

const mountJob = (resId) =>
    mountView({ type: "form", resModel: "batch.job", resId, resIds: [2, 3], arch });

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

test("edits are kept: a message does not reload a form that was changed", async () => {
    await mountJob(2);
    await waitForChannels(["batch_job:2"]);
    await contains(".o_field_widget[name=name] input").edit("Stock of May");
    expect.verifySteps(["read 2"]);

    changeJob(2, { progress: 40 });
    await publish(2);

    expect.verifySteps([]);
    expect(".o_field_widget[name=name] input").toHaveValue("Stock of May");
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
