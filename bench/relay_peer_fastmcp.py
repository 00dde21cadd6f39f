"""FastMCP's proxy before the bench's upstream: `python relay_peer_fastmcp.py PORT URL [shared]`.

Runs in an environment of its own, with FastMCP and without this project. With `shared` one connected client
serves all calls, as its documentation advises where the upstream keeps no state; else each call makes its own.
"""

import asyncio
import sys

from fastmcp import Client  # type: ignore[import-not-found]
from fastmcp.server import create_proxy  # type: ignore[import-not-found]


async def main(port: int, url: str, *, is_shared: bool) -> None:
    where = {"host": "127.0.0.1", "port": port, "show_banner": False, "log_level": "ERROR"}
    if not is_shared:
        await create_proxy(url, name="bench").run_http_async(**where)
        return
    async with Client(url) as client:
        await create_proxy(client, name="bench").run_http_async(**where)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], is_shared="shared" in sys.argv))
