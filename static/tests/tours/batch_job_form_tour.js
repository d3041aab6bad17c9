import { registry } from "@web/core/registry";
import { rpc } from "@web/core/network/rpc";

import { followed } from "@batch_job/../tests/tours/followed_link";

const shownState = (label) => ({
    content: `the job is shown as ${label}`,
    trigger: `.o_statusbar_status .o_arrow_button_current:contains(${label})`,
});

const press = (method) => ({
    content: `press the button ${method}`,
    trigger: `.o_form_statusbar button[name=${method}]:enabled`,
    run: "click",
});

const shownProgress = (percent) => ({
    content: `${percent} % is shown`,
    trigger: `.o_field_widget[name=progress] .o_batch_job_percent:contains(${percent})`,
});

const page = (title) => ({
    content: `the page ${title}`,
    trigger: `.o_notebook_headers .nav-link:contains(${title})`,
    run: "click",
});

const answer = (label) => ({
    content: `answer ${label}`,
    trigger: `.modal-footer button:contains(${label})`,
    run: "click",
});

const back = () => ({ content: "back", trigger: ".o_back_button", run: "click" });

/** Press a button on top, open a row of the list, and go back to the job. */
const opened = (method, row) => [
    { content: `press ${method}`, trigger: `.o_form_view button[name=${method}]`, run: "click" },
    {
        content: `open a row of ${method}`,
        trigger: `.o_list_view .o_content > .o_list_renderer ${row} .o_data_cell`,
        run: "click",
    },
    { content: "its form", trigger: ".o_form_view .o_field_widget[name=job_id]" },
    back(),
    { content: `the list of ${method}`, trigger: ".o_list_view" },
    back(),
    { content: "the job", trigger: ".o_form_view .o_field_widget[name=progress]" },
];

const call = (model, method, ...args) =>
    rpc("/web/dataset/call_kw", { model, method, args, kwargs: {} });

/** Have the server run the server action that the test has made. */
const onServer = (name) => ({
    content: `on the server: ${name}`,
    trigger: ".o_form_view",
    async run() {
        const ids = await call("ir.actions.server", "search", [["name", "=", name]]);
        await call("ir.actions.server", "run", ids);
    },
});

registry.category("web_tour.tours").add("batch_job_follows_server", {
    steps: () => [shownProgress(0), onServer("Tour of batch_job"), shownProgress(30)],
});

registry.category("web_tour.tours").add("batch_job_buttons", {
    steps: () => [
        shownState("Draft"),
        press("action_start"),
        {
            content: "what will be done, with the number",
            trigger: ".modal-body:contains(This carries out 1 row: Create: 1 × Partner Tags)",
        },
        answer("Start"),
        shownState("Queued"),
        press("action_pause"),
        shownState("Paused"),
        press("action_resume"),
        shownState("Queued"),
        press("action_cancel"),
        answer("Cancel the Job"),
        shownState("Cancelled"),
        press("action_retry_cancelled"),
        answer("Run What Is Left"),
        shownState("Queued"),
    ],
});

registry.category("web_tour.tours").add("batch_job_partly_done", {
    steps: () => [
        shownState("Partly done"),
        {
            content: "errors by cause",
            trigger: ".o_batch_job_cause:contains(2):contains(Name is missing)",
        },
        {
            content: "the rows of a cause",
            trigger: ".o_batch_job_cause:contains(Name is missing) button:contains(Rows)",
            run: "click",
        },
        {
            content: "exactly these",
            trigger: ".o_list_view .o_content .o_list_renderer",
            run() {
                const rows = document.querySelectorAll(".o_data_row");
                if (rows.length !== 2) {
                    throw new Error(`${rows.length} rows`);
                }
            },
        },
        back(),
        {
            content: "what failed",
            trigger: ".o_field_widget[name=problem_ids] .o_data_row:contains(has no field)",
        },
        {
            content: "its record",
            trigger: ".o_field_widget[name=problem_ids] .o_data_row button[name=action_open_record]",
            run: "click",
        },
        {
            content: "the record's form",
            trigger: ".o_form_view .o_field_widget[name=name] :value(Tag of the tour)",
        },
        back(),
        page("What It Did"),
        {
            content: "what was done beside the failures",
            trigger: ".o_field_widget[name=done_ids] .o_data_row:contains(“C”)",
        },
        ...opened("action_open_operations", ".o_data_row:contains(Done)"),
        ...opened("action_open_failed", ".o_data_row:contains(has no field)"),
        page("Runs"),
        {
            content: "what happened, in words",
            trigger: ".o_field_widget[name=event_ids] .o_data_row:contains(1 done, 3 failed)",
        },
        page("Throughput"),
        {
            content: "how fast it was",
            trigger: ".o_batch_job_summary:contains(Rows a second)",
        },
        page("Technical"),
        ...opened("action_open_chunks", ".o_data_row:contains(Done)"),
        press("action_retry"),
        shownState("Queued"),
    ],
});

