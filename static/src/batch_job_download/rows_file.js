/**
 * Downloads rows of a job, and leaves the page and what is typed into it alone. If there is no such
 * file, the server says why: a browser would only say that the download has failed.
 *
 * @param {Object} orm the service
 * @param {Object} file { jobId, format: csv or xlsx, state, cause? }
 */
export async function downloadRows(orm, { jobId, format, state, cause = null }) {
    const address = await orm.call("batch.job", "rows_address", [[jobId], format, state, cause]);
    const link = document.createElement("a");
    link.href = address;
    link.download = "";
    document.body.appendChild(link);
    link.click();
    link.remove();
}
