"""What a client is told about signing in: resource metadata (RFC 9728) and challenges. Pure.

Takes the settings and a server's name, and gives the metadata document or the `WWW-Authenticate`
header that points to it. It names Entra as the authorization server and the one scope that the
gateway asks for, and nothing that Entra cannot honour (2026-07-28 basic/authorization).
"""

import re
from typing import Any

from gateway.reasons import Reason
from gateway.settings import Settings

WELL_KNOWN = "/.well-known/oauth-protected-resource"
SERVER_NAME = re.compile(r"[a-z0-9-]{1,63}")
"""As the policy has them; anything else in a path is a stranger's text and goes into no header."""


def resource_metadata(settings: Settings, server: str = "") -> dict[str, Any]:
    """The document for one server, or for the gateway as a whole."""
    return {
        "resource": f"{settings.url}/mcp/{server}" if server else settings.url,
        "authorization_servers": [f"{settings.authority}/{tenant}/v2.0" for tenant in sorted(settings.tenants)],
        "scopes_supported": [scope(settings, server)],
        "bearer_methods_supported": ["header"],
        "resource_name": f"Countersign: {server}" if server else "Countersign",
    }


def scope(settings: Settings, server: str = "") -> str:
    """The scope in the form that Entra takes in a request: App ID URI, slash, name.

    Entra compares the `resource` that a client sends with the App ID URI of the scope. So where the
    server's own URL is one of the App ID URIs it is the one that counts, else one with https, else any.
    """
    uris = [audience for audience in settings.audiences if "://" in audience]
    own = f"{settings.url}/mcp/{server}".lower()
    uri = own if server and own in uris else max(uris) if uris else f"api://{min(settings.audiences)}"
    return f"{uri}/{settings.scope}"


def challenge(settings: Settings, server: str, reason: Reason) -> str | None:
    """`WWW-Authenticate` for a refusal that another token would mend (RFC 6750, section 3); else None."""
    if reason.wire.http == 401:
        # RFC 6750, section 3.1: no error code where no token was sent.
        error = [] if reason is Reason.TOKEN_MISSING else ['error="invalid_token"']
    elif reason is Reason.SCOPE_MISSING:
        error = ['error="insufficient_scope"']
    else:
        return None
    server = server if SERVER_NAME.fullmatch(server) else ""
    path = f"/mcp/{server}" if server else ""
    found = f'resource_metadata="{settings.url}{WELL_KNOWN}{path}"'
    return "Bearer " + ", ".join([*error, found, f'scope="{scope(settings, server)}"'])
