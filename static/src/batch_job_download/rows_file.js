/** The address of a file with rows of a job. */
export function rowsUrl(jobId, format, state) {
    return `/batch_job/${jobId}/rows.${format}?state=${state}`;
}

/** Downloads a file, and leaves the page and what is typed into it alone. */
export function download(url) {
    const link = document.createElement("a");
    link.href = url;
    link.download = "";
    document.body.appendChild(link);
    link.click();
    link.remove();
}
