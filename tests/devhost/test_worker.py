"""What the host says of apps that Microsoft's worker does not take; the good app is in test_front."""

from pathlib import Path

import pytest

from devhost import children
from devhost.children import PartError
from devhost.ports import Ports
from devhost.stack import ROOT
from devhost.worker import http_input, json_input
from tests.devhost.conftest import host_part

MIXED = """
import azure.functions as func
from azurefunctions.extensions.http.fastapi import Request, Response
app = func.FunctionApp()

@app.route(route="one")
async def one(req: Request) -> Response: ...

@app.route(route="two")
async def two(req: func.HttpRequest) -> func.HttpResponse: ...
"""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
        ("value = 1", "Could not find top level function app instances"),
        (MIXED, "cannot load the two function"),
        ("raise RuntimeError('COUNTERSIGN_TENANTS is not set')", "COUNTERSIGN_TENANTS is not set"),
    ],
)
async def test_an_app_that_does_not_index_ends_the_host_with_the_reason(
    tmp_path: Path, ports: Ports, code: str, reason: str
) -> None:
    (tmp_path / "function_app.py").write_text(code)
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    log = tmp_path / "log"
    with pytest.raises(PartError, match="exit code 1"):
        await children.start(host_part(ports, tmp_path, tmp_path), log, folder=ROOT)
    assert reason in log.read_text()


def test_an_http_input_carries_the_route_parameters_and_an_empty_body() -> None:
    data = http_input({"server": "records"})
    assert data.WhichOneof("data") == "http"
    assert data.http.params == {"server": "records"}
    assert data.http.body.bytes == b""


def test_a_json_input_is_text() -> None:
    assert json_input({"IsPastDue": False}).json == '{"IsPastDue":false}'
