/**
 * Offers entries of a gear or action menu for records only that all let the user do it.
 *
 * @param {Object} items of `getStaticActionMenuItems`
 * @param {string[]} names of entries
 * @param {string} field of each record: false if the user may not
 * @param {() => Object[]} getRecords
 */
export function offeredWhere(items, names, field, getRecords) {
    for (const name of names) {
        const { isAvailable } = items[name];
        items[name].isAvailable = () =>
            isAvailable() && getRecords().every((record) => record.data[field] !== false);
    }
    return items;
}
