"""The shape of the code, held by tests: twins, sizes, and which way imports point."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = sorted([*Path("gateway").rglob("*.py"), *Path("devhost").rglob("*.py"), Path("function_app.py")])

SHOWN_BY = {
    "function_app.py": "tests/live",
    "gateway/call.py": "tests/walk",
    "gateway/tasks.py": "tests/walk/test_tasks.py",
    "gateway/settle.py": "tests/walk",
    "gateway/relay.py": "tests/walk",
    "gateway/forward.py": "tests/walk",
    "gateway/reach.py": "tests/walk",
    "gateway/rooms.py": "tests/walk",
    "gateway/shown.py": "tests/walk/test_grant_lists.py",
    "gateway/watch.py": "tests/walk/test_grant_streams.py",
    "gateway/passage.py": "tests/walk",
    "gateway/approval.py": "tests/walk/test_approvals.py",
    "gateway/waiting.py": "tests/walk/test_waiting.py",
    "gateway/holding.py": "tests/walk/test_waiting.py",
    "gateway/grant.py": "tests/walk/test_grants.py",
    "gateway/asking.py": "tests/walk/test_grants.py",
    "gateway/access/approval.py": "tests/gateway/access/test_register.py",
    "gateway/access/evidence.py": "tests/gateway/access/test_register.py",
    "gateway/held_secrets.py": "tests/gateway/test_credential.py",
    "gateway/composition.py": "tests/live",
    "gateway/catalogue.py": "tests/walk/test_catalogue.py",
    "gateway/recorded.py": "tests/gateway/test_record.py",
    "gateway/outgoing.py": "tests/walk/test_outgoing.py",
    "gateway/reveal.py": "tests/walk/test_reveal.py",
    "gateway/payloads.py": "tests/walk/test_payloads.py",
    "gateway/policy/obligations.py": "tests/gateway/policy/test_match.py",
    "gateway/policy/covering.py": "tests/gateway/policy/test_match.py",
    "gateway/policy/custom.py": "tests/gateway/policy/test_masks.py",
    "gateway/policy/difference.py": "tests/gateway/policy/test_diff.py",
    "gateway/policy/diff_parts.py": "tests/gateway/policy/test_diff_fields.py",
    "gateway/policy/diff_words.py": "tests/gateway/policy/test_diff.py",
    "gateway/policy/replay_decisions.py": "tests/gateway/policy/test_replay.py",
    "gateway/policy/replay_words.py": "tests/gateway/policy/test_replay.py",
    "gateway/policy/worlds.py": "tests/gateway/policy/test_replay_laws.py",
    "gateway/proposals/evidence.py": "tests/gateway/proposals/test_register.py",
    "gateway/proposals/propose.py": "tests/gateway/proposals/test_api.py",
    "gateway/proposals/proposal.py": "tests/gateway/proposals/test_register.py",
    "gateway/stream_progress.py": "tests/walk/test_leaving.py",
    "gateway/proposals/replayed.py": "tests/gateway/proposals/test_api.py",
    "gateway/proposals/tend.py": "tests/gateway/proposals/test_register.py",
    "gateway/proposals/version.py": "tests/gateway/proposals/test_versions.py",
    "gateway/approvals/standing.py": "tests/gateway/access/test_register.py",
    "gateway/listing.py": "tests/walk/test_catalogue.py",
    "gateway/cli/stores.py": "tests/gateway/cli/test_access.py",
    "gateway/events.py": "tests/gateway/test_record.py",
    "gateway/cli/auditing.py": "tests/gateway/cli/test_replay.py",
    "gateway/evidence/audit_controls.py": "tests/gateway/evidence/test_controls.py",
    "gateway/evidence/control.py": "tests/gateway/evidence/test_controls.py",
    "gateway/evidence/control_table.py": "tests/gateway/evidence/test_controls.py",
    "gateway/evidence/timeline.py": "tests/gateway/evidence/test_replay.py",
    "gateway/evidence/words.py": "tests/gateway/cli/test_replay_text.py",
    "gateway/json_api.py": "tests/gateway/access/test_api.py",
    "gateway/pages/openid.py": "tests/gateway/pages/test_sign_in.py",
    "gateway/pages/posted.py": "tests/gateway/pages/test_approval_page.py",
    "gateway/pages/refusals.py": "tests/gateway/pages/test_approval_page.py",
    "gateway/pages/visit.py": "tests/gateway/pages/test_sign_in.py",
    "gateway/protocol.py": "tests/gateway/test_inbound.py",
    "gateway/evidence/growth.py": "tests/gateway/evidence/test_sealing.py",
    "gateway/evidence/ledger.py": "tests/gateway/evidence/test_sealing.py",
    "gateway/evidence/reading.py": "tests/gateway/storage/test_evidence_reader.py",
    "gateway/evidence/seal_walk.py": "tests/gateway/evidence/test_verify.py",
    "gateway/evidence/sound.py": "tests/gateway/evidence/test_verify.py",
    "gateway/evidence/verdict.py": "tests/gateway/evidence/test_verify.py",
    "gateway/telemetry/labels.py": "tests/walk/test_trace.py",
    "gateway/telemetry/meters.py": "tests/walk/test_trace.py",
    "gateway/telemetry/spans.py": "tests/walk/test_trace.py",
    "gateway/telemetry/trace.py": "tests/walk/test_trace.py",
    "devhost/collector.py": "tests/walk/test_trace.py",
    "gateway/storage/approval_keys.py": "tests/gateway/storage/test_approvals.py",
    "gateway/storage/contract.py": "tests/gateway/evidence/test_chain.py",
    "gateway/storage/identity.py": "tests/walk/test_credentials.py",
    "gateway/doctor/bench.py": "tests/live/test_doctor.py",
    "devhost/tour.py": "tests/live/test_tour.py",
    "devhost/tour_approvals.py": "tests/live/test_tour.py",
    "devhost/tour_access.py": "tests/live/test_tour.py",
    "devhost/tour_evidence.py": "tests/live/test_tour.py",
    "devhost/story.py": "tests/live/test_tour.py",
    "devhost/person.py": "tests/live/test_approvals.py",
    "devhost/demo/fixtures/events.py": "tests/conformance",
    "devhost/demo/fixtures/live.py": "tests/conformance",
    "devhost/demo/fixtures/plain.py": "tests/conformance",
    "devhost/demo/fixtures/rounds.py": "tests/conformance",
    "devhost/demo/fixtures/server.py": "tests/conformance",
    "devhost/demo/fixtures/texts.py": "tests/conformance",
}
"""Files without a twin of their own, and the tests that show them instead."""

LINES = 300
FUNCTION_LINES = 42
NESTING = 3
BROAD = {
    "gateway/json_api.py": 1,
    "gateway/approvals/orchestrations.py": 1,
    "gateway/approvals/orchestrator.py": 1,
    "gateway/call.py": 1,
    "gateway/pages/serve.py": 1,
    "gateway/relay.py": 1,
    "gateway/mask.py": 2,
    "gateway/policy/condition.py": 1,
}
"""Where everything may be caught: the outer boundaries, each of which refuses."""

ALONE = {
    "azure.data.tables": {
        "gateway/storage/tables.py",
        "gateway/storage/inserts.py",
        "gateway/storage/pins.py",
        "gateway/storage/approvals.py",
        "gateway/storage/evidence_reader.py",
        "gateway/storage/probes.py",
    },
    "azure.storage": {"gateway/storage/blobs.py", "gateway/storage/probes.py"},
    "azure.communication": {"gateway/approvals/notifiers.py"},
    "azure.keyvault.secrets": {"gateway/storage/vault.py"},
    "azure.keyvault.keys": {"gateway/storage/signing.py"},
    "azure.identity": {"gateway/storage/identity.py"},
    "aiohttp": {"gateway/forward.py", "gateway/storage/inserts.py"},
    "httpx": {
        "gateway/approvals/notifiers.py",
        "gateway/cli/proposals.py",
        "gateway/doctor/bench.py",
        "gateway/doctor/web.py",
        "gateway/token_endpoint.py",
        "gateway/forward.py",
        "gateway/identity_keys.py",
        "gateway/rooms.py",
        "gateway/storage/graph.py",
    },
    "starlette": {"function_app.py", "gateway/door.py", "gateway/http_server.py"},
    "uvicorn": {"gateway/http_server.py"},
    "cryptography": {"gateway/seal.py", "gateway/evidence/jws.py"},
    "opentelemetry": {
        "gateway/telemetry/meters.py",
        "gateway/telemetry/opened.py",
        "gateway/telemetry/spans.py",
    },
    "mcp": set(),
}
"""Libraries that only these files of the gateway may import."""

NESTED = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def depth(node: ast.AST, inside: int = 0) -> int:
    own = inside + isinstance(node, NESTED)
    children = [
        # `elif` is an If in the else branch of an If, and no deeper for a reader.
        depth(
            child, inside if isinstance(node, ast.If) and [child] == node.orelse and isinstance(child, ast.If) else own
        )
        for child in ast.iter_child_nodes(node)
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    return max([own, *children])


@pytest.mark.parametrize("path", [path for path in SOURCES if not path.name.startswith("__")], ids=str)
def test_a_source_file_has_a_twin_or_names_what_shows_it(path: Path) -> None:
    instead = SHOWN_BY.get(path.as_posix())
    twin = Path("tests") / path.with_name(f"test_{path.name}")
    assert Path(instead).exists() if instead else twin.exists()


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_source_file_is_one_room(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LINES
    for function in functions(path):
        assert (function.end_lineno or 0) - function.lineno < FUNCTION_LINES, function.name
        assert depth(function) <= NESTING, function.name


@pytest.mark.parametrize("path", [path for path in SOURCES if path.parts[0] == "gateway"], ids=str)
def test_everything_is_caught_only_at_an_outer_boundary(path: Path) -> None:
    broad = [
        node
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
    ]
    assert len(broad) == BROAD.get(path.as_posix(), 0)


@pytest.mark.parametrize("library", ALONE)
def test_a_library_is_used_in_its_room_alone(library: str) -> None:
    users = {
        path.as_posix()
        for path in SOURCES
        if path.parts[0] == "gateway"
        and any(name == library or name.startswith(f"{library}.") for name in imports(path))
    }
    assert users <= ALONE[library]


def test_imports_point_one_way() -> None:
    """Doors, call, rooms, values: nothing imports what comes before it."""
    for path in SOURCES:
        found = {name for name in imports(path) if name.startswith(("gateway.", "function_app", "devhost", "tests"))}
        if path.parts[0] == "gateway":
            assert not {name for name in found if name.startswith(("devhost", "tests", "function_app"))}, path
        if path.name not in ("composition.py", "process.py", "function_app.py", "call.py", "run.py"):
            assert not {name for name in found if name.startswith(("gateway.call", "gateway.composition"))}, path
        if path.as_posix() == "gateway/values.py":
            assert {name.split(".")[1] for name in found} == {"reasons"}
        if path.as_posix() == "gateway/reasons.py":
            assert found == set()
        if path.parts[:2] == ("gateway", "storage"):
            rooms = ("gateway.record", "gateway.policy", "gateway.evidence", "gateway.authorize", "gateway.mask")
            assert not {name for name in found if name.startswith(rooms)}, path


def test_every_promise_of_the_readme_names_tests_that_exist() -> None:
    named = [line for line in Path("README.md").read_text().splitlines() if line.startswith("|") and "`tests/" in line]
    assert len(named) >= 8
    for line in named:
        for test in [part for part in line.split("`") if part.startswith("tests/")]:
            assert Path(test).exists(), test
