"""What a test or the token command may ask of the provider that no client of Entra could: any token at all.

Takes the decoded body of `POST /devhost/token` and returns a status and a body. Accounts that do not
exist are refused by name; wrong claims are the point, so they are not.
"""

import time
from typing import Any

from devhost.accounts import ACCOUNTS
from devhost.identity.issuer import LIFETIME, Issuer, changed


def mint(issuer: Issuer, asked: Any) -> tuple[int, dict[str, Any]]:
    """A token for `account`; `version`, `scope`, `audience`, `lifetime` (seconds, may be negative) and
    `claims` (null removes one) change what it says."""
    if not isinstance(asked, dict):
        return 400, {"error": "the body must be a JSON object"}
    account = ACCOUNTS.get(str(asked.get("account")))
    if account is None:
        return 404, {"error": f"no such account; there are {', '.join(ACCOUNTS)}"}
    lifetime, changes = asked.get("lifetime", LIFETIME), asked.get("claims", {})
    if not isinstance(lifetime, int) or not isinstance(changes, dict):
        return 400, {"error": "lifetime must be a number of seconds, and claims an object"}
    claims = issuer.claims(account, version="1.0" if asked.get("version") == "1.0" else "2.0", lifetime=lifetime)
    if lifetime <= 0:
        # A token that has expired was once valid: its beginning lies before its end.
        begin = int(time.time()) + lifetime - LIFETIME
        claims |= {"iat": begin, "nbf": begin}
    for name, claim in (("audience", "aud"), ("scope", "scp")):
        if name in asked:
            claims[claim] = asked[name]
    claims = changed(claims, changes)
    return 200, {"access_token": issuer.sign(claims), "token_type": "Bearer", "expires_on": claims.get("exp")}
