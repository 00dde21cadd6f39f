# ruff: noqa: E501 - sentences stand here in one piece, as the operator reads them
"""The servers section."""

import pytest

from gateway.policy.document import Trust
from gateway.policy.servers import _KEYS
from tests.gateway.policy.documents import changed, good, mistakes

URL = "    url: https://records.example.com/mcp\n"


def with_server(line: str) -> str:
    return changed(URL, URL + f"    {line}\n")


def test_a_server_that_says_little_waits_a_little_and_needs_no_credential() -> None:
    server = good().servers["records"]
    assert (server.url, server.credential) == ("https://records.example.com/mcp", None)
    assert (server.connect_timeout, server.read_timeout) == (5, 60)
    assert [mask.name for mask in server.masks] == ["personal"]


def test_new_and_changed_tools_are_held_unless_the_server_is_trusted() -> None:
    assert good().servers["records"].trust is Trust.QUARANTINE
    assert good(with_server("trust: accept")).servers["records"].trust is Trust.ACCEPT
    [line] = mistakes(with_server("trust: acept"))
    assert "unknown trust 'acept'; did you mean 'accept'? (in server 'records')" in line
    [line] = mistakes(with_server("trust: [accept]"))
    assert "trust of server 'records' must be text" in line


@pytest.mark.parametrize(
    ("written", "largest"),
    [("pass", None), ("block", 0), ("{limit: 1MiB}", 2**20), ("{limit: 64KiB}", 65_536)],
)
def test_blobs_that_nobody_reads_pass_are_blocked_or_have_a_limit(written: str, largest: int | None) -> None:
    assert good().servers["records"].largest_blob is None
    assert good(with_server(f"blobs: {written}")).servers["records"].largest_blob == largest


@pytest.mark.parametrize("written", ["on", "[block]", "{limit: 1}", "{limit: 1MB}", "{limits: 1MiB}", "{limit: [1]}"])
def test_what_is_no_rule_for_blobs_is_told(written: str) -> None:
    said = " ".join(mistakes(with_server(f"blobs: {written}")))
    assert "blobs of server 'records'" in said


def test_timeouts_have_units() -> None:
    server = good(with_server("timeouts: {connect: 500ms, read: 2m}")).servers["records"]
    assert (server.connect_timeout, server.read_timeout) == (0.5, 120)


@pytest.mark.parametrize(
    ("line", "errors"),
    [
        (
            "tool: x",
            [f"line 8, column 5: unknown key 'tool' in server 'records'; known: {', '.join(_KEYS)}"],
        ),
        (
            "credentials: none",
            ["line 8, column 5: unknown key 'credentials' in server 'records'; did you mean 'credential'?"],
        ),
        (
            "timeouts: {connect: 5, read: 1}",
            [
                "line 8, column 25: connect timeout of server 'records' must be a number with ms, s, m, h or d, such as 5s",
                "line 8, column 34: read timeout of server 'records' must be a number with ms, s, m, h or d, such as 1m",
            ],
        ),
        (
            "timeouts: {connect: 60s, read: 1h}",
            [
                "line 8, column 25: connect timeout of server 'records' must lie between 100ms and 30s",
                "line 8, column 36: read timeout of server 'records' must lie between 100ms and 10m",
            ],
        ),
    ],
)
def test_a_mistake_in_a_server_is_told(line: str, errors: list[str]) -> None:
    assert mistakes(with_server(line)) == errors


def test_an_unknown_mask_is_told() -> None:
    assert mistakes(changed("mask: [personal]", "mask: [personel]")) == [
        "line 8, column 12: unknown mask 'personel'; did you mean 'personal'?"
    ]


def test_a_wrong_address_or_credential_is_told_with_the_servers_name() -> None:
    document = changed("url: https://records.example.com/mcp", "url: http://x.example\n    credential: {bearer: {}}")
    assert mistakes(document) == [
        "line 7, column 10: url of server 'records' must begin with https:// (plain http only to this machine)",
        "line 8, column 26: bearer of server 'records' lacks 'secret'",
    ]


def test_only_on_behalf_of_needs_a_user() -> None:
    assert good(with_server("credential: {on_behalf_of: {scope: api://crm/access}}")).servers["records"].needs_user
    assert not good(with_server("credential: {managed_identity: {resource: api://crm}}")).servers["records"].needs_user


def test_a_server_name_must_fit_a_url_path() -> None:
    document = changed("  records:\n", "  Records_1:\n").replace("servers: [records]", "servers: [Records_1]")
    assert mistakes(document) == [
        "line 6, column 3: server 'Records_1': a name has up to 63 of the characters a-z, 0-9 and '-', as in a URL path"
    ]


def test_without_servers_there_is_nothing_to_guard() -> None:
    assert mistakes("version: 1\nservers: {}\nrules: []") == [
        "line 2, column 10: servers is empty; name at least one, such as 'records: {url: https://...}'"
    ]
