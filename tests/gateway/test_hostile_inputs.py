"""Inputs that are made to cost much: each is refused, or costs in proportion to its size.

What grows is compared within one run, in processor time of inputs of two sizes: four times the input may take ten times
as long, where work that is quadratic takes sixteen; so no test depends on how fast or busy the machine is.
"""

import asyncio
import gzip
import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from devhost import serve
from gateway import jsontext
from gateway.inbound import read
from gateway.jsontext import Malformed
from gateway.policy.condition import compile_condition
from gateway.policy.document import Policy
from gateway.policy.glob import Glob
from gateway.policy.nodes import MAX_ERRORS
from gateway.policy.parse import parse
from gateway.policy.uri import normal_form
from gateway.reasons import Reason
from gateway.token_text import MAX_TOKEN
from gateway.token_text import read as read_token
from gateway.values import Arrival, Refusal

PATIENCE = 10
"""Seconds after which a test counts as hanging."""
JSON = ("content-type", "application/json")
HEAD = "version: 1\nservers:\n  a: {url: 'https://a.example'}\n"


def growth(work: Callable[[int], object], size: int) -> float:
    """How many times as long four times the size takes: the best of three each, warmed up."""
    work(size)

    def best(times: int) -> float:
        measured = []
        for _ in range(3):
            start = time.process_time()
            work(size * times)
            measured.append(time.process_time() - start)
        return min(measured)

    return best(4) / max(best(1), 1e-4)


def document(rules: list[str], rest: str = "") -> str:
    return f"{HEAD}{rest}rules:\n" + "".join(
        f"  - {{effect: allow, who: anyone, servers: [a], {rule}}}\n" for rule in rules
    )


def complaint(text: str) -> str:
    parsed = parse(text)
    assert isinstance(parsed, tuple)
    assert len(parsed) <= MAX_ERRORS
    return parsed[0].message


# Keys.


def test_which_keys_collide_is_another_matter_in_each_process() -> None:
    """Python hashes text with a secret of the process; keys of JSON are text, so nobody can choose colliding ones."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    command = [sys.executable, "-c", "print(hash('key'), hash('yek'))"]
    runs = {subprocess.run(command, env=environment, capture_output=True, check=True).stdout for _ in range(3)}
    assert len(runs) == 3


def test_nothing_that_is_deployed_switches_that_off() -> None:
    said = [*Path("infra").rglob("*.bicep*"), Path("local.settings.sample.json"), Path("host.json")]
    assert not [path for path in said if "PYTHONHASHSEED" in path.read_text()]


def test_keys_of_json_are_text_and_as_many_as_a_body_holds() -> None:
    raw = b"{" + b",".join(b'"%x":0' % number for number in range(100_000)) + b"}"
    found: Any = jsontext.parse(raw)
    assert {type(key) for key in found} == {str}
    assert len(found) <= len(raw) // len('"":0,')


def test_many_keys_cost_in_proportion() -> None:
    def body(count: int) -> bytes:
        return b"{" + b",".join(b'"%x":0' % number for number in range(count)) + b"}"

    bodies = {count: body(count) for count in (20_000, 80_000)}
    assert growth(lambda count: jsontext.parse(bodies[count]), 20_000) < 10


@pytest.mark.parametrize(
    "raw",
    [b"[" * 1_000_000, b'{"a":' * 1_000_000, b"[" * 65 + b"]" * 65, b"[[],{" * 100_000],
    ids=["arrays", "objects", "one too deep", "mixed"],
)
def test_depth_is_refused_however_deep_it_goes(raw: bytes) -> None:
    assert isinstance(jsontext.parse(raw), Malformed)


@pytest.mark.parametrize("number", [b"9" * 1_000_000, b"-1." + b"0" * 1_000_000, b"1e" + b"9" * 1_000_000])
def test_a_long_number_is_carried_and_never_calculated(number: bytes) -> None:
    # int() and str() of as many digits take quadratic time, which Python therefore refuses.
    assert jsontext.write(jsontext.parse(number)) == number


# Bodies and headers.


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate"])
def test_a_compressed_body_is_no_json_and_is_never_unpacked(encoding: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    arrival = Arrival("POST", "records", (JSON, ("content-encoding", encoding)), bomb)
    tracemalloc.start()
    try:
        refusal = read(arrival, frozenset()).refusal
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refusal is not None
    assert refusal.reason is Reason.NOT_JSON
    assert peak < 10 * len(bomb)


def test_what_a_client_says_of_its_encoding_does_not_travel() -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()
    call = read(Arrival("POST", "records", (JSON, ("content-encoding", "gzip")), body), frozenset()).call
    assert call.headers == ()


def test_a_long_token_is_refused_unread() -> None:
    refusal = read_token("a" * (MAX_TOKEN + 1))
    assert isinstance(refusal, Refusal)
    assert refusal.detail == "too long"


def test_many_headers_cost_in_proportion() -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()

    def work(count: int) -> None:
        headers = tuple((f"mcp-param-{number}", "x") for number in range(count))
        assert read(Arrival("POST", "records", (JSON, *headers), body), frozenset()).refusal is None

    assert growth(work, 1_000) < 10


@pytest.mark.parametrize("field", [b"x-filler: " + b"a" * 1_000_000, b"a: b\r\n" * 200_000], ids=["long", "many"])
async def test_headers_of_a_megabyte_end_before_anything_of_the_gateway_runs(field: bytes) -> None:
    """The worker serves with uvicorn as it comes, as this app does; the platform's front end is far stricter."""
    seen = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(Request(scope).url.path)
        await PlainTextResponse("ok")(scope, receive, send)

    async with asyncio.timeout(PATIENCE), serve.serving(app) as base:
        reader, writer = await asyncio.open_connection("localhost", int(base.rpartition(":")[2]))
        writer.write(b"POST /mcp/records HTTP/1.1\r\nhost: x\r\n" + field + b"\r\n\r\n")
        status = await reader.readline()
        writer.close()
    assert b" 400 " in status
    assert "/mcp/records" not in seen


