"""Messages to Teams and by mail, and the ways in which they fail."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from devhost import certificates
from devhost.serve import serving
from gateway.approvals import notifiers
from gateway.approvals.message import card, mail, message
from gateway.approvals.notifiers import send
from gateway.forward import open_client
from gateway.policy.document import Email, Teams
from tests.fakes.provider import provider
from tests.gateway.approvals.desk import START, approval
from tests.gateway.approvals.tending import Fault, Tending, tending

TOLD = message(approval(), "asked", "https://mcp.example.com", START)
CHANNEL = Teams("leads-channel")


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Tending]:
    async with asyncio.timeout(30), tending(tmp_path) as opened:
        yield opened


async def test_a_card_is_posted_to_the_url_that_the_vault_holds(bench: Tending) -> None:
    assert await send(CHANNEL, TOLD, bench.rooms) == ""
    assert bench.channels.posts == [("/leads", card(TOLD))]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.THROTTLES, "status 429"),
        (Fault.BREAKS, "status 500"),
        (Fault.REDIRECTS, "status 307"),
        (Fault.IS_GONE, "status 410"),
        (Fault.IS_SILENT, "ReadTimeout"),
        (Fault.IS_UNREACHABLE, "ConnectError"),
    ],
)
async def test_a_card_that_is_not_taken_is_a_failure_of_a_kind(bench: Tending, fault: Fault, kind: str) -> None:
    bench.channels.fault = fault
    assert await send(CHANNEL, TOLD, bench.rooms) == kind
    assert bench.channels.tried == 1


async def test_an_answer_without_an_end_is_not_read(bench: Tending) -> None:
    bench.channels.fault = Fault.NEVER_ENDS
    async with asyncio.timeout(2):
        assert await send(CHANNEL, TOLD, bench.rooms) == ""


async def test_a_webhook_that_answers_too_late_is_given_up(bench: Tending, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifiers, "TEAMS_PATIENCE", 0.01)
    bench.channels.fault = Fault.HANGS
    assert await send(CHANNEL, TOLD, bench.rooms) == "timeout"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://teams.test/leads?sig=hidden", "webhook is not https"),
        ("http://127.0.0.1.evil.test/", "webhook is not https"),
        ("http://localhost@evil.test/", "webhook is not https"),
        ("file:///etc/passwd", "webhook is not https"),
        ("HTTP://teams.test/leads", "webhook is not https"),
        ("", "webhook is not https"),
        ("https://teams.test:x/hidden", "InvalidURL"),
        ("http://[hidden", "ValueError"),
    ],
)
async def test_a_webhook_that_is_not_reached_over_tls_is_not_used(bench: Tending, url: str, kind: str) -> None:
    bench.gateway.secrets["leads-channel"] = url
    assert await send(CHANNEL, TOLD, bench.rooms) == kind
    assert bench.channels.tried == 0


@pytest.mark.parametrize("url", ["http://localhost:7080/teams/leads", "http://127.0.0.1:7080/teams/leads\n"])
async def test_a_webhook_on_this_machine_needs_no_tls(bench: Tending, url: str) -> None:
    bench.gateway.secrets["leads-channel"] = url
    assert await send(CHANNEL, TOLD, bench.rooms) == ""
    assert bench.channels.posts[0][0] == "/teams/leads"


async def test_a_webhook_that_is_not_in_the_vault_is_a_failure(bench: Tending) -> None:
    assert await send(Teams("no-such-channel"), TOLD, bench.rooms) == "secret unavailable"


async def test_a_webhook_that_is_gone_is_read_again_for_the_next_attempt(bench: Tending) -> None:
    bench.channels.fault = Fault.IS_GONE
    bench.gateway.secrets["leads-channel"] = "https://teams.test/leads?sig=hidden"
    await bench.rooms.secrets.obtain("leads-channel")
    bench.gateway.secrets["leads-channel"] = "https://teams.test/new?sig=hidden"
    await send(CHANNEL, TOLD, bench.rooms)
    bench.channels.fault = None
    assert await send(CHANNEL, TOLD, bench.rooms) == ""
    assert bench.channels.posts[0][0] == "/new"


@pytest.mark.parametrize("fault", [None, *(fault for fault in Fault if fault is not Fault.HANGS)])
async def test_the_url_of_a_webhook_is_in_no_log_and_in_no_failure(
    bench: Tending, caplog: pytest.LogCaptureFixture, fault: Fault | None
) -> None:
    caplog.set_level(logging.DEBUG)
    bench.channels.fault = fault
    assert "hidden" not in await send(CHANNEL, TOLD, bench.rooms)
    assert "hidden" not in caplog.text


async def test_a_webhook_may_have_a_certificate_of_any_authority_that_the_system_trusts(
    bench: Tending, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = certificates.ensure(tmp_path)
    async with serving(Starlette(routes=[Route("/", _accepted, methods=["POST"])]), tls) as url:
        bench.gateway.secrets["leads-channel"] = url
        async with open_client() as client:
            assert await send(CHANNEL, TOLD, replace(bench.rooms, client=client)) == "ConnectError"
        monkeypatch.setenv("SSL_CERT_FILE", str(tls.authority))
        async with open_client() as client:
            assert await send(CHANNEL, TOLD, replace(bench.rooms, client=client)) == ""


async def _accepted(_: Request) -> Response:
    return Response(status_code=202)


class MailFault(Enum):
    THROTTLES = 429
    BREAKS = 503
    REFUSES = 401
    DOES_NOT_UNDERSTAND = 400


@dataclass(slots=True)
class MailService:
    """What Azure Communication Services would be asked; `fault` holds until it is lifted."""

    url: str = ""
    fault: MailFault | None = None
    sent: list[Any] = field(default_factory=list)
    tried: int = 0

    async def send(self, request: Request) -> JSONResponse:
        self.tried += 1
        if self.fault:
            error = {"error": {"code": "Fault", "message": "a text with leads@contoso.com"}}
            return JSONResponse(error, self.fault.value, {"retry-after": "3600"})
        assert request.headers["authorization"].startswith("Bearer ")
        self.sent.append(await request.json())
        return JSONResponse({"id": "1", "status": "Running"}, 202, {"operation-location": f"{self.url}/operations/1"})

    @property
    def notifier(self) -> Email:
        return Email(self.url, "donotreply@contoso.com", ("leads@contoso.com", "other@contoso.com"))


@pytest.fixture
async def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailService]:
    service, tls = MailService(), certificates.ensure(tmp_path)
    app = Starlette(routes=[Route("/emails:send", service.send, methods=["POST"])])
    monkeypatch.setitem(notifiers._OPTIONS, "connection_verify", str(tls.authority))  # otherwise the system's store
    async with AsyncExitStack() as parts:
        issuer = await parts.enter_async_context(provider())
        for name, value in issuer.environment.items():
            monkeypatch.setenv(name, value)
        service.url = await parts.enter_async_context(serving(app, tls))
        yield service


async def test_a_mail_is_handed_to_the_service_as_the_managed_identity(bench: Tending, service: MailService) -> None:
    assert await send(service.notifier, TOLD, bench.rooms) == ""
    (sent,) = service.sent
    assert sent["senderAddress"] == "donotreply@contoso.com"
    assert sent["recipients"] == {"to": [{"address": "leads@contoso.com"}, {"address": "other@contoso.com"}]}
    written = mail(TOLD)
    assert sent["content"] == {"subject": TOLD.subject, "plainText": written.plain, "html": written.html}
    assert sent["userEngagementTrackingDisabled"] is True


@pytest.mark.parametrize("fault", MailFault)
async def test_a_mail_that_is_not_taken_is_a_failure_of_a_kind(
    bench: Tending, service: MailService, fault: MailFault
) -> None:
    service.fault = fault
    async with asyncio.timeout(10):
        assert await send(service.notifier, TOLD, bench.rooms) == f"status {fault.value}"
    assert service.tried == 1


async def test_a_service_that_is_down_is_a_failure(bench: Tending, service: MailService) -> None:
    down = replace(service.notifier, endpoint="https://localhost:9")
    assert await send(down, TOLD, bench.rooms) == "ServiceRequestError"


async def test_a_service_that_answers_too_late_is_given_up(
    bench: Tending, service: MailService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifiers, "EMAIL_PATIENCE", 0.0)
    assert await send(service.notifier, TOLD, bench.rooms) == "timeout"


async def test_no_mail_leaves_without_an_identity_or_without_tls(
    bench: Tending, service: MailService, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = replace(service.notifier, endpoint=service.url.replace("https:", "http:"))
    assert await send(plain, TOLD, bench.rooms) == "ServiceRequestError"
    monkeypatch.setenv("IDENTITY_HEADER", "somebody-else")
    assert await send(service.notifier, TOLD, bench.rooms) == "status 401"
    assert service.tried == 0
