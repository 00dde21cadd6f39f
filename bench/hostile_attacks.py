"""What hostile clients do to the gateway, one attack each: `python -m bench.hostile_attacks ATTACK < orders.json`.

Takes where the gateway listens, tokens, and how much of it; goes on for that many seconds and prints what it was
answered, as JSON. It runs in a process of its own, so that what it costs is not counted as the gateway's time.
"""

import asyncio
import contextlib
import gzip
import itertools
import json
import secrets
import socket
import sys
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field

HOST = "127.0.0.1"
HANDS = 32
"""Connections of a flood; each sends the next request as soon as the last one is answered."""
RECEIVES = 4096
"""Bytes that a slow reader lets the network hold."""
META = (
    '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}'
)


@dataclass(frozen=True, slots=True)
class Orders:
    """What an attack is told."""

    port: int
    path: str
    tokens: Sequence[str]
    """Of callers who may call."""
    count: int
    """Connections, of an attack that holds them."""
    seconds: float


@dataclass(slots=True)
class Found:
    """What came of it."""

    opened: int = 0
    """Connections that were held, or requests of a flood."""
    answers: dict[str, int] = field(default_factory=dict)
    """By HTTP status; `cut` where the connection was closed without one."""

    def note(self, what: str) -> None:
        self.answers[what] = self.answers.get(what, 0) + 1


@dataclass(frozen=True, slots=True)
class Attack:
    title: str
    run: Callable[[Orders, Found], Awaitable[None]]
    count: int
    """Connections, where nobody says how many."""


def head(orders: Orders, size: int | str, token: str = "", **more: str) -> bytes:
    """The head of a call; `size` is what Content-Length says."""
    lines = [f"POST {orders.path} HTTP/1.1", f"Host: localhost:{orders.port}", f"Content-Length: {size}"]
    lines += ["Content-Type: application/json", "Accept: application/json, text/event-stream"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def call(orders: Orders, token: str, tool: str, arguments: str = "{}", method: str = "tools/call") -> bytes:
    """A whole request in the modern era."""
    named = f'"name":"{tool}","arguments":{arguments},' if tool else ""
    if method == "subscriptions/listen":
        named = '"notifications":{"toolsListChanged":true},'
    body = f'{{"jsonrpc":"2.0","id":"{secrets.token_hex(6)}x","method":"{method}","params":{{{named}{META}}}}}'.encode()
    modern = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": method} | ({"Mcp_Name": tool} if tool else {})
    return head(orders, len(body), token, **modern) + body


async def slow_bodies(orders: Orders, found: Found) -> None:
    async def drip() -> None:
        reader, writer = await asyncio.open_connection(HOST, orders.port)
        writer.write(head(orders, 1_000_000))
        found.opened += 1
        answered = asyncio.ensure_future(reader.readline())
        while not answered.done():
            writer.write(b" ")
            await asyncio.wait([answered], timeout=1)
        _note(found, answered.result())

    await asyncio.gather(*(_held(found, drip) for _ in range(orders.count)))


async def slow_readers(orders: Orders, found: Found) -> None:
    tokens = itertools.cycle(orders.tokens)

    async def open_and_stare() -> None:
        plain = socket.socket()
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVES)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, (HOST, orders.port))
        await asyncio.get_running_loop().sock_sendall(
            plain, call(orders, next(tokens), "list_orders", '{"bytes":1000000}')
        )
        found.opened += 1
        await _forever()

    await asyncio.gather(*(_held(found, open_and_stare) for _ in range(orders.count)))


async def open_streams(orders: Orders, found: Found) -> None:
    tokens = itertools.cycle(orders.tokens)

    async def listen() -> None:
        reader, writer = await asyncio.open_connection(HOST, orders.port)
        writer.write(call(orders, next(tokens), "", method="subscriptions/listen"))
        found.opened += 1
        _note(found, await reader.readline())
        # Read and thrown away until it ends.
        while await reader.read(65536):
            pass
        found.note("ended")

    await asyncio.gather(*(_held(found, listen) for _ in range(orders.count)))


async def _held(found: Found, hold: Callable[[], Awaitable[None]]) -> None:
    try:
        await hold()
    except (OSError, asyncio.IncompleteReadError):
        found.note("cut")


async def _forever() -> None:
    await asyncio.Event().wait()


def _flood(request: Callable[[Orders, int], bytes]) -> Callable[[Orders, Found], Awaitable[None]]:
    async def run(orders: Orders, found: Found) -> None:
        numbers = itertools.count()

        async def hand() -> None:
            while True:
                await _held(found, lambda: _exchanges(orders, found, request, numbers))

        await asyncio.gather(*(hand() for _ in range(min(HANDS, orders.count))))

    return run


