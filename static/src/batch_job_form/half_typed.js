import { useBus } from "@web/core/utils/hooks";
import { useExternalListener } from "@odoo/owl";

const SAYS = "FIELD_IS_DIRTY";

/**
 * Keeps the buttons Save and Discard while a text is half typed.
 *
 * Each date field of Odoo says "not dirty" whenever it is rendered, and the buttons take that for
 * the whole form. The form of a job is rendered again and again under the hands of whoever types.
 *
 * @param {import("@web/model/relational_model/relational_model").RelationalModel} model
 * @param {() => boolean} isTypedInto whether an input of the form has the focus
 */
export function useHalfTyped(model, isTypedInto) {
    let said = false; // by the field that has spoken last
    let isHalfTyped = false;
    const forget = () => (isHalfTyped = false);

    useBus(model.bus, SAYS, async ({ detail }) => {
        said = detail;
        await Promise.resolve(); // the buttons have to hear this first
        if (!said && isHalfTyped && isTypedInto()) {
            model.bus.trigger(SAYS, true);
        }
    });
    // the field speaks between these two
    useExternalListener(document, "input", forget, { capture: true });
    useExternalListener(document, "input", () => (isHalfTyped = said));
    useExternalListener(document, "change", forget, { capture: true });
    useBus(model.bus, "NEED_LOCAL_CHANGES", forget); // a save takes over what is half typed
}
