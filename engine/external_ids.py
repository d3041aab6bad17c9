"""The external ids that operations create and refer to."""


def external_ids_made(operation: dict) -> list[str]:
    """The qualified external ids of the records that a load or an upsert writes."""
    if operation["op"] == "upsert" and operation.get("xml_id"):
        return [qualified(operation["xml_id"])]
    if operation["op"] == "load":
        pairs = zip(operation["fields"], operation["row"], strict=True)
        return [qualified(str(cell)) for name, cell in pairs if name == "id" and cell]
    return []


def external_ids_used(operation: dict) -> list[str]:
    """The qualified external ids that the cells of a load row refer to."""
    if operation["op"] != "load":
        return []
    return [
        qualified(one.strip())
        for name, cell in zip(operation["fields"], operation["row"], strict=True)
        if cell and (name.endswith("/id") or name.endswith(":id"))
        for one in str(cell).split(",")
    ]


def qualified(external_id: str) -> str:
    """The external id with its module; `__import__` if the id names none.

    >>> qualified("acme"), qualified("my.acme")
    ('__import__.acme', 'my.acme')
    """
    return external_id if "." in external_id else f"__import__.{external_id}"
