"""Which function answers an HTTP request, as the Functions host decides it.

Takes the HTTP triggers of an app and the route prefix of its host.json; gives the function and the
route parameters for a method and a path, or None. Like the real host it answers None, so 404, also
where only the method differs; a template with parts that it does not know is refused when loading.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from urllib.parse import unquote

from devhost.worker import Function

_PARAMETER = re.compile(r"\{(?P<rest>\*{0,2})(?P<name>\w+)(?P<optional>\??)\}")
_ESCAPED_SLASH = re.compile("%2f", re.IGNORECASE)


class Kind(IntEnum):
    """A segment of a template, in order of precedence."""

    LITERAL = 0
    PARAMETER = 1
    OPTIONAL = 2
    REST = 3


@dataclass(frozen=True, slots=True)
class Segment:
    kind: Kind
    text: str
    """The literal in lower case, or the parameter's name."""


@dataclass(frozen=True, slots=True)
class Route:
    function: Function
    methods: frozenset[str]
    """Upper case; empty for all."""
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Match:
    function: Function
    parameters: Mapping[str, str]


def prefix_of(app: Path) -> str:
    """`extensions.http.routePrefix` of the app's host.json; `api` unless it says otherwise."""
    settings = json.loads((app / "host.json").read_text())
    prefix = settings.get("extensions", {}).get("http", {}).get("routePrefix", "api")
    return str(prefix).strip("/")


def read(functions: Iterable[Function], prefix: str) -> tuple[Route, ...]:
    """The routes of the HTTP triggers, the most specific first. Raises ValueError with the template."""
    triggered = [function for function in functions if function.trigger["type"] == "httpTrigger"]
    routes = [_route(function, prefix) for function in triggered]
    return tuple(sorted(routes, key=lambda route: [segment.kind for segment in route.segments]))


def find(routes: Iterable[Route], method: str, path: str) -> Match | None:
    """The first route that takes this method and this path, percent-encoded as it came."""
    parts = path.removeprefix("/").removesuffix("/").split("/") if path.strip("/") else []
    for route in routes:
        if route.methods and method.upper() not in route.methods:
            continue
        parameters = _parameters(route.segments, parts)
        if parameters is not None:
            return Match(function=route.function, parameters=parameters)
    return None


def _route(function: Function, prefix: str) -> Route:
    template = function.trigger.get("route") or function.name
    methods = frozenset(str(method).upper() for method in function.trigger.get("methods") or ())
    texts = [text for text in f"{prefix}/{template}".split("/") if text]
    segments = tuple(_segment(text, template) for text in texts)
    if any(segment.kind >= Kind.OPTIONAL for segment in segments[:-1]):
        raise ValueError(f"route {template!r}: only the last segment may be optional or take the rest")
    return Route(function=function, methods=methods, segments=segments)


def _segment(text: str, template: str) -> Segment:
    if "{" not in text and "}" not in text:
        return Segment(Kind.LITERAL, text.lower())
    found = _PARAMETER.fullmatch(text)
    if found is None:
        raise ValueError(f"route {template!r}: devhost knows {{name}}, {{name?}} and {{*name}}, not {text!r}")
    if found["rest"]:
        return Segment(Kind.REST, found["name"])
    return Segment(Kind.OPTIONAL if found["optional"] else Kind.PARAMETER, found["name"])


def _parameters(segments: tuple[Segment, ...], parts: list[str]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for position, segment in enumerate(segments):
        if segment.kind is Kind.REST:
            rest = "/".join(_decode(part) for part in parts[position:])
            return found | ({segment.text: rest} if rest else {})
        if position >= len(parts):
            return found if segment.kind is Kind.OPTIONAL else None
        part = _decode(parts[position])
        if not part or (segment.kind is Kind.LITERAL and part.lower() != segment.text):
            return None
        if segment.kind is not Kind.LITERAL:
            found[segment.text] = part
    return found if len(parts) == len(segments) else None


def _decode(part: str) -> str:
    # An encoded slash stays encoded, as in Kestrel: it never becomes a separator.
    return unquote(_ESCAPED_SLASH.sub("%252F", part))
