import { registry } from "@web/core/registry";
import { rpc } from "@web/core/network/rpc";

import { followed } from "@batch_job/../tests/tours/followed_link";

const call = (model, method, ...args) =>
    rpc("/web/dataset/call_kw", { model, method, args, kwargs: {} });

/** Have the server run the server action that the test has made. */
const onServer = (name) => ({
    content: `on the server: ${name}`,
    trigger: ".o_list_view .o_data_row",
    async run() {
        const ids = await call("ir.actions.server", "search", [["name", "=", name]]);
        await call("ir.actions.server", "run", ids);
    },
});

const toast = (text) => ({
    content: `a toast: ${text}`,
    trigger: `.o_notification:contains(${text})`,
});

registry.category("web_tour.tours").add("batch_job_toast_of_owner", {
    steps: () => [
        onServer("End of the job"),
        toast("Prices of May"),
        toast("7 done, 3 failed"),
        {
            content: "another page",
            trigger: ".o_list_view .o_data_row .o_data_cell",
            run: "click",
        },
        { content: "of another kind", trigger: ".o_form_view" },
        toast("7 done, 3 failed"),
        {
            content: "the rows that failed come from the server",
            trigger: ".o_batch_job_toast:contains(Prices of May) button:contains(Download Failed)",
            async run({ click }) {
                const file = await fetch(await followed(click));
                const content = new Uint8Array(await file.arrayBuffer());
                const isZip = content[0] === 0x50 && content[1] === 0x4b; // XLSX is
                if (!file.ok || !isZip || !file.headers.get("Content-Disposition")) {
                    throw new Error(`no file: ${file.status}`);
                }
            },
        },
        {
            content: "open the job",
            trigger: ".o_batch_job_toast:contains(Prices of May) button:contains(Open)",
            run: "click",
        },
        {
            content: "its form",
            trigger: ".o_form_view .o_field_widget[name=progress]",
        },
        {
            content: "needs no toast any more",
            trigger: "body:not(:has(.o_batch_job_toast))",
        },
    ],
});

registry.category("web_tour.tours").add("batch_job_toast_of_nobody_else", {
    steps: () => [
        onServer("End of the job"),
        {
            content: "what is sent to this user after it arrives alone",
            trigger: ".o_notification:contains(After the end)",
            run() {
                if (document.querySelector(".o_batch_job_toast")) {
                    throw new Error("somebody else's job is told");
                }
            },
        },
    ],
});

const select = (name) => ({
    content: `select ${name}`,
    trigger: `.o_data_row:contains(${name}) .o_list_record_selector input`,
    run: "click",
});

registry.category("web_tour.tours").add("batch_job_several", {
    steps: () => [
        select("First of two"),
        select("Second of two"),
        select("Ended one"),
        {
            content: "pause them",
            trigger: ".o_selection_container button[name=action_pause_selected]",
            run: "click",
        },
        {
            content: "a question with the numbers",
            trigger: ".modal-body:contains(4 rows will wait)",
        },
        {
            content: "yes",
            trigger: ".modal-footer button:contains(Pause)",
            run: "click",
        },
        toast("2 paused, 1 had ended"),
        {
            content: "the list shows it",
            trigger: ".o_data_row:contains(First of two) .badge:contains(Paused)",
        },
    ],
});
