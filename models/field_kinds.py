"""The types of fields, by which cells become values."""


def kinds_of(env, model: str) -> dict[str, str]:
    """Field of a model -> its type; empty for a model that is no more."""
    if model not in env:
        return {}
    return {name: field.type for name, field in env[model]._fields.items()}
