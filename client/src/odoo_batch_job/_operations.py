"""Operations as objects, for executors and :meth:`AsyncClient.submit`.

An operation copies its arguments: the operation never changes the caller's dictionaries and lists,
and a later change of them does not reach the operation. The constructor refuses arguments that
cannot be an operation, by a ``TypeError`` or ``ValueError``. Only the execution shows whether Odoo
accepts the operation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from ._models import OperationResult
from ._operation_checks import (
    check_key,
    check_list,
    check_mapping,
    check_row,
    check_row_key,
    check_text,
    check_values,
    check_values_of_some,
)

Values = Mapping[str, Any]


class BatchOperation:
    """One operation of a batch; each class below is one kind of operation.

    :ivar model: model of the records, such as ``res.partner``
    :ivar ref: names the operation's records for later operations: ``{"$ref": "acme"}``
    :ivar context: the context, as of an RPC call
    """

    op: str

    def __init__(
        self,
        model: str,
        body: Mapping[str, Any],
        *,
        ref: str | None,
        context: Mapping[str, Any] | None,
    ) -> None:
        check_text("model", model)
        if ref is not None:
            check_text("ref", ref)
        if context is not None:
            check_mapping("context", context)
        self.model = model
        self.ref = ref
        self.context = deepcopy(context)
        self._body = {name: deepcopy(value) for name, value in body.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the operation as ``submit`` takes it."""
        operation = {"op": self.op, "model": self.model, **self._body}
        if self.ref is not None:
            operation["ref"] = self.ref
        if self.context is not None:
            operation["context"] = self.context
        return operation

    def data_of(self, result: OperationResult) -> Any:
        """Return the ``data`` of a :class:`BatchResult`: what callers want most of a success."""
        return result.ids

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r}, …)"


