import { describe, expect, queryAllTexts, test } from "@odoo/hoot";
import { advanceTime, animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    defineWebModels,
    fields,
    findComponent,
    MockServer,
    models,
    mountView,
    onRpc,
    preloadBundle,
} from "@web/../tests/web_test_helpers";

import {
    BatchJobThroughput,
    LOOK_EVERY,
} from "@batch_job/batch_job_throughput/batch_job_throughput";

class BatchJob extends models.Model {
    _name = "batch.job";

    name = fields.Char();
    state = fields.Char();
    succeeded = fields.Integer();
    failed = fields.Integer();
    skipped = fields.Integer();

    _records = [{ id: 1, name: "Prices", state: "running", succeeded: 10, failed: 2, skipped: 0 }];

    throughput([id]) {
        expect.step(`throughput ${id}`);
        return { seconds: 1, points: this.env["batch.job"].points };
    }
}

defineWebModels();
defineModels([BatchJob]);
preloadBundle("web.chartjs_lib");
describe.current.tags("desktop");

const POINTS = [
    { at: "2026-01-02T09:00:00+00:00", rate: 310, failed_rate: 0 },
    { at: "2026-01-02T09:00:01+00:00", rate: 290, failed_rate: 30.5 },
];

const mountJob = async (points = POINTS) => {
    const view = await mountView({
        type: "form",
        resModel: "batch.job",
        resId: 1,
        arch: `
            <form>
                <field name="name"/>
                <field name="succeeded"/>
                <notebook>
                    <page string="Rows"><field name="state"/></page>
                    <page string="Throughput"><widget name="batch_job_throughput"/></page>
                </notebook>
            </form>`,
    });
    MockServer.env["batch.job"].points = points;
    return view;
};

const openTab = () => contains(".nav-link:contains(Throughput)").click();
const chartOf = (view) => findComponent(view, (one) => one instanceof BatchJobThroughput).chart;

test("nothing is asked before the tab is open", async () => {
    await mountJob();
    await advanceTime(3 * LOOK_EVERY);
    expect.verifySteps([]);
    await openTab();
    expect.verifySteps(["throughput 1"]);
});

test("what was done and what failed are drawn, and told in words and in a table", async () => {
    const view = await mountJob();
    await openTab();
    expect(chartOf(view).data.datasets.map(({ data }) => data)).toEqual([
        [310, 259.5],
        [0, 30.5],
    ]);
    const summary = "Rows a second: 300 on average, at most 310; last 290.";
    expect(".o_batch_job_summary").toHaveText(summary);
    expect("[role=img]").toHaveAttribute("aria-label", summary);
    expect(queryAllTexts("table.visually-hidden td")).toEqual(["310", "0.0", "290", "31"]);
    expect.verifySteps(["throughput 1"]);
});

test("it goes on while the job does, and asks nothing while nothing changes", async () => {
    const view = await mountJob();
    await openTab();
    expect.verifySteps(["throughput 1"]);
    await advanceTime(3 * LOOK_EVERY);
    expect.verifySteps([]);

    MockServer.env["batch.job"].points = [...POINTS, { ...POINTS[0], rate: 5 }];
    await contains(".o_field_widget[name=succeeded] input").edit("30");
    await advanceTime(LOOK_EVERY);
    await animationFrame();
    expect.verifySteps(["throughput 1"]);
    expect(chartOf(view).data.labels).toHaveLength(3);
});

test("a job of which nothing has run says so", async () => {
    await mountJob([]);
    await openTab();
    expect(".o_content .tab-pane p").toHaveText("Nothing has run yet.");
    expect.verifySteps(["throughput 1"]);
});

test("without an answer the form stays as it is", async () => {
    onRpc("batch.job", "throughput", () => {
        throw new Error("offline");
    });
    await mountJob();
    await openTab();
    expect(".o_dialog").toHaveCount(0);
    expect(".o_content .tab-pane p").toHaveText("Nothing has run yet.");
});
