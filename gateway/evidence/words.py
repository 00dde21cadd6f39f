"""What an entry of a replay is about, in a few words. Pure.

Takes entries and bodies and gives lines; what other people wrote is in them as it is, for the page and the
terminal to make visible each in its own way.
"""

from collections.abc import Iterator, Mapping

from gateway.evidence.bodies import pretty, read
from gateway.evidence.timeline import Body, Entry, Kind

_KEPT = {
    ("whole", ""): "kept whole",
    ("cut", "size"): "cut: it is longer than 1 MiB, and this is its beginning",
    ("left_out", "size"): "left out: it was longer than 4 MiB",
    ("left_out", "policy"): "left out: the policy keeps no such body of this server",
    ("left_out", "masking"): "left out: it could not be masked",
    ("left_out", "store"): "left out: the store did not confirm it",
}
"""By `kept` and `kept_why`."""

_TITLES = {
    "policy": "the policy",
    "policy_proposed": "another policy was proposed",
    "policy_enforced": "a proposed policy takes effect",
    "policy_proposal_ended": "a proposed policy took no effect",
    "policy_proposals_read": "the proposed policies were read",
    "evidence_read": "the evidence was read",
    "evidence_refused": "the evidence was asked for",
}


def title(entry: Entry) -> str:
    """What happened."""
    about = entry.about
    what = " ".join(filter(None, [about.get("method"), about.get("target")]))
    if entry.kind is not Kind.CALL:
        said = _TITLES.get(entry.event, entry.event.replace("_", " "))
        what = f"{said}: {what}" if what else said
    return f"{what} on {about['server']}" if "server" in about else what


def who(about: Mapping[str, str]) -> str:
    """The subject, with a name where one is on record."""
    subject, name, kind = about.get("subject", ""), about.get("name", ""), about.get("kind", "")
    shown = f"{name} ({subject})" if name and subject else subject
    return f"{shown}, {kind}" if shown and kind else shown


def kept_how(body: Body) -> str:
    """How large the body was, how much of it is kept and why no more, and the digest of what it was."""
    how = _KEPT.get((body.kept, body.why), f"{body.kept} {body.why}".strip())
    digest = f"; keyed digest {body.original}" if body.original else ""
    fault = f". {body.fault}" if body.fault else ""
    return f"{body.size:,} bytes, {how}{digest}{fault}"


def hidden_of(body: Body) -> Iterator[str]:
    """What was hidden from the caller: where, by which rule, how often, and the digest of the value."""
    document = read(body.text) if body.text else None
    for each in document.hidden if document else ():
        rule = f"{each.get('mask', '')}, {each.get('by', '')}, {each.get('action', '')}"
        count = f", {each['count']} times" if each.get("count", 1) != 1 else ""
        digest = f", digest {each['digest']}" if each.get("digest") else ""
        yield f"hidden at {each.get('path', '')} ({rule}{count}{digest})"


def lines_of(body: Body) -> Iterator[str]:
    """The document as it is kept: as JSON in lines, or the beginning of it as it was written."""
    document = read(body.text) if body.text else None
    if document is None:
        return
    yield from (pretty(document.message) if document.message is not None else document.beginning).split("\n")