class CreateOperation(BatchOperation):
    """Create one record, or several records all or none.

    The ``data`` of its result is the new id; of several records, the list of new ids.

    :param model: such as ``res.partner``
    :param data: values by field; for several records, a list of such dicts
    """

    op = "create"

    def __init__(
        self,
        model: str,
        data: Values | Sequence[Values],
        *,
        ref: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        check_values_of_some(model, data)
        super().__init__(model, {"values": data}, ref=ref, context=context)
        self._is_single = isinstance(data, Mapping)

    def data_of(self, result: OperationResult) -> Any:
        """Return the new id, or ids."""
        return result.ids[0] if self._is_single and result.ids else result.ids


class UpdateOperation(BatchOperation):
    """Write the same values to some records. The ``data`` of its result is their ids.

    :param model: such as ``res.partner``
    :param data: values by field
    :param record_ids: ids of the records; or a single id or reference
    """

    op = "write"

    def __init__(
        self,
        model: str,
        data: Values,
        record_ids: int | Sequence[Any] | Values,
        *,
        ref: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        check_values(model, data)
        body = {"ids": _some_ids(record_ids), "values": data}
        super().__init__(model, body, ref=ref, context=context)


class DeleteOperation(BatchOperation):
    """Delete records. The ``data`` of its result is the ids of the deleted records.

    :param model: such as ``res.partner``
    :param data: ids of the records; or a single id or reference
    """

    op = "unlink"

    def __init__(
        self,
        model: str,
        data: int | Sequence[Any] | Values,
        *,
        ref: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(model, {"ids": _some_ids(data)}, ref=ref, context=context)


class UpsertOperation(BatchOperation):
    """Write the record with the same key, or create the record.

    The ``data`` of its result is the record's id.

    :param model: such as ``res.partner``
    :param data: values by field
    :param key: fields of ``data`` that identify the record, such as ``["ref"]``
    :param xml_id: instead of ``key``, the external id of the record, such as ``my.acme``
    """

    op = "upsert"

    def __init__(
        self,
        model: str,
        data: Values,
        key: str | Sequence[str] | None = None,
        *,
        xml_id: str | None = None,
        ref: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        check_values(model, data)
        check_key(key, xml_id, data)
        body: dict[str, Any] = {"values": data}
        if key is not None:
            body["key"] = [key] if isinstance(key, str) else list(key)
        if xml_id is not None:
            body["xml_id"] = xml_id
        super().__init__(model, body, ref=ref, context=context)

    def data_of(self, result: OperationResult) -> Any:
        """Return the record's id."""
        return result.ids[0] if result.ids else None


class CallOperation(BatchOperation):
    """Call a public method. The ``data`` of its result is what the method returns.

    :param model: such as ``sale.order``
    :param method: such as ``action_confirm``
    :param ids: ids of the records to call the method on; no ids for a method of the model
    :param args: positional arguments
    :param kwargs: named arguments
    :param each: True if Odoo may merge neighbours with the same method and arguments into one call
        on all their records; ``data`` is then None
    """

    op = "call"

    def __init__(
        self,
        model: str,
        method: str,
        ids: int | Sequence[Any] | Values = (),
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        each: bool = False,
        ref: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        check_text("method", method)
        check_list("args", args)
        check_mapping("kwargs", kwargs or {})
        if kwargs and "context" in kwargs:
            raise ValueError("kwargs holds a context: give the context as context=…")
        body: dict[str, Any] = {"method": method, "args": list(args), "kwargs": kwargs or {}}
        listed = _some_ids(ids) if each else _ids(ids)
        if listed:
            body["ids"] = listed
        if each:
            body["each"] = True
        super().__init__(model, body, ref=ref, context=context)

    def data_of(self, result: OperationResult) -> Any:
        """Return what the method returned."""
        return result.value


class LoadOperation(BatchOperation):
    """Import one row as Odoo's own import. The ``data`` of its result is the record's id.

    :param model: such as ``res.partner``
    :param fields: the columns, such as ``["id", "name", "country_id/code"]``
    :param row: a text for each column
    :param key: columns that identify the record, such as ``["ref"]``, and its lines, such as
        ``["ref", "child_ids/ref"]``: the row updates the record, or creates it
    """

    op = "load"

    def __init__(
        self,
        model: str,
        fields: Sequence[str],
        row: Sequence[Any],
        key: str | Sequence[str] | None = None,
        *,
        ref: str | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        check_row(fields, row)
        body: dict[str, Any] = {"fields": list(fields), "row": list(row)}
        if key is not None:
            check_row_key(key, fields)
            body["key"] = [key] if isinstance(key, str) else list(key)
        super().__init__(model, body, ref=ref, context=context)

    def data_of(self, result: OperationResult) -> Any:
        """Return the id of the record."""
        return result.ids[0] if result.ids else None


def _ids(ids: int | Sequence[Any] | Values) -> list[Any]:
    """Return a list of ids; a reference stands for the records of an earlier operation.

    :raises ValueError: something is neither a record id nor a reference
    """
    listed = [ids] if isinstance(ids, (int, Mapping)) else ids
    if isinstance(listed, str) or not isinstance(listed, Iterable):
        raise ValueError(f"ids are a list of record ids, such as [7, 8], not {ids!r}")
    listed = list(listed)
    for value in listed:
        if not _is_id(value):
            raise ValueError(
                f"ids holds {value!r}: a record id is a whole number above 0, "
                'or {"$ref": name} for the records of an earlier operation'
            )
    return listed


def _some_ids(ids: int | Sequence[Any] | Values) -> list[Any]:
    """Return a list of ids that is not empty.

    :raises ValueError: the list is empty, or something in the list is no record id
    """
    listed = _ids(ids)
    if not listed:
        raise ValueError("ids is empty: give one record id at least")
    return listed


def _is_id(value: object) -> bool:
    if isinstance(value, Mapping):
        return value.keys() == {"$ref"}
    return type(value) is int and value > 0
