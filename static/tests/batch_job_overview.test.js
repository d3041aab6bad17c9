import { beforeEach, describe, expect, queryAllTexts, test } from "@odoo/hoot";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineWebModels,
    getService,
    mockService,
    mountWithCleanup,
    onRpc,
    patchWithCleanup,
    preloadBundle,
} from "@web/../tests/web_test_helpers";
import { Component, xml } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { WebClient } from "@web/webclient/webclient";

import { READ_EVERY } from "@batch_job/batch_job_overview/batch_job_overview";

defineWebModels();
describe.current.tags("desktop");
preloadBundle("web.chartjs_lib");

const job = (id, values) => ({
    id,
    name: `Job ${id}`,
    user_id: "Paula",
    state: "running",
    policy: "isolate",
    dry_run: false,
    total: 100,
    succeeded: 40,
    failed: 10,
    skipped: 0,
    step_position: 0,
    time_left_text: "12 s",
    can_pause: true,
    ...values,
});

let seen;

beforeEach(() => {
    const empty = new Array(60).fill(0);
    seen = {
        counts: {
            running: 3,
            waiting: 12,
            scheduled: 0,
            paused: 0,
            oldest: "2 min 5 s",
            failed: 4,
            failed_rows: 3000,
            failed_more: false,
            today: "2026-11-27 00:00:00",
        },
        troubles: [],
        hour: { first: 1000, done: empty.with(58, 1500), failed: empty.with(58, 30), skipped: empty },
        jobs: [job(1), job(2, { can_pause: false, time_left_text: false })],
        runners: [
            {
                number: 2,
                state: "lost",
                since: "9 s",
                job: { id: 1, name: "Job 1" },
                places: [1, 500],
            },
            { number: 3, state: "works", since: "1 s" },
            { number: 1, state: "idle", looked: "40 s" },
            { number: 4, state: "idle", looked: null },
        ],
        more_runners: 5,
    };
    onRpc("batch.job", "overview", () => {
        expect.step("overview");
        return structuredClone(seen);
    });
});

const mountOverview = async () => {
    await mountWithCleanup(WebClient);
    await getService("action").doAction({ type: "ir.actions.client", tag: "batch_job.overview" });
    await animationFrame();
    expect.verifySteps(["overview"]);
};

const hide = (isHidden) => {
    patchWithCleanup(document, {
        get hidden() {
            return isHidden;
        },
    });
    document.dispatchEvent(new Event("visibilitychange"));
};

test("it is read every five seconds, never while nobody can see it, and at once when seen", async () => {
    await mountOverview();
    await advanceTime(READ_EVERY);
    expect.verifySteps(["overview"]);
    await advanceTime(READ_EVERY);
    expect.verifySteps(["overview"]);

    hide(true);
    await advanceTime(10 * READ_EVERY);
    expect.verifySteps([]);

    seen.counts.running = 7;
    hide(false);
    await animationFrame();
    expect.verifySteps(["overview"]);
    expect(".o_batch_job_tile_running").toHaveText("7 running");
});

class Elsewhere extends Component {
    static template = xml`<div class="o_elsewhere"/>`;
    static props = ["*"];
}

test("nothing is read any more when it was left", async () => {
    registry.category("actions").add("elsewhere", Elsewhere);
    await mountOverview();
    await getService("action").doAction({ type: "ir.actions.client", tag: "elsewhere" });
    await animationFrame();
    expect(".o_elsewhere").toHaveCount(1);
    await advanceTime(3 * READ_EVERY);
    expect.verifySteps([]);
});

test("counts, jobs and runners are said in words", async () => {
    await mountOverview();
    expect(queryAllTexts(".o_batch_job_tiles button")).toEqual([
        "3 running",
        "12 waiting\nthe oldest for 2 min 5 s",
        "4 with failures today\n3,000 rows failed",
    ]);
    expect(".o_batch_job_running > li").toHaveCount(2);
    expect(".o_batch_job_running > li:first [role=progressbar]").toHaveAttribute(
        "aria-valuetext",
        "50 %: 40 done, 10 failed, 50 left, of 100"
    );
    expect(".o_batch_job_running > li:first .o_batch_job_running_left").toHaveText("12 s left");
    expect(".o_batch_job_more").toHaveText("and 1 more");
    expect(queryAllTexts(".o_batch_job_runners tbody td")).toEqual([
        "Its worker died; begun 9 s ago: Job 1, rows 1 to 500",
        "At work for 1 s: a job of another company",
        "Idle; looked at the queue 40 s ago",
        "Has not looked at the queue yet",
    ]);
});

test("the chart has the same in a sentence and as a table", async () => {
    await mountOverview();
    const text = /^Rows since .*: 1,500 done, 30 failed; most at .*: 1,500\.$/;
    expect(".o_batch_job_minutes figcaption").toHaveText(text);
    expect(".o_batch_job_minutes canvas").toHaveAttribute("aria-label", text);
    expect(".o_batch_job_minutes tbody tr").toHaveCount(1);
    await contains(".o_batch_job_minutes summary").click();
    expect(queryAllTexts(".o_batch_job_minutes tbody td")).toEqual(["30", "1,500"]);
});

test("a job that cannot be paused has no button; that of another pauses it", async () => {
    onRpc("batch.job", "action_pause", ({ args }) => {
        expect.step(`pause ${args[0]}`);
        seen.jobs = [job(2, { can_pause: false })];
        return false;
    });
    await mountOverview();
    expect(".o_batch_job_running button").toHaveCount(1);
    expect(".o_batch_job_running button").toHaveAttribute("aria-label", "Pause Job 1");
    await contains(".o_batch_job_running button").click();
    expect.verifySteps(["pause 1", "overview"]);
    expect(".o_batch_job_running > li").toHaveCount(1);
});

test("what can be mended has a button, and is read again", async () => {
    onRpc("batch.job", "mend_queue", ({ args }) => {
        expect.step(`mend ${args[0]}`);
        seen.troubles.shift();
        return false;
    });
    seen.troubles = [
        { kind: "unseen", text: "Nobody looks.", mend: "wake" },
        { kind: "upgrade", text: "An upgrade.", mend: null },
    ];
    await mountOverview();
    expect("[role=alert]").toHaveCount(2);
    expect("[role=alert] button").toHaveText("Wake the Runners");
    await contains("[role=alert] button").click();
    expect.verifySteps(["mend wake", "overview"]);
    expect(queryAllTexts("[role=alert]")).toEqual(["An upgrade."]);
});

test("a server that does not answer is no error: the last answer stays", async () => {
    await mountOverview();
    onRpc("batch.job", "overview", () => {
        throw new Error("gone");
    });
    await advanceTime(READ_EVERY);
    await animationFrame();
    expect(".o_batch_job_overview [role=status]").toHaveCount(1);
    expect(".o_batch_job_tile_running").toHaveText("3 running");
});

test("a count leads to the jobs that it counts", async () => {
    mockService("action", {
        doAction(action) {
            if (action.tag) {
                return super.doAction(...arguments);
            }
            expect.step(JSON.stringify(action.domain));
        },
    });
    await mountOverview();
    await contains(".o_batch_job_tile_failed").click();
    expect.verifySteps([
        '[["state","in",["partial","failed"]],["finished_at",">=","2026-11-27 00:00:00"]]',
    ]);
});
