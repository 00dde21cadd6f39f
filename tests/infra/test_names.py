"""The names of properties, against the models that Microsoft generates from the services' own descriptions."""

import importlib
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.bicep import Declared, bodies, resources

MODELS = {
    "Microsoft.KeyVault/vaults": ("keyvault", "VaultCreateOrUpdateParameters"),
    "Microsoft.KeyVault/vaults/keys": ("keyvault", "KeyCreateParameters"),
    "Microsoft.Network/privateEndpoints": ("network", "PrivateEndpoint"),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": ("network", "PrivateDnsZoneGroup"),
    "Microsoft.Network/virtualNetworks": ("network", "VirtualNetwork"),
    "Microsoft.Storage/storageAccounts": ("storage", "StorageAccountCreateParameters"),
    "Microsoft.Storage/storageAccounts/blobServices": ("storage", "BlobServiceProperties"),
    "Microsoft.Storage/storageAccounts/blobServices/containers": ("storage", "BlobContainer"),
    "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": ("storage", "ImmutabilityPolicy"),
    "Microsoft.Storage/storageAccounts/managementPolicies": ("storage", "ManagementPolicy"),
    "Microsoft.Storage/storageAccounts/tableServices": ("storage", "TableServiceProperties"),
    "Microsoft.Storage/storageAccounts/tableServices/tables": ("storage", "Table"),
    "Microsoft.Web/certificates": ("web", "Certificate"),
    "Microsoft.Web/serverfarms": ("web", "AppServicePlan"),
    "Microsoft.Web/sites": ("web", "Site"),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": ("web", "CsmPublishingCredentialsPoliciesEntity"),
    "Microsoft.Web/sites/hostNameBindings": ("web", "HostNameBinding"),
}
UNSEEN = {
    "Microsoft.Authorization/locks",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/roleDefinitions",
    "Microsoft.DurableTask/schedulers",
    "Microsoft.DurableTask/schedulers/taskHubs",
    "Microsoft.Graph/appRoleAssignedTo",
    "Microsoft.Graph/applications",
    "Microsoft.Graph/applications/federatedIdentityCredentials",
    "Microsoft.Graph/servicePrincipals",
    "Microsoft.Insights/actionGroups",
    "Microsoft.Insights/activityLogAlerts",
    "Microsoft.Insights/components",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/scheduledQueryRules",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Resources/resourceGroups",
    "Microsoft.Web/sites/config",
}
"""Types whose models would be a package more each, or have no model: small, and read with care."""

BICEP = {"parent", "scope", "dependsOn", "name", "location", "tags", "kind", "sku", "identity"}
"""What any resource may have at its top, with what is the deployment's own."""

MADE = [found for found in resources() if not found.is_existing]


def unknown(body: Any, model: Any, module: Any, path: str) -> Iterator[str]:
    """Properties that the model does not have."""
    model = _resolved(model, module)
    if not hasattr(model, "__total__"):
        return
    fields = _fields(model)
    for each in bodies(body):
        for name, value in each.items():
            if name not in fields:
                yield f"{path}.{name}"
                continue
            yield from unknown(value, fields[name], module, f"{path}.{name}")


def _resolved(model: Any, module: Any) -> Any:
    """The typed dictionary in an annotation, out of its list or its name."""
    while True:
        if isinstance(model, str):
            model = getattr(module, model, None)
        elif isinstance(model, typing.ForwardRef):
            model = getattr(module, model.__forward_arg__, None)
        elif typing.get_args(model) and not hasattr(model, "__total__"):
            model = typing.get_args(model)[-1]
        else:
            return model


def _fields(model: Any) -> dict[str, Any]:
    return {
        name: each for base in reversed(model.__mro__) for name, each in getattr(base, "__annotations__", {}).items()
    }


def test_every_type_is_looked_at_or_said_to_be_unseen() -> None:
    assert {found.kind for found in MADE} == MODELS.keys() | UNSEEN


@pytest.mark.parametrize(
    "found", [each for each in MADE if each.kind in MODELS], ids=lambda each: f"{each.file}-{each.symbol}"
)
def test_a_property_is_one_that_the_service_has(found: Declared) -> None:
    package, name = MODELS[found.kind]
    module = importlib.import_module(f"azure.mgmt.{package}.types")
    model = getattr(module, name)
    top = {key: value for key, value in found.body.items() if key not in BICEP}
    assert top.keys() <= {"properties"}
    assert "properties" not in top or "properties" in _fields(model)
    assert list(unknown(top, model, module, found.kind)) == []


def test_a_property_that_no_service_has_is_found() -> None:
    module = importlib.import_module("azure.mgmt.web.types")
    body = {"properties": {"functionAppConfig": {"scaleAndConcurrency": {"alwaysReady": [{"instances": 1}]}}}}
    assert list(unknown(body, module.Site, module, "Site")) == [
        "Site.properties.functionAppConfig.scaleAndConcurrency.alwaysReady.instances"
    ]
