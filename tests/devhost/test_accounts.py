"""The development tenant holds together."""

import uuid

from devhost.accounts import (
    ACCOUNTS,
    AUDIENCE,
    GROUPS,
    MANAGED_IDENTITY,
    PUBLIC_CLIENT,
    TENANT,
    UPSTREAM,
    UPSTREAM_CLIENT,
    by_client,
)


def test_every_id_is_a_guid_and_none_is_used_twice() -> None:
    everyone = [*ACCOUNTS.values(), MANAGED_IDENTITY, UPSTREAM_CLIENT]
    clients = {account.client for account in everyone}
    ids = [TENANT, AUDIENCE, UPSTREAM, *clients, *GROUPS.values(), *(account.object_id for account in everyone)]
    assert [str(uuid.UUID(value)) for value in ids] == ids
    assert len(set(ids)) == len(ids)


def test_the_accounts_are_those_that_the_design_names() -> None:
    groups = {name: account.groups for name, account in ACCOUNTS.items() if account.kind == "user"}
    assert groups == {
        "engineer": ("engineering",),
        "approver": ("approvers",),
        "approver2": ("approvers", "hr"),
        "auditor": ("auditors",),
        "operator": ("operators",),
        "outsider": (),
        "crowd": ("engineering",),
    }
    assert {name for name, account in ACCOUNTS.items() if account.roles} == {"pipeline", "agent"}


def test_only_apps_are_found_by_their_client_id() -> None:
    assert by_client(ACCOUNTS["pipeline"].client) is ACCOUNTS["pipeline"]
    assert by_client(UPSTREAM_CLIENT.client) is UPSTREAM_CLIENT
    assert by_client(PUBLIC_CLIENT) is None
    assert by_client("") is None