def test_a_body_of_nothing_but_holders_takes_no_more_than_forty_times_its_size() -> None:
    raw = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[' + b"[]," * 100_000 + b"0]}}"
    tracemalloc.start()
    try:
        read(Arrival("POST", "records", (JSON,), raw), frozenset())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * len(raw)


# Policies.


def test_rules_cost_in_proportion() -> None:
    texts = {count: document([f"name: r{n}, tools: ['x{n}*', 'y']" for n in range(count)]) for count in (500, 2000)}
    assert growth(lambda count: parse(texts[count]), 500) < 10


def test_ten_thousand_rules_are_a_policy() -> None:
    policy = parse(document([f"name: r{n}, tools: ['x{n}*']" for n in range(10_000)]))
    assert isinstance(policy, Policy)
    assert len(policy.rules) == 10_000


def test_names_that_nobody_knows_cost_in_proportion() -> None:
    def text(count: int) -> str:
        masks = "masks:\n" + "".join(f"  customer-mask-{n:05}: {{detect: [email]}}\n" for n in range(count))
        return document([f"name: r{n}, tools: [x], mask: [customer-masq-{n:05}]" for n in range(count)], masks)

    texts = {count: text(count) for count in (150, 600)}
    assert growth(lambda count: parse(texts[count]), 150) < 10


def test_a_list_of_names_that_nobody_knows_is_compared_with_so_many_and_no_more() -> None:
    unknown = ", ".join(f"customer-masq-{n:05}" for n in range(40))

    def text(count: int) -> str:
        masks = "masks:\n" + "".join(f"  customer-mask-{n:05}: {{detect: [email]}}\n" for n in range(count))
        return document([f"name: r, tools: [x], mask: [{unknown}]"], masks)

    texts = {count: text(count) for count in (200, 800)}
    assert growth(lambda count: parse(texts[count]), 200) < 3


def test_a_glob_of_nothing_but_stars_costs_in_proportion_to_the_name() -> None:
    glob = Glob("*a" * 95 + "*b")
    names = {size: "a" * size for size in (100_000, 400_000)}
    assert growth(lambda size: glob.matches(names[size]), 100_000) < 10


@pytest.mark.parametrize("piece", ["/..", "/a/..", "%2e%2e/", "\\", "{", "a:"])
def test_a_uri_is_read_in_proportion_to_its_length(piece: str) -> None:
    uris = {size: "x://" + piece * size for size in (20_000, 80_000)}
    assert growth(lambda size: normal_form(uris[size]), 20_000) < 10


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(1000)),
        "[" * 500_000,
        "- " * 500_000,
        "? " * 500_000,
        "a: " * 300_000,
        "x" * (1 << 20) + "x",
        "version: " + "9" * 1_000_000,
        "version: 0x" + "f" * 1_000_000,
        HEAD + "rules: [" + "a," * 100_000 + "]",
    ],
    ids=["aliases", "brackets", "dashes", "keys", "colons", "large", "digits", "hexadecimal", "items"],
)
def test_a_document_that_is_made_to_cost_much_is_refused(text: str) -> None:
    assert len(complaint(text)) < 200


@pytest.mark.parametrize(
    "pattern", ["((a{1000}){1000}){1000}", "(a{1001})", r"\\pL{1000}" * 5, "(" * 250 + "a" + ")" * 250]
)
def test_a_pattern_that_is_made_to_cost_much_is_refused_or_takes_little(pattern: str) -> None:
    masks = f"masks:\n  m: {{patterns: {{p: '{pattern}'}}}}\n"
    start = time.process_time()
    parse(document(["name: r, tools: [x], mask: [m]"], masks))
    # RE2 stops at eight megabytes of program, which is far less than a second.
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "text",
    ["1 == 1 && " * 5000 + "true", "(" * 400 + "true" + ")" * 400, "[" * 400 + "]" * 400 + " == []"],
    ids=["long", "brackets", "lists"],
)
def test_a_condition_that_is_made_to_cost_much_is_refused(text: str) -> None:
    assert isinstance(compile_condition(text, {}), str)


@pytest.mark.parametrize("text", ["!" * 990 + "true", "-" * 900 + "1 == 1", "true" + " ? true" * 120 + " : true" * 120])
def test_a_condition_of_signs_alone_is_read_or_refused(text: str) -> None:
    compile_condition(text, {})
