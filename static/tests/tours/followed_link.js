/** The address of the link that a click follows; it is not followed. */
export async function followed(click) {
    const { prototype } = HTMLAnchorElement;
    const original = prototype.click;
    try {
        return await new Promise((resolve) => {
            prototype.click = function () {
                resolve(this.href);
            };
            click();
        });
    } finally {
        prototype.click = original;
    }
}
