import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("batch_job_schedule", {
    steps: () => [
        {
            content: "search",
            trigger: ".o_searchview_input",
            run: "edit Deed 1",
        },
        {
            content: "by name",
            trigger: ".o_searchview_autocomplete .o-dropdown-item:contains(Deed 1):eq(0), .o_searchview_autocomplete li:contains(Deed 1):eq(0)",
            run: "click",
        },
        { content: "only that one", trigger: ".o_list_view:not(:has(.o_data_row:eq(1)))" },
        {
            content: "select all of them",
            trigger: "thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "open the menu of the selection",
            trigger: ".o_cp_action_menus button:contains(Actions)",
            run: "click",
        },
        {
            content: "Run in Batches",
            trigger: ".o_menu_item:contains(Run in Batches)",
            run: "click",
        },
        {
            content: "choose Archive",
            trigger: "#batch_job_choice",
            run() {
                const options = [...this.anchor.options];
                this.anchor.value = options.find(
                    (option) => option.textContent.trim() === "Archive"
                ).value;
                this.anchor.dispatchEvent(new Event("change"));
            },
        },
        { content: "Schedule", trigger: ".o_batch_job_run_schedule:enabled", run: "click" },
        { content: "it is paused", trigger: ".ribbon:contains(Paused)" },
        {
            content: "every two",
            trigger: ".o_field_widget[name=interval_number] input",
            run: "edit 2",
        },
        { content: "Start", trigger: "button[name=action_resume]", run: "click" },
        { content: "it runs", trigger: "button[name=action_pause]" },
    ],
});

registry.category("web_tour.tours").add("batch_job_schedule_latest", {
    steps: () => [
        {
            content: "what its latest job did",
            trigger: "[name=last_job_id] .o_batch_job_progress:contains(5 done)",
        },
        {
            content: "how many records a run would find: none, they are archived",
            trigger: ".o_domain_show_selection_button:contains(/^0 record/)",
        },
    ],
});