async def _exchanges(
    orders: Orders, found: Found, request: Callable[[Orders, int], bytes], numbers: "itertools.count[int]"
) -> None:
    reader, writer = await asyncio.open_connection(HOST, orders.port, limit=2**24)
    try:
        while True:
            writer.write(request(orders, next(numbers)))
            found.opened += 1
            answer = await reader.readuntil(b"\r\n\r\n")
            _note(found, answer)
            lengths = [line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if not lengths or b"connection: close" in answer.lower():
                return
            await reader.readexactly(int(lengths[0].split(b":")[1]))
    finally:
        writer.close()


def _note(found: Found, line: bytes) -> None:
    found.note(line.split(b" ")[1].decode() if line.startswith(b"HTTP/") else "cut")


def _unknown_key(orders: Orders, number: int) -> bytes:
    def part(value: dict[str, object]) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = orders.tokens[0].split(".")[1]
    made = f"{part({'typ': 'JWT', 'alg': 'RS256', 'kid': f'made-up-{number}'})}.{claims}.{'A' * 342}"
    return call(orders, made, "get_order")


def _many_headers(orders: Orders, _: int) -> bytes:
    return head(orders, 2, **{f"X_Made_Up_{number}": "v" * 250 for number in range(100)}) + b"{}"


def _one_header(orders: Orders, _: int) -> bytes:
    return head(orders, 2, X_Made_Up="v" * 70_000) + b"{}"


_BOMB = gzip.compress(b" " * 32_000_000)
_KEYS = "{" + ",".join(f'"k{number:06}":0' for number in range(300_000)) + "}"
_SHAPES = (
    "[" * 1_000_000,
    '{"a":' * 500_000,
    "[" + ",".join(["9" * 4_000] * 700) + "]",
    '"' + "\\u0041" * 500_000 + '"',
    _KEYS,
)


def _bomb(orders: Orders, number: int) -> bytes:
    return head(orders, len(_BOMB), orders.tokens[number % len(orders.tokens)], Content_Encoding="gzip") + _BOMB


def _shaped(orders: Orders, number: int) -> bytes:
    arguments = f'{{"a":{_SHAPES[number % len(_SHAPES)]}}}'
    return call(orders, orders.tokens[number % len(orders.tokens)], "get_order", arguments)


def _anonymous(orders: Orders, _: int) -> bytes:
    return head(orders, len(_KEYS)) + _KEYS.encode()


_PATTERNS = ("a@", "a.", "4111 ", "4111-", "eyJ", "-----BEGIN ", "00 ", "=?", "AAAA", "\\ud83d\\ude00")


def _pattern(orders: Orders, number: int) -> bytes:
    arguments = json.dumps({"bytes": 500_000, "says": "@"}).replace("@", _PATTERNS[number % len(_PATTERNS)])
    return call(orders, orders.tokens[number % len(orders.tokens)], "list_orders", arguments)


ATTACKS = {
    "slow-bodies": Attack("bodies of which a byte comes each second, without a token", slow_bodies, 500),
    "slow-readers": Attack("answers of a megabyte that are not read", slow_readers, 100),
    "open-streams": Attack("streams that stay open", open_streams, 2000),
    "no-token": Attack("a flood without a token", _flood(lambda orders, _: call(orders, "", "get_order")), HANDS),
    "unknown-keys": Attack("a flood of tokens with made-up `kid`s", _flood(_unknown_key), HANDS),
    "many-headers": Attack("a hundred header fields, 27 KB together", _flood(_many_headers), HANDS),
    "one-header": Attack("a header field of 70 KB", _flood(_one_header), HANDS),
    "bombs": Attack("bodies of 31 KB that unpack to 32 MB", _flood(_bomb), HANDS),
    "shapes": Attack("arguments of megabytes: nested, long numbers, 300,000 keys", _flood(_shaped), 8),
    "anonymous-keys": Attack("bodies of 300,000 keys without a token", _flood(_anonymous), 8),
    "patterns": Attack("results of half a megabyte that detectors like least", _flood(_pattern), 8),
}


async def attack(name: str, orders: Orders) -> Found:
    """What came of the attack after its time."""
    found = Found()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(orders.seconds):
            await ATTACKS[name].run(orders, found)
    return found


def main(arguments: Sequence[str]) -> None:
    orders = Orders(**json.loads(sys.stdin.read()))
    print(json.dumps(asdict(asyncio.run(attack(arguments[0], orders)))))


if __name__ == "__main__":
    main(sys.argv[1:])
