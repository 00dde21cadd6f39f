"""Who exists in the development tenant: the accounts, the groups and the applications.

Everything here is fixed, so that a policy, a test and a README may name it. Nothing here is secret:
the provider that believes these secrets listens on this machine only and signs with its own keys.
"""

from dataclasses import dataclass
from typing import Literal

TENANT = "7e4a0000-0000-4000-8000-000000000001"

AUDIENCE = "a9900000-0000-4000-8000-000000000001"
"""Application (client) id of the gateway's registration: `aud` of v2 tokens."""
AUDIENCE_URI = f"api://{AUDIENCE}"
"""Its App ID URI: what clients put before the scope's name, and `aud` of v1 tokens."""
SIGN_IN_CALLBACK = "/sign-in/callback"
"""Path of the one redirect URI of the gateway's registration, by which people sign in to its pages."""
SCOPE = "mcp.access"
ROLE = "Mcp.Call"

PUBLIC_CLIENT = "a9900000-0000-4000-8000-000000000002"
"""The registration "MCP clients": public, authorization code with PKCE, redirect to loopback on any port."""
REDIRECT_URIS = frozenset({"https://vscode.dev/redirect"})
"""Redirect URIs of the public client that are not loopback; they must match exactly."""

UPSTREAM = "a9900000-0000-4000-8000-000000000003"
"""The registration of an upstream MCP server that Entra protects; the gateway's users have consented to it."""
UPSTREAM_URI = f"api://{UPSTREAM}"
UPSTREAM_SCOPE = "access_as_user"
UPSTREAM_ROLE = "Mcp.Gateway"

GROUPS = {
    "engineering": "60000000-0000-4000-8000-000000000001",
    "approvers": "60000000-0000-4000-8000-000000000002",
    "auditors": "60000000-0000-4000-8000-000000000003",
    "operators": "60000000-0000-4000-8000-000000000004",
    "hr": "60000000-0000-4000-8000-000000000005",
}

GROUP_NAMES = {
    "engineering": "SG-Engineering",
    "approvers": "SG-Approvers",
    "auditors": "SG-Auditors",
    "operators": "SG-Operators",
    "hr": "SG-HR",
}
"""What the directory calls them: a policy may write `{name: SG-HR}` instead of the id."""

type Kind = Literal["user", "app", "agent"]


@dataclass(frozen=True, slots=True)
class Account:
    """A subject of the development tenant."""

    name: str
    object_id: str
    kind: Kind
    display_name: str
    mail: str = ""
    groups: tuple[str, ...] = ()
    """Names out of GROUPS."""
    roles: tuple[str, ...] = ()
    """App roles assigned on the gateway's registration."""
    client: str = PUBLIC_CLIENT
    """The application that asks for this account's tokens."""
    secret: str = ""
    """Client secret; empty for users."""
    blueprint: str = ""
    """Parent application of an agent identity."""
    more_groups: int = 0
    """How many groups it is in besides, which nobody has a name for."""

    @property
    def group_ids(self) -> list[str]:
        others = [other_group(number) for number in range(self.more_groups)]
        return [GROUPS[name] for name in self.groups] + others


def other_group(number: int) -> str:
    """The object id of a group that no policy names."""
    return f"60000000-0000-4000-9000-{number:012}"


def _user(name: str, number: int, display_name: str, *groups: str, more_groups: int = 0) -> Account:
    return Account(
        name=name,
        object_id=f"0b1ec700-0000-4000-8000-{number:012}",
        kind="user",
        display_name=display_name,
        mail=f"{name}@countersign.example",
        groups=groups,
        more_groups=more_groups,
    )


ACCOUNTS: dict[str, Account] = {
    account.name: account
    for account in (
        _user("engineer", 1, "Enid Engineer", "engineering"),
        _user("approver", 2, "Abel Approver", "approvers"),
        _user("approver2", 3, "Bea Approver", "approvers", "hr"),
        _user("auditor", 4, "Ada Auditor", "auditors"),
        _user("operator", 5, "Otis Operator", "operators"),
        _user("outsider", 6, "Olga Outsider"),
        # Too many groups for a token: only the directory knows that engineering is one of them.
        _user("crowd", 11, "Cora Crowd", "engineering", more_groups=249),
        Account(
            name="pipeline",
            object_id="0b1ec700-0000-4000-8000-000000000007",
            kind="app",
            display_name="Release pipeline",
            roles=(ROLE,),
            client="a9900000-0000-4000-8000-000000000007",
            secret="pipeline-secret-for-development",
        ),
        Account(
            name="agent",
            object_id="0b1ec700-0000-4000-8000-000000000008",
            kind="agent",
            display_name="Triage agent",
            roles=(ROLE,),
            client="a9900000-0000-4000-8000-000000000008",
            secret="agent-secret-for-development",
            blueprint="a9900000-0000-4000-8000-000000000009",
        ),
    )
}

MANAGED_IDENTITY = Account(
    name="gateway",
    object_id="0b1ec700-0000-4000-8000-000000000010",
    kind="app",
    display_name="Countersign (managed identity)",
    client="a9900000-0000-4000-8000-000000000010",
)
"""Who `/msi/token` speaks for: the function app itself."""

UPSTREAM_CLIENT = Account(
    name="upstream-client",
    object_id="0b1ec700-0000-4000-8000-000000000012",
    kind="app",
    display_name="Countersign, as a client of the upstream",
    client="a9900000-0000-4000-8000-000000000012",
    secret="upstream-secret: 100% & more",
)
"""The registration whose secret lies in the vault; the upstream gave it UPSTREAM_ROLE."""


def by_client(client: str) -> Account | None:
    """The app or agent that signs in with this client id."""
    apps = (account for account in (*ACCOUNTS.values(), UPSTREAM_CLIENT) if account.secret)
    return next((account for account in apps if account.client == client), None)
