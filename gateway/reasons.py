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
    as_result: bool = False
    """A tool call is told by an ordinary result with `isError`, so that whoever called the tool reads it."""


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
    SESSION_KEY_UNAVAILABLE = Wire(503, 50305, "The gateway's own key cannot be read at the moment; try again.")

    # groups
    GROUPS_UNAVAILABLE = Wire(503, 50306, "Your groups cannot be looked up at the moment; try again.")

    # catalogue
    TOOL_QUARANTINED = Wire(200, -32602, "Unknown tool, resource or prompt.")
    CATALOGUE_UNAVAILABLE = Wire(
        502, 50209, "The tools of the MCP server cannot be checked at the moment, so none can be used; try again."
    )

    # limits
    TOO_FAST = Wire(
        429, 42901, "Requests to this MCP server come faster than the policy of this gateway lets you send."
    )
    TOO_MANY_OPEN = Wire(
        429, 42902, "As many requests to this MCP server as the policy lets you have at once are open; try again later."
    )
    SESSION_SPENT = Wire(
        429, 42903, "This session has made as many calls as the policy of this gateway lets one session make."
    )

    # authorize
    NO_ACCESS = Wire(403, 40303, "You have no access to this MCP server.")
    TARGET_HIDDEN = Wire(200, -32602, "Unknown tool, resource or prompt.")
    DENIED = Wire(200, 40304, "The policy of this gateway does not allow this call.")
    CREDENTIAL_NEEDS_USER = Wire(
        403, 40307, "This MCP server is reached on behalf of a signed-in user; an application cannot use it."
    )
    POLICY_UNAVAILABLE = Wire(503, 50302, "The gateway has no valid policy; ask the operator.")

    # approval
    APPROVAL_PENDING = Wire(
        200, 40309, "This call waits for the approval of another person; repeat the same call later.", as_result=True
    )
    APPROVAL_NEEDS_REASON = Wire(
        200,
        40316,
        "Another person has to approve this call, and the policy asks you to say why first; then repeat the same call.",
        as_result=True,
    )
    APPROVAL_DENIED = Wire(200, 40310, "This call was not approved.", as_result=True)
    APPROVAL_WITHDRAWN = Wire(200, 40314, "This call was withdrawn before it was approved.", as_result=True)
    APPROVAL_EXPIRED = Wire(200, 40315, "Nobody decided on this call in time; repeat it to ask again.", as_result=True)
    PAGE_NEEDED = Wire(200, -32042, "Another person has to approve this call; open the page, then repeat the call.")
    APPROVAL_INSUFFICIENT = Wire(
        200,
        40311,
        "The policy asks for more than this call was approved by; withdraw the approval or wait until it expires, "
        "then call again.",
        as_result=True,
    )
    APPROVAL_SPENT = Wire(
        200,
        40312,
        "The approval of this call has been used or has ended; repeat the call to ask for one.",
        as_result=True,
    )
    APPROVAL_TOO_LARGE = Wire(
        200, 40313, "A call of this size cannot be approved; nobody could read it.", as_result=True
    )
    REQUEST_STATE = Wire(400, -32602, "The requestState of this request is not valid.")
    APPROVAL_OUTDATED = Wire(
        200, 40319, "What this tool does has changed since the call was approved; repeat the call.", as_result=True
    )
    APPROVALS_UNAVAILABLE = Wire(503, 50307, "Approvals cannot be asked for at the moment; try again.")

    # tasks
    TASKS_UNDECLARED = Wire(400, -32021, "This request needs the tasks extension and does not declare it.")
    TASK_UNKNOWN = Wire(200, -32602, "Failed to find the task: there is none of this id, or it has expired.")
    TASK_SPENT = Wire(
        200, 40317, "This call was made when it was repeated; its answer went to the repeat.", as_result=True
    )
    CALL_AMBIGUOUS = Wire(
        200,
        40318,
        "The gateway ended while it made this call: whether the MCP server acted is not known, and the call is not "
        "repeated. Find out before you call again.",
        as_result=True,
    )
    ANSWER_LOST = Wire(
        200, 40325, "The call was made, and its answer was lost; do not repeat it blindly.", as_result=True
    )

    # grant
    GRANT_NEEDED = Wire(
        200, 40341, "This call needs access that you have to ask for; do so, then repeat the same call.", as_result=True
    )
    GRANT_OVER = Wire(403, 40342, "The access that this token was issued for is over.")
    GRANT_CUT_OFF = Wire(
        200,
        40345,
        "Your access ended while this call ran, so it was cancelled; whether the MCP server acted is not known. Do not "
        "repeat it blindly.",
        as_result=True,
    )
    GRANT_UNKNOWN = Wire(404, 40402, "There is no such access, or it is not for you.")
    GRANT_NOT_OFFERED = Wire(403, 40343, "You may not ask for this access.")
    GRANT_FOR_ANOTHER = Wire(403, 40344, "Access is asked for by whoever is to have it.")
    GRANT_DURATION = Wire(422, 42202, "Access of this kind does not last that long.")
    GRANT_START = Wire(422, 42203, "Access of this kind cannot start then.")
    GRANT_HELD = Wire(409, 40903, "You have this access already, or have asked for it.")
    GRANT_FULL = Wire(409, 40904, "As many people as may have this access at once have it; try again later.")
    GRANT_ENDED = Wire(409, 40905, "This access is already over.")
    GRANT_NOT_OPEN = Wire(409, 40907, "This access is not open.")
    GRANTS_UNAVAILABLE = Wire(503, 50308, "Access cannot be checked at the moment; try again.")
    ACCESS_REQUEST_INVALID = Wire(
        400,
        40012,
        'The body must be a JSON object with "server", "grant", and "minutes" or "seconds" (a whole number), and '
        'optionally "starts" (RFC 3339), "reason" and "subject".',
    )
    GRANT_LISTING_INVALID = Wire(
        400,
        40013,
        "The query takes state (current, all, pending, scheduled, open, expired, ended, revoked, denied, withdrawn "
        "or full), server and subject, each at most once.",
    )
    GRANT_ENDING_INVALID = Wire(
        400, 40014, 'The body must be a JSON object with "reason" alone: why, in up to 1,000 characters.'
    )
    GRANT_SWEEP_INVALID = Wire(
        400,
        40015,
        'The body must be a JSON object with "reason" (1 to 1,000 characters), and either "subject", "server" or '
        'both, or "all": true.',
    )

    # the decision of an approver
    APPROVAL_UNKNOWN = Wire(404, 40401, "There is no such approval, or it is not for you.")
    APPROVAL_OVER = Wire(409, 40901, "This approval is already over.")
    APPROVER_DECIDED = Wire(409, 40902, "You have already decided on this approval.")
    APPROVER_IS_REQUESTER = Wire(403, 40320, "You asked for this yourself; another person has to decide.")
    APPROVER_NOT_A_PERSON = Wire(403, 40321, "Only a person can decide on an approval, not an application or an agent.")
    APPROVER_NOT_ELIGIBLE = Wire(403, 40322, "You are in none of the groups that decide on this approval.")
    FORM_FORGED = Wire(403, 40323, "This form does not come from its own page; open the page again.")
    FORM_INVALID = Wire(400, 40001, "This form cannot be read; open the page again.")
    VERDICT_BY_LINK = Wire(405, 40501, "Nothing is decided by a link: decide with the form of the page.")
    NOTHING_SHOWN = Wire(409, 40908, "What is asked for cannot be shown to you, so you cannot approve it.")
    PAGE_UNAVAILABLE = Wire(503, 50309, "This cannot be shown, or not be recorded, at the moment; try again.")
    SIGN_IN_NEEDED = Wire(401, 40103, "Sign in to go on.")
    SIGN_IN_FAILED = Wire(403, 40324, "Signing in did not work.")
    REASON_MISSING = Wire(422, 42201, "Say why: the policy asks for a reason.")

    # the API for operators
    OPERATOR_NEEDED = Wire(403, 40330, "Only members of the operators' groups of the policy can do this.")
    LISTING_INVALID = Wire(
        400,
        40010,
        "The query takes state (open, all, pending, approved, denied, expired, withdrawn, revoked or consumed) "
        "and server, each at most once.",
    )
    REVOCATION_INVALID = Wire(
        400, 40011, 'The body must be a JSON object with "reason" alone: why, in 1 to 1,000 characters.'
    )

    # the pages for auditors
    AUDITOR_NEEDED = Wire(403, 40331, "Only members of the auditors' groups of the policy can see this.")

    # proposals of another policy
    POLICY_FIXED = Wire(403, 40332, "This policy says nothing of how it is changed; only who deploys it can.")
    PROPOSER_NEEDED = Wire(403, 40333, "You may not propose a policy.")
    PROPOSAL_UNKNOWN = Wire(404, 40403, "There is no such proposal, or it is not for you.")
    PROPOSAL_INVALID = Wire(
        400, 40017, 'The body must be a JSON object with "policy" (the text) and "reason" (1 to 1,000 characters).'
    )
    PROPOSAL_MISTAKEN = Wire(422, 42204, "The proposed policy has mistakes.")
    PROPOSAL_TOO_LARGE = Wire(413, 41301, "The change is too large for people to read; make it in steps.")
    PROPOSAL_SAME = Wire(409, 40909, "That policy is in force already.")
    PROPOSAL_OVER = Wire(409, 40910, "This proposal is already over.")
    PROPOSALS_UNAVAILABLE = Wire(503, 50310, "Proposals cannot be made or read at the moment; try again.")

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
    RESULT_TOO_LARGE = Wire(
        200, 40348, "The answer is larger than the policy of this gateway lets you have at once; ask for less."
    )
    UPSTREAM_REJECTED = Wire(502, 50207, "The MCP server rejected the request.")
    UPSTREAM_BAD_REQUEST = Wire(400, -32600, "The MCP server does not accept this request.")
    UPSTREAM_NOT_ALLOWED = Wire(405, -32600, "The MCP server does not offer this HTTP method.")
    SESSION_ENDED = Wire(404, -32600, "The MCP session has ended; initialize again.")

    SERVER_REQUEST_REFUSED = Wire(
        200, 40308, "The MCP server asked its client for something that the policy of this gateway does not allow."
    )
    CLIENT_GONE = Wire(499, 49900, "The client left before the answer.")

    # outgoing
    ARGUMENTS_BLOCKED = Wire(
        200, 40346, "This call holds data that the policy does not let out to this MCP server.", as_result=True
    )
    ARGUMENTS_UNMASKED = Wire(502, 50210, "What this call sends could not be masked, so it was not made.")

    # reveal
    REVEAL_REFUSED = Wire(
        200, 40347, "The policy does not let you see this in clear, or your access to it is not open.", as_result=True
    )

    # mask
    MASKING_FAILED = Wire(502, 50208, "The answer could not be masked, so it is withheld.")
    BLOCKED = Wire(200, 40306, "The answer holds data that the policy does not let out.")

    # the outer boundary
    INTERNAL = Wire(500, -32603, "Internal error.")

    @property
    def wire(self) -> Wire:
        return self.value
