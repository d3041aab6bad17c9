import { registry } from "@web/core/registry";
import { BinaryField, binaryField } from "@web/views/fields/binary/binary_field";

/** Odoo's field of a file, with a button that the keyboard reaches. */
export class BatchJobFile extends BinaryField {
    static template = "batch_job.File";
}

registry.category("fields").add("batch_job_file", { ...binaryField, component: BatchJobFile });
