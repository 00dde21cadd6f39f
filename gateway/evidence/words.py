"""What an entry of a replay is about, in a few words. Pure.

Takes entries and gives one line each; what other people wrote is in it as it is, for the page and the terminal
to make visible each in its own way.
"""

from collections.abc import Mapping

from gateway.evidence.timeline import Entry, Kind

_TITLES = {
    "policy": "the policy",
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
