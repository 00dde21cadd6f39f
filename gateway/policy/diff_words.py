"""Parts of a policy in a few words, for people who approve a change of it. Pure.

Takes a part and the labels of groups and gives text. It names secrets as the policy does, and knows none.
"""

from collections.abc import Iterable, Mapping

from gateway.policy.diff_fields import joined
from gateway.policy.difference import Names
from gateway.policy.document import (
    Basic,
    Bearer,
    ClientCredentials,
    Credential,
    Effect,
    Email,
    ManagedIdentity,
    Notifier,
    OnBehalfOf,
    OwnHeader,
    Rule,
    Server,
    Teams,
    Who,
)
from gateway.policy.glob import Glob, UriGlob
from gateway.values import ApprovalTerms, Mask, Reveal


def credential_in_words(found: Credential | None) -> str:
    match found:
        case None:
            return "nothing"
        case Bearer(secret):
            return f"the bearer token in secret {secret}"
        case OwnHeader(name, secret):
            return f"the header {name} from secret {secret}"
        case Basic(user, secret):
            return f"the user {user} with the password in secret {secret}"
        case ClientCredentials(token_url, client, secret, scope):
            with_scope = f", scope {scope}" if scope else ""
            return f"a token from {token_url} as client {client} with secret {secret}{with_scope}"
        case ManagedIdentity(resource):
            return f"a token of the managed identity for {resource}"
        case OnBehalfOf(scope):
            return f"a token of the calling user for {scope}"


def notifier_in_words(found: Notifier) -> str:
    match found:
        case Teams(webhook):
            return f"Teams by the webhook in secret {webhook}"
        case Email(endpoint, sender, to):
            return f"mail to {joined(to)} (from {sender} by {endpoint})"


def reveal_in_words(found: Reveal | None) -> str:
    if found is None:
        return "nothing"
    parts = (f"approval {found.approval.name}" if found.approval else "", f"grant {found.grant}" if found.grant else "")
    return " and ".join(filter(None, parts)) or "nothing"


def approval_in_words(found: ApprovalTerms, names: Names) -> str:
    people = "1 person" if found.people == 1 else f"{found.people} people"
    return f"{found.name}, {people} of {_labels(found.approvers, names)}"


def who_in_words(who: Who, names: Names) -> str:
    lists = (
        f"groups {_labels(who.groups, names)}" if who.groups else "",
        f"app roles {joined(who.roles)}" if who.roles else "",
        f"kinds {joined(map(str, who.kinds))}" if who.kinds else "",
    )
    return " with ".join(filter(None, lists)) or "anyone"


def rule_in_words(rule: Rule, names: Names) -> str:
    """All that the rule says, in one line."""
    covered: Mapping[str, tuple[Glob | UriGlob, ...]] = {
        "tools": rule.tools,
        "resources": rule.resources,
        "prompts": rule.prompts,
        "methods": rule.methods,
    }
    what = "; ".join(f"{name} {joined(glob.text for glob in globs)}" for name, globs in covered.items() if globs)
    verb = "allows" if rule.effect is Effect.ALLOW else "denies"
    parts = [f"{verb} {who_in_words(rule.who, names)}, on {joined(rule.servers)}: {what}"]
    for word, condition in (("when", rule.when), ("unless", rule.unless)):
        if condition is not None:
            parts.append(f"{word} {' '.join(condition.text.split())}")
    if rule.approval is not None:
        parts.append(f"needs approval {approval_in_words(rule.approval, names)}")
    if rule.grant:
        parts.append(f"needs grant {rule.grant}")
    for word, masks in (("answers", rule.masks), ("requests", rule.request_masks)):
        if masks:
            parts.append(f"masks {joined(mask.name for mask in masks)} on {word}")
    return "; ".join(parts)


def server_in_words(server: Server) -> str:
    masks = f", masks {joined(mask.name for mask in server.masks)}" if server.masks else ""
    opens = f"opened with {credential_in_words(server.credential)}" if server.credential else "opened with nothing"
    return f"{server.url}, {opens}, new and changed tools: {server.trust}{masks}"


def mask_in_words(mask: Mask) -> str:
    found: Mapping[str, Iterable[str]] = {
        "values that look like": mask.detectors,
        "fields": mask.fields,
        "patterns": [name for name, _ in mask.patterns],
        "words": mask.words,
    }
    return f"{mask.action}: " + "; ".join(f"{name} {joined(texts)}" for name, texts in found.items() if texts)


def _labels(ids: Iterable[str], names: Names) -> str:
    return joined(map(names.label, ids))
