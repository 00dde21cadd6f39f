"""The official mail client and a plain post deliver to the outbox, which people and tests read; nobody else mails."""

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from devhost import certificates
from devhost.identity.app import app as identity_app
from devhost.identity.issuer import Issuer
from devhost.identity.keys import KeyRing
from devhost.identity.managed import environment, identity_header
from devhost.outbox.app import Doors, app, pages
from devhost.outbox.messages import Messages
from devhost.serve import serving
from tests.devhost.outbox.samples import card, mail

SEND = "/emails:send?api-version=2025-09-01"


@dataclass(frozen=True)
class Outbox:
    state: Path
    issuer: Issuer
    identity: str
    url: str
    page: httpx.AsyncClient
    """Without TLS."""
    post: httpx.AsyncClient
    """Over TLS, trusting the stack's authority."""
    said: list[str]

    def bearer(self) -> dict[str, str]:
        token, _ = self.issuer.managed_identity_token("https://communication.azure.com")
        return {"Authorization": f"Bearer {token}"}

    async def messages(self) -> Sequence[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.page.get("/messages")).json()
        return found

    async def process(self, script: str, *arguments: str) -> tuple[int | None, str]:
        """What a process prints that has only what App Service sets, and a CA file."""
        settings = environment(self.state, self.identity)
        settings["SSL_CERT_FILE"] = str(certificates.ensure(self.state).authority)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", script, self.url, *arguments), env=settings, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await asyncio.wait_for(process.communicate(), 30)
        return process.returncode, printed.decode()


@pytest_asyncio.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Outbox]:
    issuer, said = Issuer("http://localhost", KeyRing.at(tmp_path)), list[str]()
    doors, tls = Doors(Messages(tmp_path), said.append), certificates.ensure(tmp_path)
    trust = ssl.create_default_context(cafile=str(tls.authority))
    async with AsyncExitStack() as parts:
        identity = await parts.enter_async_context(serving(identity_app(issuer, identity_header(tmp_path))))
        url = await parts.enter_async_context(serving(app(doors), tls))
        plain = await parts.enter_async_context(serving(pages(doors)))
        page = await parts.enter_async_context(httpx.AsyncClient(base_url=plain))
        post = await parts.enter_async_context(httpx.AsyncClient(base_url=url, verify=trust))
        yield Outbox(tmp_path, issuer, identity, url, page, post, said)


SDK = """
import asyncio, json, sys
from azure.communication.email.aio import EmailClient
from azure.identity.aio import ManagedIdentityCredential

async def main():
    async with ManagedIdentityCredential() as credential, EmailClient(sys.argv[1], credential) as client:
        poller = await client.begin_send(json.loads(sys.argv[2]), operation_id=sys.argv[3])
        print(json.dumps(await poller.result()))

asyncio.run(main())
"""


async def test_the_official_client_sends_a_mail_as_the_managed_identity(outbox: Outbox) -> None:
    operation = "8540c0de-899f-5cce-acb5-3ec493af3800"
    code, printed = await outbox.process(SDK, json.dumps(mail()), operation)
    assert (code, json.loads(printed)) == (0, {"id": operation, "status": "Succeeded", "error": None})
    (message,) = await outbox.messages()
    assert (message["kind"], message["subject"], message["body"]) == ("email", mail()["content"]["subject"], mail())


PLAIN_POST = """
import asyncio, httpx, json, sys

async def main():
    async with httpx.AsyncClient() as client:
        print((await client.post(sys.argv[1] + "/teams/approvers", json=json.loads(sys.argv[2]))).status_code)

asyncio.run(main())
"""


async def test_httpx_trusts_the_stacks_authority_by_the_environment_alone(outbox: Outbox) -> None:
    assert await outbox.process(PLAIN_POST, json.dumps(card())) == (0, "202\n")
    assert len(await outbox.messages()) == 1


