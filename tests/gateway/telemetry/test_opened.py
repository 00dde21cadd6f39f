"""What telemetry is to a process: nothing where no collector is named, and this process's own where one is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry import metrics, trace

from devhost.collector import collecting
from devhost.stack import ROOT
from gateway.composition import open_rooms
from gateway.passage import Passage
from gateway.process import observed
from gateway.settings import SettingsError
from gateway.telemetry.meters import OBSERVED
from gateway.telemetry.opened import Exported
from gateway.telemetry.trace import OFF
from tests.fakes.entra import settings
from tests.fakes.values import CALL, ORIGIN

SENDING = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.proto", "google.protobuf", "requests")


def test_loading_the_app_loads_nothing_that_sends_telemetry() -> None:
    script = "import json, sys, function_app, gateway.composition; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, timeout=60)
    loaded = json.loads(done.stdout)
    assert "gateway.telemetry.trace" in loaded
    late = ("gateway.telemetry.opened", "gateway.telemetry.spans", "gateway.telemetry.meters", *SENDING)
    assert [name for name in loaded for part in late if name == part or name.startswith(f"{part}.")] == []


async def test_a_process_tells_every_number_that_it_is_asked_for() -> None:
    told = observed(open_rooms(settings()))
    assert told == dict.fromkeys(OBSERVED, 0)


async def test_a_collector_in_the_settings_is_what_opens_it() -> None:
    assert open_rooms(settings()).telemetry is OFF
    assert open_rooms(settings(OTEL_EXPORTER_OTLP_ENDPOINT="")).telemetry is OFF
    told = open_rooms(settings(OTEL_EXPORTER_OTLP_ENDPOINT="https://collector.example.com/")).telemetry
    assert isinstance(told, Exported)
    told.close()


def test_a_collector_is_reached_over_https_unless_it_is_on_this_machine() -> None:
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_ENDPOINT"):
        settings(OTEL_EXPORTER_OTLP_ENDPOINT="http://collector.example.com")
    assert settings(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318").collector == "http://127.0.0.1:4318"


def test_it_is_named_as_the_standard_says_and_no_library_of_the_process_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for name in ("countersign", "staging"):
        if name == "staging":
            monkeypatch.setenv("OTEL_SERVICE_NAME", name)
        file = tmp_path / name
        with collecting(file) as address:
            exported = Exported(address)
            trace.get_tracer("library").start_span("of a library").end()
            metrics.get_meter("library").create_counter("of.a.library").add(1)
            exported.begin(CALL, ()).through(_passage(), b"")
            exported.close()
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert "library" not in file.read_text()
        resource = next(line["resourceSpans"][0]["resource"] for line in lines if "resourceSpans" in line)
        found.append({item["key"]: item["value"]["stringValue"] for item in resource["attributes"]})
    assert [each["service.name"] for each in found] == ["countersign", "staging"]
    assert all(key.startswith(("service.", "telemetry.sdk.")) for each in found for key in each)


def _passage() -> Passage:
    return Passage(CALL, ORIGIN)
