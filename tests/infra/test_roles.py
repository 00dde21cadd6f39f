"""Who can do what: the templates give the roles that docs/resources.md says, and no role can change evidence."""

from typing import Any

from tests.infra.bicep import INFRA, Declared, bodies, parsed, resources, text
from tests.infra.page import IN_CODE, table
from tests.infra.test_names import MADE

BUILT_IN = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "0ad04412-c4d5-4796-b79c-f76d14c8d402": "Durable Task Data Contributor",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
}
WHO = {
    "host": "host",
    "sender": "host",
    "gateway": "gateway",
    "operators": "operators",
    "reader": "auditors and operators",
    "verifier": "auditors and operators",
    "secretKeepers": "keepers of secrets",
}
ON = {
    ("monitoring", "insights"): "Application Insights",
    ("host", "account"): "host storage account",
    ("host", "state[number]"): "tables of state",
    ("evidence", "rows"): "table of evidence",
    ("evidence", "stores[number]"): "containers of seals, payloads and policies",
    ("evidence", "stores[0]"): "container of seals",
    ("evidence", "stores[1]"): "container of payloads",
    ("evidence", "stores[2]"): "container of policies",
    ("sealcopy", "seals"): "container of copies",
    ("vault", "vault"): "vault",
    ("vault", "keys[number]"): "each of the two keys",
    ("scheduler", "taskHub"): "task hub",
}
MAY = ("/read", "/add/action", "/getSecret/action", "/sign/action")
ASSIGNMENTS = [found for found in resources() if found.kind == "Microsoft.Authorization/roleAssignments"]


def definitions() -> list[dict[str, Any]]:
    """The custom roles."""
    found: list[dict[str, Any]] = parsed(INFRA / "modules" / "roles.bicep")["variables"]["definitions"]["value"]
    return found


def custom() -> dict[str, str]:
    """The names of the custom roles, by the word that templates use."""
    ids = parsed(INFRA / "modules" / "roles.bicep")["outputs"]["ids"]["value"]
    return {f"roles.{word}": definitions()[_number(text(each))]["name"] for word, each in ids.items()}


def _number(expression: str) -> int:
    return int(expression.removeprefix("roles[").removesuffix("].id"))


def roles_of(found: Declared) -> list[str]:
    """The roles that an assignment gives; one for each turn of its loop."""
    role = text(found.body["properties"]["roleDefinitionId"])
    if role in custom():
        return [custom()[role]]
    variables = parsed(INFRA / "modules" / f"{found.file}.bicep")["variables"]
    word = role.removesuffix(")").rpartition(", ")[2]
    ids = variables["hostRoles"]["value"] if word == "role" else [word]
    return [BUILT_IN[variables[each]["value"] if each in variables else each] for each in ids]


def test_everybody_has_the_roles_that_the_page_says_and_no_other() -> None:
    given = [
        (
            WHO[text(found.body["properties"]["principalId"])],
            role,
            ON[found.file, text(found.body["scope"])],
        )
        for found in ASSIGNMENTS
        for role in roles_of(found)
    ]
    assert sorted(given) == sorted(table("Who", "Role", "On"))


def test_the_custom_roles_are_those_of_the_page() -> None:
    written = {name: IN_CODE.findall(actions) for name, actions in table("Role", "Data actions")}
    assert written == {each["name"]: each["dataActions"] for each in definitions()}


def test_no_custom_role_can_change_or_delete_anything() -> None:
    (definition,) = [found for found in resources() if found.kind == "Microsoft.Authorization/roleDefinitions"]
    (permissions,) = bodies(definition.body["properties"]["permissions"])
    assert permissions["actions"] == []
    assert text(permissions["dataActions"]) == "definition.dataActions"
    for each in definitions():
        for action in each["dataActions"]:
            assert action.endswith(MAY), action
            assert "*" not in action


def test_evidence_is_open_to_custom_roles_alone_and_never_as_a_whole_account() -> None:
    at_evidence = [found for found in ASSIGNMENTS if found.file in ("evidence", "sealcopy")]
    assert {found.file for found in at_evidence} == {"evidence", "sealcopy"}
    for found in at_evidence:
        assert text(found.body["properties"]["roleDefinitionId"]) in custom()
        assert text(found.body["scope"]) in ("rows", "stores[number]", "stores[0]", "stores[1]", "stores[2]", "seals")
    # Nor is a role given at a resource group, a subscription, or nowhere in particular.
    assert all("scope" in found.body for found in ASSIGNMENTS)


def test_the_only_permissions_in_graph_are_those_of_the_page() -> None:
    (granted,) = [
        found for found in parsed(INFRA / "modules/directory.bicep")["resources"].values() if not found["existing"]
    ]
    permissions = granted["config"]["loop_type"]["detail"]["array_name"]
    assert permissions == ["GroupMember.Read.All", "User.ReadBasic.All"]


def test_every_type_of_resource_is_on_the_page() -> None:
    named = {kind for row in table("Resource", "Type", "Why it is there") for kind in IN_CODE.findall(row[1])}
    assert named == {found.kind for found in MADE}
