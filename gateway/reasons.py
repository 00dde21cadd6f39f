"""Every refusal: its code for the record, its sentence for the wire, its HTTP and JSON-RPC status.

This is the one table. A room names a reason; `answer` looks up what the client is told. The
sentence is fixed, so that nothing of a request, an upstream or a secret can ride on it.

HTTP statuses: 2026-07-28 basic/transports, sections Protocol Version Header and Server Validation
(400 for -32020 and -32022, 404 for -32601). In the legacy era 404 would mean "session ended", so an
unknown method is answered there with 200 and the JSON-RPC error alone. JSON-RPC codes of our own
are positive, outside the reserved range (basic, section Error Codes).
"""

from dataclasses import dataclass
from enum import Enum


# eq=False: two reasons may tell the client the same, and an Enum folds equal values into one member.
@dataclass(frozen=True, slots=True, eq=False)
class Wire:
    """What a client is told."""

    http: int
    code: int
    sentence: str
    legacy_http: int | None = None
    """Where the legacy era differs; None: the same."""


class Reason(Enum):
    """Why a call was refused or failed; `name` in lower case is what the record says."""

    # inbound
    BODY_TOO_LARGE = Wire(413, -32600, "The request body is larger than this gateway accepts.")
    NOT_JSON = Wire(400, -32700, "The request body is not JSON that this gateway accepts.")
    BATCH = Wire(400, -32600, "JSON-RPC batches are not accepted; send one message per request.")
    NOT_JSON_RPC = Wire(400, -32600, "The request body is not a JSON-RPC 2.0 message.")
    MEDIA_TYPE = Wire(415, -32600, "Content-Type must be application/json.")
    HEADER_MALFORMED = Wire(400, -32600, "A request header is repeated or malformed.")
    HEADER_MISMATCH = Wire(400, -32020, "A request header does not agree with the request body.")
    META_MISSING = Wire(400, -32602, "The request lacks a field of _meta that this revision requires.")
    PROTOCOL_VERSION = Wire(400, -32022, "This protocol version is not supported.")
    PARAMS_INVALID = Wire(400, -32602, "The params of the request are not valid for its method.", legacy_http=200)
    METHOD_UNKNOWN = Wire(404, -32601, "Method not found.", legacy_http=200)
    HTTP_METHOD = Wire(405, -32600, "This HTTP method is not used in this protocol version.")
    ORIGIN = Wire(403, -32600, "Requests from this origin are not accepted.")
    SERVER_UNKNOWN = Wire(404, -32600, "No such MCP server here.")

    # authenticate
    TOKEN_MISSING = Wire(401, 40100, "An access token is required.")
    TOKEN_MALFORMED = Wire(401, 40101, "The access token is not valid.")
    TOKEN_ALGORITHM = Wire(401, 40101, "The access token is not valid.")
    TOKEN_KEY_UNKNOWN = Wire(401, 40101, "The access token is not valid.")
    TOKEN_SIGNATURE = Wire(401, 40101, "The access token is not valid.")
    TOKEN_EXPIRED = Wire(401, 40102, "The access token has expired.")
    TOKEN_NOT_YET_VALID = Wire(401, 40101, "The access token is not valid.")
    TOKEN_ISSUER = Wire(401, 40101, "The access token is not valid.")
    TOKEN_AUDIENCE = Wire(401, 40101, "The access token is not valid.")
    TOKEN_TENANT = Wire(401, 40101, "The access token is not valid.")
    TOKEN_CLAIMS = Wire(401, 40101, "The access token is not valid.")
    SCOPE_MISSING = Wire(403, 40301, "The access token lacks the scope that this gateway requires.")
    IDENTITY_UNAVAILABLE = Wire(503, 50301, "Identity cannot be checked at the moment; try again.")

    # session
    SESSION_KEY_UNAVAILABLE = Wire(503, 50305, "MCP sessions cannot be kept at the moment; try again.")

    # groups
    GROUPS_UNAVAILABLE = Wire(503, 50306, "Your groups cannot be looked up at the moment; try again.")

    # catalogue
    TOOL_QUARANTINED = Wire(200, -32602, "Unknown tool, resource or prompt.")
    CATALOGUE_UNAVAILABLE = Wire(
        502, 50209, "The tools of the MCP server cannot be checked at the moment, so none can be used; try again."
    )

    # authorize
    NO_ACCESS = Wire(403, 40303, "You have no access to this MCP server.")
    TARGET_HIDDEN = Wire(200, -32602, "Unknown tool, resource or prompt.")
    DENIED = Wire(200, 40304, "The policy of this gateway does not allow this call.")
    REQUIREMENT_UNMET = Wire(
        200, 40305, "This call requires a grant or an approval, which this gateway does not offer yet."
    )
    CREDENTIAL_NEEDS_USER = Wire(
        403, 40307, "This MCP server is reached on behalf of a signed-in user; an application cannot use it."
    )
    POLICY_UNAVAILABLE = Wire(503, 50302, "The gateway has no valid policy; ask the operator.")

    # record
    EVIDENCE_UNAVAILABLE = Wire(503, 50303, "The call cannot be recorded, so it was not made; try again.")
    OUTCOME_UNRECORDED = Wire(
        503,
        50304,
        "The call was made, but its outcome could not be recorded and is withheld; do not repeat it blindly.",
    )

    # credential and forward
    CREDENTIAL_UNAVAILABLE = Wire(502, 50201, "The gateway cannot sign in to the MCP server; ask the operator.")
    UPSTREAM_UNAUTHORIZED = Wire(502, 50202, "The MCP server refused the gateway's credential; ask the operator.")
    UPSTREAM_UNREACHABLE = Wire(502, 50203, "The MCP server cannot be reached.")
    UPSTREAM_TIMEOUT = Wire(504, 50401, "The MCP server did not answer in time.")
    UPSTREAM_BROKE_OFF = Wire(502, 50204, "The MCP server broke off before its answer was complete.")
    UPSTREAM_MALFORMED = Wire(502, 50205, "The MCP server's answer is not valid.")
    UPSTREAM_TOO_LARGE = Wire(502, 50206, "The MCP server's answer is larger than this gateway accepts.")
    UPSTREAM_REJECTED = Wire(502, 50207, "The MCP server rejected the request.")
    UPSTREAM_BAD_REQUEST = Wire(400, -32600, "The MCP server does not accept this request.")
    UPSTREAM_NOT_ALLOWED = Wire(405, -32600, "The MCP server does not offer this HTTP method.")
    SESSION_ENDED = Wire(404, -32600, "The MCP session has ended; initialize again.")

    SERVER_REQUEST_REFUSED = Wire(
        200, 40308, "The MCP server asked its client for something that the policy of this gateway does not allow."
    )
    CLIENT_GONE = Wire(499, 49900, "The client left before the answer.")

    # mask
    MASKING_FAILED = Wire(502, 50208, "The answer could not be masked, so it is withheld.")
    BLOCKED = Wire(200, 40306, "The answer holds data that the policy does not let out.")

    # the outer boundary
    INTERNAL = Wire(500, -32603, "Internal error.")

    @property
    def wire(self) -> Wire:
        return self.value
