"""Calls by name."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import TypeAlias, TypeVar

import grpc
import orgroles.v1
from google.protobuf import json_format
from google.protobuf.descriptor import FileDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

Json: TypeAlias = "bool | float | str | list[Json] | dict[str, Json] | None"

_Send: TypeAlias = "grpc.UnaryUnaryMultiCallable[Message, Message]"
_Detail = TypeVar("_Detail", bound=Message)


class Caller:
    """Calls by name, with requests and answers as JSON in names of the proto files."""

    def __init__(self, channel: grpc.Channel, *, retries: bool) -> None:
        self._retries = retries
        self._methods: dict[str, tuple[MethodDescriptor, _Send]] = {}
        for file, stubs in _generated():
            for service in file.services_by_name.values():
                stub = getattr(stubs, f"{service.name}Stub")(channel)
                for method in service.methods:
                    self._methods[f"{service.name}/{method.name}"] = (
                        method,
                        getattr(stub, method.name),
                    )

    def takes_request_id(self, name: str) -> bool:
        """Whether requests of this call have a request id."""
        if name not in self._methods:
            raise LookupError(f"there is no call {name}")
        method, _ = self._methods[name]
        return "request_id" in method.input_type.fields_by_name

    def call(
        self, name: str, request: dict[str, Json], token: str | None
    ) -> dict[str, Json]:
        """What came back: an `answer`, or an `error` as the cases write it."""
        method, send = self._methods[name]
        message = json_format.ParseDict(request, GetMessageClass(method.input_type)())
        metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        for attempt in range(5 if self._retries else 0, -1, -1):
            try:
                answer = _first(send(message, metadata=metadata))
            except grpc.RpcError as error:
                assert isinstance(error, grpc.Call)
                if not (attempt and _is_cut_off(error)):
                    return {"error": _read_error(error)}
            else:
                fields = json_format.MessageToDict(
                    answer, preserving_proto_field_name=True
                )
                return {"answer": fields}
        raise AssertionError("the last attempt answers")


def _first(answer: Message | Iterator[Message]) -> Message:
    """The answer, or the first message of a stream, which then ends."""
    if isinstance(answer, Message):
        return answer
    message = next(answer)
    assert isinstance(answer, grpc.RpcContext)
    answer.cancel()
    return message


def _generated() -> Iterator[tuple[FileDescriptor, object]]:
    """Every proto file of the generated package, and the module of its stubs."""
    prefix = f"{orgroles.v1.__name__}."
    for module in pkgutil.iter_modules(orgroles.v1.__path__, prefix):
        if module.name.endswith("_pb2"):
            messages = importlib.import_module(module.name)
            yield messages.DESCRIPTOR, importlib.import_module(f"{module.name}_grpc")


def _is_cut_off(error: grpc.Call) -> bool:
    """Whether the connection broke amid the answer, when gRPC itself never retries."""
    unavailable = error.code() is grpc.StatusCode.UNAVAILABLE
    return unavailable and rpc_status.from_call(error) is None


def _read_error(error: grpc.Call) -> Json:
    status = rpc_status.from_call(error) or Status()
    info = _detail(status, details.ErrorInfo)
    fields = _detail(status, details.BadRequest).field_violations
    preconditions = _detail(status, details.PreconditionFailure).violations
    quotas = _detail(status, details.QuotaFailure).violations
    return {
        "code": error.code().name,
        "message": error.details(),
        "domain": info.domain,
        "reason": info.reason,
        "metadata": dict(info.metadata),
        "fields": [violation.field for violation in fields],
        "preconditions": [violation.subject for violation in preconditions],
        "quotas": [violation.subject for violation in quotas],
        "retry": any(item.Is(details.RetryInfo.DESCRIPTOR) for item in status.details),
    }


def _detail(status: Status, kind: type[_Detail]) -> _Detail:
    """The detail of this kind, or an empty one."""
    message = kind()
    for item in status.details:
        if item.Unpack(message):
            break
    return message