async def test_a_card_is_told_shown_and_kept(outbox: Outbox) -> None:
    answer = await outbox.post.post("/teams/approvers", json=card())
    assert (answer.status_code, answer.content) == (202, b"")
    (message,) = await outbox.messages()
    assert (message["to"], message["links"]) == (["approvers"], ["http://localhost:7071/approvals/a-1"])
    assert outbox.said == [
        "outbox: Teams approvers: Enid Engineer wants issue_refund http://localhost:7071/approvals/a-1"
    ]
    page = await outbox.page.get("/")
    assert 'href="http://localhost:7071/approvals/a-1"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (await outbox.page.delete("/messages")).status_code == 204
    assert await outbox.messages() == []


async def test_a_card_that_is_wrong_too_large_or_not_json_is_refused_and_not_kept(outbox: Outbox) -> None:
    large = card()
    large["attachments"][0]["content"]["body"][0]["text"] = "x" * 28 * 1024
    assert (await outbox.post.post("/teams/approvers", json=card() | {"type": "x"})).status_code == 400
    assert (await outbox.post.post("/teams/approvers", json=large)).status_code == 413
    assert (await outbox.post.post("/teams/approvers", content=json.dumps(card()))).status_code == 400
    assert (await outbox.post.post("/teams/Approvers%0a", json=card())).status_code == 404
    assert (await outbox.messages(), outbox.said) == ([], [])


async def test_a_mail_is_accepted_and_its_operation_succeeds(outbox: Outbox) -> None:
    answer = await outbox.post.post(SEND, json=mail(), headers=outbox.bearer())
    assert (answer.status_code, answer.json()["status"], answer.headers["retry-after"]) == (202, "Running", "1")
    location = answer.headers["operation-location"]
    assert location == f"{outbox.url}/emails/operations/{answer.json()['id']}?api-version=2025-09-01"
    done = await outbox.post.get(location, headers=outbox.bearer())
    assert done.json() == {"id": answer.json()["id"], "status": "Succeeded", "error": None}
    assert (await outbox.post.get(location)).status_code == 401


async def test_nobody_but_the_managed_identity_mails(outbox: Outbox) -> None:
    other, _ = outbox.issuer.managed_identity_token("https://vault.azure.net")
    for headers in ({}, {"Authorization": f"Bearer {other}"}):
        assert (await outbox.post.post(SEND, json=mail(), headers=headers)).status_code == 401
    assert (await outbox.post.post("/emails:send", json=mail(), headers=outbox.bearer())).status_code == 400
    wrong = await outbox.post.post(SEND, json=mail() | {"senderAddress": "x"}, headers=outbox.bearer())
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "EmailDroppedBadRequest")
    assert await outbox.messages() == []


async def test_a_fault_holds_for_its_kind_and_as_often_as_was_said(outbox: Outbox) -> None:
    async def sent() -> tuple[int, int]:
        posted = await outbox.post.post("/teams/approvers", json=card())
        mailed = await outbox.post.post(SEND, json=mail(), headers=outbox.bearer())
        return posted.status_code, mailed.status_code

    await outbox.page.post("/devhost/fail", json={"kind": "teams", "status": 500, "times": 2})
    assert [await sent() for _ in range(3)] == [(500, 202), (500, 202), (202, 202)]
    await outbox.page.post("/devhost/fail", json={"kind": "email", "status": 429, "times": 1})
    limited = await outbox.post.post(SEND, json=mail(), headers=outbox.bearer())
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")
    assert len(await outbox.messages()) == 4


@pytest.mark.parametrize(
    "asked", [None, {}, {"kind": "fax", "status": 500, "times": 1}, {"kind": "teams", "status": 200, "times": 1}]
)
async def test_a_fault_that_makes_no_sense_is_refused(outbox: Outbox, asked: object) -> None:
    assert (await outbox.page.post("/devhost/fail", json=asked)).status_code == 400


async def test_without_tls_nothing_can_be_sent_and_no_other_name_is_served(outbox: Outbox) -> None:
    assert (await outbox.page.post("/teams/approvers", json=card())).status_code == 404
    assert (await outbox.page.post(SEND, json=mail(), headers=outbox.bearer())).status_code == 404
    assert (await outbox.page.get("/messages", headers={"Host": "evil.example"})).status_code == 400
