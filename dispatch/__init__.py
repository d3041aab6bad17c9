"""The queue: from what is submitted to chunks, and from chunks to outcomes that are committed."""
