"""The bodies that records hold or name: where each lies, and whether it is what was written. Pure.

Takes the fields of a record, and the content of a blob, and gives the name of the blob, what is wrong with either,
and the document in lines that people can read. With the standard library alone, so that a bundle can be verified
where there is nothing else. What cannot be read is a fault in words, never an error.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

VERSION = 1
POLICIES = "policies/"
"""What the names of blobs begin with that hold the text of a policy."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INDENT = 2
_LONGEST = 19
"""Signs of an integer that is kept as it was spelled."""

type Fields = Mapping[str, Any]


class Spelled(str):
    """A JSON number that keeps its spelling."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Named:
    """A blob that a record names."""

    name: str
    digest: str
    """SHA-256 of its content."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is kept of a body."""

    message: Any = None
    """The whole of it, numbers as they were spelled; None where it was cut or left out."""
    beginning: str = ""
    hidden: tuple[Fields, ...] = ()
    """What was hidden from the caller: path, mask, by, action, count, digest."""


def blob_name(time: str, digest: str) -> str:
    """Of the payload that a record of that time (its field `time`) names: `yyyymmdd/<sha-256>.json`."""
    return f"{time[:10].replace('-', '')}/{digest}.json"


_POLICY_IN = {"policy": "policy", "policy_proposed": "target"}
"""By event: the field that names the policy whose text is kept."""


def policy_name(digest: str) -> str:
    """Of the text of a policy: `policies/<sha-256>.yaml`."""
    return f"{POLICIES}{digest}.yaml"


def named_policy(digest: str) -> Named | None:
    """The text of the policy of that SHA-256; None if it is none."""
    return Named(policy_name(digest), digest) if _DIGEST.fullmatch(digest) else None


def named_in(fields: Fields) -> Named | None:
    """The blob that the record names; None if it names none, or none that the gateway would."""
    if column := _POLICY_IN.get(str(fields.get("event"))):
        return named_policy(str(fields.get(column, ""))) if fields.get("kept") == "whole" else None
    digest, time = str(fields.get("payload", "")), str(fields.get("time", ""))
    if not _DIGEST.fullmatch(digest) or not _DAY.fullmatch(time[:10]):
        return None
    return Named(blob_name(time, digest), digest)


def has_body(text: str) -> bool:
    """Whether a record whose canonical body this is could hold or name one. Quick, and never wrong in saying no."""
    return '"kept":"' in text or '"payload":' in text or '"content":' in text


def record_fault(fields: Fields) -> str:
    """What is wrong with what the record says of a body; empty if nothing is."""
    kept, content = fields.get("kept"), fields.get("content")
    if str(fields.get("event")) in _POLICY_IN:
        return "" if kept != "whole" or named_in(fields) else "says that a policy is kept, and names none"
    if "payload" in fields and named_in(fields) is None:
        return "names no blob that the gateway could have made"
    if kept in ("whole", "cut") and "payload" not in fields and content is None:
        return "says that a body is kept, and has none"
    if content is None:
        return ""
    document = read(str(content))
    return "" if document is not None and fits(document, str(kept)) else "holds a body that is no document of version 1"


def fits(document: Document, kept: str) -> bool:
    """Whether it holds as much as its record says."""
    if kept == "whole":
        return isinstance(document.message, dict)
    return document.message is None and bool(document.beginning) == (kept == "cut")


def is_of(named: Named, content: bytes) -> bool:
    """Whether it is the content that was written under that name."""
    return hashlib.sha256(content).hexdigest() == named.digest


def read(content: str | bytes) -> Document | None:
    """What the document holds; None if it is none of version 1."""
    try:
        text = content if isinstance(content, str) else content.decode()
        found = json.loads(text, parse_float=Spelled, parse_int=_integer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("v") != VERSION:
        return None
    hidden, beginning = found.get("hidden", []), found.get("beginning", "")
    if not isinstance(hidden, list) or not isinstance(beginning, str):
        return None
    return Document(found.get("message"), beginning, tuple(each for each in hidden if isinstance(each, dict)))


def _integer(text: str) -> int | Spelled:
    # Python turns no text of thousands of digits into a number, and has no integer -0.
    return int(text) if len(text) < _LONGEST and text != "-0" else Spelled(text)


def plain(value: Any) -> Any:
    """A copy in which fractions are floats, for programs; integers that few programs can hold stay texts."""
    if isinstance(value, Spelled):
        return str(value) if value.lstrip("-").isdigit() else float(value)
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def pretty(value: Any) -> str:
    """The value as JSON in lines, numbers as they were spelled."""
    return "".join(_parts(value, "\n"))


def _parts(value: Any, line: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        begins, ends = ("{", "}") if isinstance(value, dict) else ("[", "]")
        inner = line + " " * _INDENT
        yield begins
        for number, each in enumerate(value):
            yield ("," if number else "") + inner
            if isinstance(value, dict):
                yield f"{_text(each)}: "
            yield from _parts(value[each] if isinstance(value, dict) else each, inner)
        yield line + ends
        return
    yield str(value) if isinstance(value, Spelled) else _text(value)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
