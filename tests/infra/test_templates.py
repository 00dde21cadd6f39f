"""The templates hold together: what a module is given it declares, what is declared is used, what is read is there."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.infra.bicep import FILES, INFRA, ROOT, modules, parsed, resources

MAIN = INFRA / "main.bicep"
EVERY = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
WORD = re.compile(r"[A-Za-z_]\w*")

STRING = re.compile(r"'(?:[^'\\]|\\.)*'")
INSIDE = re.compile(r"\$\{([^}]*)\}")
NAME = re.compile(r"(?<![.\w@])[A-Za-z_]\w*(?![\w:])")
OUTPUT = re.compile(r"^output \w+", re.MULTILINE)
TURN = re.compile(r"for (\w+|\(\w+, \w+\)) in|(\w+) =>")
LANGUAGE = {
    *("targetScope", "extension", "param", "var", "resource", "module", "existing", "if", "for", "in"),
    *("true", "false", "string", "int", "bool", "array", "object"),
    *("cidrSubnet", "empty", "environment", "filter", "guid", "join", "subscription"),
    *("subscriptionResourceId", "tenant", "toLower", "union", "uniqueString"),
}
"""Keywords, types and functions of Bicep that the templates use; no compiler is here to know them."""


def names_in(source: str) -> set[str]:
    """Every name that is read, also inside strings; not the names of properties and outputs."""
    inside = " ".join(each for string in STRING.findall(source) for each in INSIDE.findall(string))
    return set(NAME.findall(OUTPUT.sub("", STRING.sub("''", source)) + " " + inside))


def code(file: Path) -> str:
    """Without comments and descriptions, which use the same words."""
    lines = [line for line in file.read_text().splitlines() if not line.lstrip().startswith(("//", "@description"))]
    return "\n".join(lines)


@EVERY
def test_a_template_parses_and_declares_something(file: Path) -> None:
    assert {"resources", "modules"} & parsed(file).keys()


@EVERY
def test_a_module_is_given_what_it_declares_and_all_that_it_needs(file: Path) -> None:
    for module in modules(file):
        declared = parsed(file.parent / module.kind)["parameters"]
        given = set(module.body["params"])
        assert given <= declared.keys(), module.symbol
        needed = {name for name, found in declared.items() if found["default"] is None}
        assert needed <= given, module.symbol


@EVERY
def test_what_is_read_of_a_module_is_one_of_its_outputs(file: Path) -> None:
    known = {module.symbol: parsed(file.parent / module.kind).get("outputs", {}) for module in modules(file)}
    for symbol, output in re.findall(r"(\w+)!?\.outputs\.(\w+)", code(file)):
        assert output in known[symbol], symbol


@EVERY
def test_every_name_is_declared_or_is_the_language_s_own(file: Path) -> None:
    found = parsed(file)
    kinds = ("parameters", "variables", "resources", "modules", "extensions")
    declared = {name for kind in kinds for name in found.get(kind, {})}
    turns = {name for each in TURN.findall(code(file)) for name in WORD.findall(each[0] or each[1])}
    assert names_in(code(file)) - declared - turns <= LANGUAGE


@EVERY
def test_what_is_declared_is_used(file: Path) -> None:
    words = WORD.findall(code(file))
    declared = [*parsed(file).get("parameters", {}), *parsed(file).get("variables", {})]
    assert [name for name in declared if words.count(name) < 2] == []


def test_every_module_is_deployed_by_somebody() -> None:
    used = {(file.parent / module.kind).resolve() for file in FILES for module in modules(file)}
    assert set(FILES) - {MAIN} == used


def test_the_parameters_file_gives_what_the_template_declares_and_all_that_it_needs() -> None:
    given = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
    declared = parsed(MAIN)["parameters"]
    assert given.keys() <= declared.keys()
    assert {name for name, found in declared.items() if found["default"] is None} <= given.keys()


def test_the_developer_cli_finds_the_template_the_app_and_its_tag() -> None:
    project = yaml.safe_load((ROOT / "azure.yaml").read_text())
    assert project["infra"] == {"provider": "bicep", "path": "infra", "module": "main"}
    (service,) = project["services"]
    found = dict(project["services"][service])
    assert found.pop("hooks") == {"prepackage": {"shell": "sh", "run": "make compile"}}
    assert found == {"project": ".", "language": "python", "host": "function"}
    assert f"'azd-service-name': '{service}'" in (INFRA / "modules" / "app.bicep").read_text()
    assert "'azd-env-name': environmentName" in MAIN.read_text()


def test_the_app_runs_the_python_that_the_tests_run() -> None:
    (site,) = [found for found in resources() if found.symbol == "site" and found.file == "app"]
    runtime = site.body["properties"]["functionAppConfig"]["runtime"]
    assert runtime == {"name": "python", "version": (ROOT / ".python-version").read_text().strip()}


def test_no_store_has_a_key_or_a_public_door() -> None:
    accounts = [found for found in resources() if found.kind == "Microsoft.Storage/storageAccounts"]
    assert {account.file for account in accounts} == {"host", "evidence", "sealcopy"}
    for account in accounts:
        properties = account.body["properties"]
        assert properties["allowSharedKeyAccess"] is properties["allowBlobPublicAccess"] is False
        assert properties["networkAcls"]["defaultAction"] == "Deny"
        choice = properties["publicNetworkAccess"]["operator"]["operands"]
        assert (choice["true_value"], choice["false_value"]) == ("Disabled", "Enabled")
        assert choice["condition"]["function"]["type"] == "empty"


def test_nobody_deletes_evidence_by_the_way_and_a_retention_that_is_locked_is_not_deployed_again() -> None:
    locks = [found for found in resources() if found.kind == "Microsoft.Authorization/locks"]
    # Without a scope it is on the resource group, with everything in it.
    assert {(lock.file, lock.body.get("scope")) for lock in locks} == {
        ("evidence", None),
        ("sealcopy", None),
        ("vault", "vault"),
    }
    assert all(lock.body["properties"]["level"] == "CanNotDelete" for lock in locks)
    policies = [found for found in resources() if found.kind.endswith("/immutabilityPolicies")]
    assert {policy.file for policy in policies} == {"evidence", "sealcopy"}
    for policy in policies:
        assert policy.body["properties"]["immutabilityPeriodSinceCreationInDays"] == "retentionDays"
        assert policy.body["properties"]["allowProtectedAppendWrites"] is False
    assert "(retentionLocked ? [] : containers)" in (INFRA / "modules/evidence.bicep").read_text()
    assert "if (!retentionLocked)" in (INFRA / "modules/sealcopy.bicep").read_text()


def test_only_payloads_are_ever_deleted_by_the_platform() -> None:
    (ending,) = [found for found in resources() if found.kind.endswith("/managementPolicies")]
    (rule,) = ending.body["properties"]["policy"]["rules"]
    assert rule["definition"]["filters"]["prefixMatch"] == ["payloads/2"], "days, and no texts of policies"
    deletion = rule["definition"]["actions"]["baseBlob"]["delete"]
    assert deletion == {"daysAfterCreationGreaterThan": "retentionDays"}
