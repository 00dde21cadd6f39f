"""A request to an issuer's token endpoint (RFC 6749, section 3.2).

Takes the address, the form and the client's own proof, and returns a token or why there is none. An
issuer gets the care that an upstream gets: no redirect is followed, no cookie kept, the answer may be
neither late nor large; and of what it says in an error only the codes are kept, never the text.
"""

import asyncio
import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from gateway import jsontext
from gateway.held_tokens import Token
from gateway.values import Secret

PATIENCE = 10.0
"""Seconds for the whole exchange; a caller waits for this."""
MAX_ANSWER = 128 * 1024
"""Bytes."""
UNSTATED_LIFETIME = 300.0
"""Seconds for a token whose issuer does not say when it ends (`expires_in` is only recommended)."""

_ERROR = re.compile(r"[a-z0-9_]{1,40}")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""RFC 6750, section 2.1: what may follow `Bearer`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an issuer gave no token; codes and statuses alone, fit for a record."""

    why: str
    error: str = ""
    """The issuer's own code, such as `invalid_client` (RFC 6749, section 5.2); empty if it gave none."""


class TokenEndpoint:
    """The way to any issuer, over the one HTTP client of this process."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, url: str, form: Mapping[str, str], basic: Secret | None = None) -> Token | Failure:
        """The token, or the failure. `basic` is the client's proof, if it is not in the form. Never raises."""
        headers = {"accept": "application/json"}
        if basic is not None:
            headers["authorization"] = f"Basic {basic.reveal()}"
        try:
            async with (
                asyncio.timeout(PATIENCE),
                self._client.stream("POST", url, data=form, headers=headers, timeout=PATIENCE) as response,
            ):
                return _read(response.status_code, await _body(response))
        except (httpx.TimeoutException, TimeoutError):
            return Failure("the token endpoint did not answer in time")
        except httpx.HTTPError as error:
            return Failure(f"the token endpoint cannot be reached ({type(error).__name__})")


def client_proof(client: str, secret: Secret) -> Secret:
    """Id and password of an OAuth client as `basic` wants them (RFC 6749, section 2.3.1)."""
    pair = f"{quote(client, safe='')}:{quote(secret.reveal(), safe='')}"
    return Secret(base64.b64encode(pair.encode()).decode())


async def _body(response: httpx.Response) -> bytes | None:
    """The whole body, or None where it goes past the limit."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER:
            return None
    return bytes(body)


def _read(status: int, body: bytes | None) -> Token | Failure:
    if body is None:
        return Failure(f"status {status}, too large")
    answer = jsontext.parse(body, duplicates=True)
    if not isinstance(answer, dict):
        return Failure(f"status {status}, not a JSON object")
    if status != 200:
        return _failure(status, answer)
    token, kind = answer.get("access_token"), answer.get("token_type")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        return Failure("status 200 without a usable access_token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        return Failure("status 200 with a token that is not a bearer token")
    proof = answer.get("id_token")
    return Token(Secret(token), _lifetime(answer.get("expires_in")), Secret(proof) if isinstance(proof, str) else None)


def _failure(status: int, answer: Mapping[str, Any]) -> Failure:
    error, numbers = answer.get("error"), answer.get("error_codes")
    code = error if isinstance(error, str) and _ERROR.fullmatch(error) else ""
    # Entra's numbers tell an operator what to mend: AADSTS65001 is a missing consent.
    entra = [f"AADSTS{number}" for number in numbers if type(number) is int] if isinstance(numbers, list) else []
    return Failure(", ".join(filter(None, (f"status {status}", code, *entra[:3]))), code)


def _lifetime(seconds: Any) -> float:
    """`expires_in`; some issuers write it as a string."""
    is_number = type(seconds) is int or (isinstance(seconds, str) and seconds.isascii() and seconds.isdigit())
    return float(min(int(seconds), 86400)) if is_number and len(str(seconds)) < 12 else UNSTATED_LIFETIME
