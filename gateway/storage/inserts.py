"""Rows put into a table by the shortest way that the SDK leaves open.

Takes an entity, and says whether the table confirmed that the row is there now. It asks once. Whatever else than that
the table answers, nothing is known here, and whoever asked takes the SDK's ordinary way, which knows errors and when
to try again. The client is the SDK's, with a policy that signs in and the transport below, and no more: its other
policies, its serialiser and its transport take more of the processor than the request does.
"""

import json
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import lru_cache
from types import TracebackType
from typing import Any

import aiohttp
import orjson
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import ServiceRequestError, ServiceResponseError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy, AzureSasCredentialPolicy
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import HttpRequest
from azure.data.tables import TableSasPermissions, generate_table_sas
from azure.data.tables.aio import TableClient
from yarl import URL

_SCOPE = "https://storage.azure.com/.default"
_CREATED = frozenset({201, 204})
"""With the row in the answer, and, as is asked for, without."""
_LARGEST = 2**31
"""An integer below it is an Int32; for another the SDK's serialiser has words."""
_SIGNED_FOR = timedelta(days=366)
_NO_ECHO = "return-no-content"
_HEADERS = {"accept-encoding": "identity", "user-agent": "countersign"}


class Inserts:
    """Puts rows into the table of a client, with that client's credential."""

    def __init__(self, client: TableClient, *, connection_timeout: float, read_timeout: float) -> None:
        """Seconds for a connection, and from the request until the answer."""
        self._ordinary = client
        self._limits = aiohttp.ClientTimeout(total=None, sock_connect=connection_timeout, sock_read=read_timeout)
        self._client: TableClient | None = None

    async def put(self, entity: Mapping[str, str | int]) -> bool:
        """Whether the table confirmed the row; False: it may or may not be there.

        Raises TimeoutError where it said nothing in time, and what the SDK raises where the identity gives no token.
        """
        if not all(isinstance(value, str) or -_LARGEST <= value < _LARGEST for value in entity.values()):
            return False
        # Opened by the first insert, since its connections belong to the event loop; whoever only reads needs none.
        client = self._client = self._client or _opened(self._ordinary, _Posts(self._limits))
        try:
            # An empty entity: the SDK would serialise what the transport sends already.
            await client.create_entity({}, response_preference=_NO_ECHO, cls=_nothing, row=_written(entity))
        except (ServiceRequestError, ServiceResponseError):
            return False
        return True

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()


class _Confirmed:
    """What the SDK is told where the row is there."""

    status_code = 204
    headers: Mapping[str, str] = {}


class _Posts(AsyncHttpTransport[HttpRequest, _Confirmed]):
    """Sends the row that the SDK was given as an option (`row`); every answer but one is an error of the SDK."""

    def __init__(self, limits: aiohttp.ClientTimeout) -> None:
        self._limits = limits
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: HttpRequest, **options: Any) -> _Confirmed:
        row: bytes = options["row"]
        await self.open()
        assert self._session is not None
        headers = dict(request.headers) | {"x-ms-date": _date(int(time.time())), "Content-Length": str(len(row))}
        url = URL(request.url, encoded=True)
        try:
            async with self._session.post(url, headers=headers, data=row, allow_redirects=False) as answer:
                status = answer.status
        except aiohttp.ServerTimeoutError:
            # As with the SDK, a table that says nothing in time is not asked again: the caller waits for it.
            raise TimeoutError from None
        except aiohttp.ClientError as error:
            raise ServiceRequestError(type(error).__name__) from None
        if status not in _CREATED:
            # fail-closed: no other answer is a row, a redirect or another success included.
            raise ServiceResponseError(str(status))
        return _CONFIRMED

    async def open(self) -> None:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # The authorities that this system trusts (`SSL_CERT_FILE`), as the SDK does.
                connector=aiohttp.TCPConnector(ssl=ssl.create_default_context()),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=self._limits,
                headers=_HEADERS,
            )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self.close()


_CONFIRMED = _Confirmed()


def _opened(client: TableClient, transport: _Posts) -> TableClient:
    credential = client.credential
    policies: list[object] = []
    if isinstance(credential, AzureNamedKeyCredential):
        # With a local account alone: one signature for adding to this table, in place of one for each request.
        signature = generate_table_sas(
            credential,
            client.table_name,
            permission=TableSasPermissions(add=True),
            expiry=datetime.now(UTC) + _SIGNED_FOR,
        )
        credential = AzureSasCredential(signature)
    if isinstance(credential, AzureSasCredential):
        policies.append(AzureSasCredentialPolicy(credential))
    elif credential is not None:
        policies.append(AsyncBearerTokenCredentialPolicy(credential, _SCOPE))
    # Without any, the signature is part of the address.
    return TableClient(client.url, client.table_name, credential=credential, policies=policies, transport=transport)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _written(entity: Mapping[str, str | int]) -> bytes:
    """As JSON in ASCII: no store along the way can split a character."""
    try:
        text = orjson.dumps(entity)
    except orjson.JSONEncodeError:
        return json.dumps(entity).encode()
    return text if text.isascii() else json.dumps(entity).encode()


def _nothing(*_answer: object) -> tuple[dict[str, str], None]:
    return {}, None
