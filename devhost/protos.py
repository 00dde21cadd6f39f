"""Plain Python objects in place of the protobuf messages of the Functions host.

Microsoft's worker takes its message classes from whoever drives it, so a class with the same name
and fields is enough. Nothing is checked or serialised here: host and worker are one process.
"""

from typing import TYPE_CHECKING, Any


class Message:
    """Holds the fields it was made with."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.__dict__)})"


class TypedData(Message):
    """One value of one kind: `json`, `string`, `bytes`, `http`; none at all is the empty value."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        return next(iter(self.__dict__), None)


class ParameterBinding(Message):
    """A parameter's `name` and its `data`; shared memory, the other kind, is not offered."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's name
        return "data"


class StatusResult(Message):
    Failure = 0
    Success = 1
    Cancelled = 2


class BindingInfo(Message):
    # Directions; the SDK's own enumeration has these values.
    out = 1
    inout = 2
    # Data type.
    undefined = 0


class RpcHttpCookie(Message):
    class SameSite:
        Lax = 1
        Strict = 2
        ExplicitNone = 3


# The name is not an identifier that a class body could assign.
setattr(RpcHttpCookie.SameSite, "None", 0)


class FunctionEnvironmentReloadResponse(Message): ...


class FunctionLoadResponse(Message): ...


class FunctionMetadataResponse(Message): ...


class InvocationResponse(Message): ...


class NullableBool(Message): ...


class NullableDouble(Message): ...


class NullableString(Message): ...


class NullableTimestamp(Message): ...


class RpcException(Message): ...


class RpcFunctionMetadata(Message): ...


class RpcHttp(Message): ...


class RpcRetryOptions(Message): ...


class WorkerInitResponse(Message): ...


class WorkerMetadata(Message): ...
