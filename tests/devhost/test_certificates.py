"""The certificates are believed by a strict client that knows the CA, and by no other."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse

from devhost import certificates
from devhost.serve import serving


def test_certificates_are_kept_from_start_to_start(tmp_path: Path) -> None:
    first = certificates.ensure(tmp_path)
    texts = [path.read_bytes() for path in (first.authority, first.certificate, first.key)]
    again = certificates.ensure(tmp_path)
    assert [path.read_bytes() for path in (again.authority, again.certificate, again.key)] == texts
    assert first.key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("days_left", "is_kept"), [(15, True), (13, False)])
def test_certificates_near_their_end_are_replaced(tmp_path: Path, days_left: int, is_kept: bool) -> None:
    made = datetime.now(UTC) - certificates.LIFETIME + days_left * certificates.RENEW_BEFORE / 14
    before = certificates.ensure(tmp_path, made).certificate.read_bytes()
    after = certificates.ensure(tmp_path)
    assert (after.certificate.read_bytes() == before) is is_kept
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tls"]


def test_half_a_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    assert b"BEGIN CERTIFICATE" in certificates.ensure(tmp_path).certificate.read_bytes()


async def test_a_client_with_the_ca_file_believes_the_server_by_name_and_by_address(tmp_path: Path) -> None:
    tls = certificates.ensure(tmp_path)
    strict = ssl.create_default_context(cafile=str(tls.authority))
    assert strict.verify_flags & ssl.VERIFY_X509_STRICT
    async with serving(PlainTextResponse("hello"), tls) as url, httpx.AsyncClient(verify=strict) as client:
        assert (await client.get(url)).text == "hello"
        assert (await client.get(url.replace("localhost", "127.0.0.1"))).text == "hello"


async def test_a_client_without_the_ca_file_does_not(tmp_path: Path) -> None:
    tls = certificates.ensure(tmp_path)
    stranger = ssl.create_default_context(cafile=str(certificates.ensure(tmp_path / "other").authority))
    async with serving(PlainTextResponse("hello"), tls) as url, httpx.AsyncClient(verify=stranger) as client:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get(url)
