"""Every setting that the code reads is set in a deployment, and every one that is set is read."""

import json
import re
from pathlib import Path

from gateway.evidence.reading import PAYLOADS, SEALS
from gateway.proposals.versions import CONTAINER as POLICIES
from gateway.storage import approvals, pins
from tests.infra.bicep import INFRA, ROOT, bodies, parsed

SETTING = re.compile(r'"((?:COUNTERSIGN|OTEL)_[A-Z_]+)"')
OURS = ("COUNTERSIGN_", "OTEL_")

PLATFORM = {
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}
"""What the Functions host reads: its storage and its telemetry, both by identity."""

SCHEDULER = {
    "AzureFunctionsJobHost__extensions__durableTask__storageProvider__type",
    "AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName",
    "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
}
"""What Durable Functions read where they do not keep to the host's storage."""


def deployed() -> set[str]:
    main = parsed(INFRA / "main.bicep")
    (settings,) = bodies(main["modules"]["app"]["config"]["params"]["settings"])
    return set(settings)


def sample() -> dict[str, str]:
    values: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    return values


def read_by_code() -> set[str]:
    return set(SETTING.findall((ROOT / "gateway" / "settings.py").read_text()))


def test_a_deployment_sets_what_the_code_reads_and_nothing_else() -> None:
    ours = {name for name in deployed() if name.startswith(OURS)}
    assert ours == read_by_code()
    assert deployed() - ours == PLATFORM


def test_the_sample_settings_are_those_of_a_deployment() -> None:
    assert {name for name in sample() if name.startswith(OURS)} == read_by_code()


def test_a_scheduler_brings_its_own_settings_and_nothing_else() -> None:
    choice = parsed(INFRA / "main.bicep")["variables"]["schedulerSettings"]["value"]["operator"]["operands"]
    assert choice["condition"] == "durableTaskScheduler"
    assert set(choice["true_value"]) == SCHEDULER
    assert choice["false_value"] == {}
    hub = json.loads((ROOT / "host.json").read_text())["extensions"]["durableTask"]["hubName"]
    assert parsed(INFRA / "main.bicep")["variables"]["hub"]["value"] == hub


def test_what_flex_consumption_refuses_is_not_set() -> None:
    refused = {"FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE"}
    assert refused.isdisjoint(deployed())


def test_the_command_line_is_given_every_setting_that_it_reads() -> None:
    outputs = parsed(INFRA / "main.bicep")["outputs"]
    source = (ROOT / "gateway" / "settings.py").read_text()
    proof = source[source.index("def read_stores") : source.index("def _public_url")]
    # Whoever is at the command line is nobody's managed identity.
    assert set(SETTING.findall(proof)) - {"COUNTERSIGN_IDENTITY"} <= outputs.keys()


def test_the_stores_have_the_tables_and_containers_that_the_code_opens() -> None:
    host, evidence = (parsed(INFRA / "modules" / f"{name}.bicep")["variables"] for name in ("host", "evidence"))
    assert set(host["tables"]["value"]) == {pins.TABLE, approvals.TABLE, approvals.GRANTS, approvals.PROPOSALS}
    assert evidence["containers"]["value"] == [SEALS, PAYLOADS, POLICIES]
    copy = parsed(INFRA / "modules" / "sealcopy.bicep")["resources"]["seals"]["config"]
    assert copy["name"] == SEALS


def test_the_keys_and_the_callback_are_those_of_the_code() -> None:
    variables = parsed(INFRA / "main.bicep")["variables"]
    assert variables["sealKey"]["value"] == sample()["COUNTERSIGN_SEAL_KEY"]
    assert variables["tokenKey"]["value"] == sample()["COUNTERSIGN_TOKEN_KEY"]
    assert variables["secretName"]["value"] == sample()["COUNTERSIGN_SESSION_KEY"]
    redirect = parsed(INFRA / "main.bicep")["modules"]["registration"]["config"]["config"]["params"]["redirectUri"]
    route = redirect.removeprefix("${url}/")
    assert f'route="{route}"' in (ROOT / "function_app.py").read_text()


def test_the_host_samples_nothing_that_an_alert_looks_for_and_polls_as_flex_consumption_wants() -> None:
    host = json.loads(Path(ROOT / "host.json").read_text())
    sampling = host["logging"]["applicationInsights"]["samplingSettings"]
    assert set(sampling["excludedTypes"].split(";")) == {"Event", "Exception", "Request", "Trace"}
    # Azure's page on Durable Functions on Flex Consumption: ten seconds at most.
    assert host["extensions"]["durableTask"]["storageProvider"] == {"maxQueuePollingInterval": "00:00:10"}