registry.category("web_tour.tours").add("batch_job_retry_of_a_cause", {
    steps: () => [
        shownState("Partly done"),
        {
            content: "retry a cause",
            trigger: ".o_batch_job_cause:contains(Name is missing) button:has(.fa-repeat)",
            run: "click",
        },
        {
            content: "the question has the number",
            trigger: ".modal-body:contains(2 rows run again: Name is missing)",
        },
        { content: "retry", trigger: ".modal-footer button:contains(Retry)", run: "click" },
        shownState("Queued"),
        {
            content: "the other cause is left",
            trigger: ".o_batch_job_causes:not(:contains(Name is missing)):contains(no field)",
        },
    ],
});

registry.category("web_tour.tours").add("batch_job_causes_on_a_phone", {
    steps: () => [
        {
            content: "why rows failed comes before all else, its buttons below its words",
            trigger: ".o_batch_job_cause:contains(Name is missing)",
            run() {
                const edges = (selector) =>
                    document.querySelector(selector).getBoundingClientRect();
                const why = edges(".o_batch_job_why");
                const others = [".oe_title", ".o_field_batch_job_bar"].map(edges);
                if (others.some(({ top }) => top < why.bottom)) {
                    throw new Error("something is above the causes");
                }
                const words = edges(".o_batch_job_cause_words");
                if (edges(".o_batch_job_cause_buttons").top < words.bottom) {
                    throw new Error("the buttons are beside the words");
                }
            },
        },
    ],
});

const LEAST_WIDTH = 120; // pixels of a bar in the list

const openJob = (name) => ({
    content: `open ${name}`,
    trigger: `.o_list_view .o_data_row .o_data_cell[name=name]:contains(${name})`,
    run: "click",
});

registry.category("web_tour.tours").add("batch_job_screens", {
    steps: () => [
        {
            content: "a long name wraps, and takes no room from the bars",
            trigger: ".o_list_view .o_data_row:contains(Retried)",
            run() {
                const bars = document.querySelectorAll(".o_batch_job_segments");
                const least = Math.min(...[...bars].map((bar) => bar.offsetWidth));
                if (bars.length !== 2 || least < LEAST_WIDTH) {
                    throw new Error(`${bars.length} bars, the shortest of ${least} pixels`);
                }
            },
        },
        {
            content: "a dry run has a badge",
            trigger: ".o_data_row:contains(Tried) .badge:contains(Dry run)",
        },
        openJob("Retried"),
        shownState("Partly done"),
        {
            content: "what is left can be run, though the job is no longer called cancelled",
            trigger: ".o_form_statusbar button[name=action_retry_cancelled]:enabled",
        },
        {
            content: "the bar names what became of its operations",
            trigger: ".o_batch_job_legend:contains(1 done):contains(1 failed):contains(2 not run)",
        },
        back(),
        openJob("Tried"),
        { content: "a ribbon", trigger: ".o_form_view .ribbon:contains(Dry Run)" },
        press("action_run_for_real"),
        {
            content: "a question with the number",
            trigger: ".modal-body:contains(of 3 rows: Create: 3 × Partner Tags)",
        },
        { content: "go back", trigger: ".modal-footer button:contains(Go Back)", run: "click" },
        back(),
        { content: "the board", trigger: ".o_switch_view.o_kanban", run: "click" },
        {
            content: "the jobs by state, with counts",
            trigger: ".o_kanban_group:contains(Partly done) .o_kanban_record:contains(Dry run)",
        },
    ],
});

registry.category("web_tour.tours").add("batch_job_download_on_a_phone", {
    steps: () => [
        {
            content: "the menu of the buttons",
            trigger: ".o_statusbar_buttons button:has(.oi-ellipsis-v)",
            run: "click",
        },
        {
            content: "a file",
            trigger: ".o-dropdown--menu button:contains(Failed rows (XLSX))",
            async run({ click }) {
                const address = new URL(await followed(click));
                if (!/^\/batch_job\/\d+\/rows\.xlsx$/.test(address.pathname)) {
                    throw new Error(`the file of ${address}`);
                }
            },
        },
    ],
});
