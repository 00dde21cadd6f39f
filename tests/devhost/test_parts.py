import json
from pathlib import Path
from typing import Any

from devhost.parts import NAMES, POLICY, ROOT, Place, gateway_environment, part, policy_for
from devhost.ports import Ports
from devhost.stack import stack
from gateway import settings

PROC = Path("/proc/net")


def empty(folder: Path) -> Path:
    policy = folder / "empty.yaml"
    policy.touch()
    return policy


async def test_everything_listens_on_loopback_and_shows_no_environment(tmp_path: Path, ports: Ports) -> None:
    async with stack(ports, tmp_path, names=("everything",)) as together:
        assert set(together.parts["everything"].environment) == {"PATH", "PORT"}
        listeners = [line.split() for table in ("tcp", "tcp6") for line in (PROC / table).read_text().splitlines()[1:]]
    # Columns: number, local address, remote address, state; 0A is LISTEN (proc(5)).
    addresses = [address for _, address, _, state, *_ in listeners if state == "0A"]
    mine = [address for address in addresses if address.endswith(f":{ports.everything:04X}")]
    assert mine == [f"0100007F:{ports.everything:04X}"]


def test_every_part_has_its_own_port_in_its_command_and_probe(tmp_path: Path, ports: Ports) -> None:
    place = Place(ports, tmp_path, empty(tmp_path))
    for name in set(NAMES) - {"azurite"}:
        port, made = ports.named()[name], part(name, place)
        assert str(port) in (*made.command, made.environment.get("PORT")), name
        assert f":{port}/" in made.probe, name


def test_the_gateway_accepts_its_environment(tmp_path: Path) -> None:
    environment = gateway_environment(Place(Ports(), tmp_path))
    found = settings.read(environment)
    assert found.policy == POLICY
    assert found.authority == "http://localhost:7072"
    assert "TableEndpoint=http://127.0.0.1:7078/" in found.evidence
    assert "AccountKey" not in found.evidence
    assert "sp=ra" in found.evidence
    assert environment["IDENTITY_ENDPOINT"] == "http://localhost:7072/msi/token"
    assert environment["IDENTITY_HEADER"]


def test_the_sample_settings_name_every_setting_and_the_gateway_accepts_them() -> None:
    sample: dict[str, Any] = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    asked_for: set[str] = set()

    class Noted(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            asked_for.add(key)
            return super().get(key, default)

    settings.read(Noted(sample))
    assert {name for name in sample if name.startswith(("COUNTERSIGN_", "OTEL_"))} == asked_for


def test_a_policy_keeps_its_place_on_the_default_ports(tmp_path: Path) -> None:
    assert policy_for(Place(Ports(), tmp_path)) == POLICY


def test_a_policy_is_copied_with_its_ports_where_they_moved(tmp_path: Path) -> None:
    original = tmp_path / "original.yaml"
    original.write_text("[http://localhost:7074/mcp, http://127.0.0.1:7075, http://localhost:9999, 7074]")
    copy = policy_for(Place(Ports.starting_at(9071), tmp_path, original))
    assert copy.read_text() == "[http://localhost:9074/mcp, http://127.0.0.1:9075, http://localhost:9999, 7074]"
    assert "7075" in original.read_text()
