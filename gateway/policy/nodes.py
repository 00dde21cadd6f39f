"""YAML text to nodes, and nodes to values, with every mistake kept together with its place.

Takes the bytes of a document and gives PyYAML's nodes, which know their line; the readers below take
one node each and return its value, or note in `Findings` what is wrong and return None, so that one
load names all mistakes. Aliases, anchors and deep nesting are refused, since no policy needs them and
they let a small text unfold into a huge one.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from gateway.policy.document import PolicyError
from gateway.policy.suggestion import unknown

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 12
MAX_ERRORS = 100
MAX_TEXT = 2000
"""Characters of one value."""

_NO_ALIASES = "anchors (&) and aliases (*) are not read; write the value out, and put a glob in quotes"
_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_BOOLEAN = "tag:yaml.org,2002:bool"


@dataclass(slots=True)
class Findings:
    """What is wrong with a document, as far as it has been read."""

    errors: list[PolicyError] = field(default_factory=list)
    """At most MAX_ERRORS, the last of which says so; nobody reads more at once."""

    def unless_full[Nodes](self, nodes: list[Nodes]) -> list[Nodes]:
        """The nodes, or none once nobody would be told of another mistake: the document is refused already."""
        return nodes if len(self.errors) < MAX_ERRORS else []

    def add(self, node: yaml.Node, message: str) -> None:
        if len(self.errors) < MAX_ERRORS - 1:
            self.errors.append(_at(node.start_mark, message))
        elif len(self.errors) < MAX_ERRORS:
            self.errors.append(_at(node.start_mark, "and more from here on; mend the ones above first"))


@dataclass(frozen=True, slots=True)
class Item:
    """A text and where it stands."""

    text: str
    node: yaml.Node


def compose(data: bytes, what: str = "the policy", begin: str = "version: 1") -> yaml.Node | PolicyError:
    """The root node of the one document in the text, or why there is none. `what` and `begin` are for the sentence."""
    if len(data) > MAX_BYTES:
        return PolicyError(1, 1, f"{what} has {len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return PolicyError(line, 1, "this line is not UTF-8; save the file as UTF-8")
    try:
        # Events come one by one, nodes by recursion: depth has to be known before nodes are made.
        if fault := _refused_event(yaml.parse(text, yaml.CSafeLoader)):
            return fault
        root = yaml.compose(text, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        if error.context in ("while scanning an alias", "while scanning an anchor"):
            return _at(error.problem_mark, _NO_ALIASES)
        why = f"{error.context}, {error.problem}" if error.context else error.problem
        return _at(error.problem_mark or error.context_mark, f"not YAML: {why}")
    except yaml.YAMLError as error:
        return PolicyError(1, 1, f"not YAML: {getattr(error, 'reason', 'it cannot be read')}")
    return root or PolicyError(1, 1, f"{what} is empty; begin with '{begin}'")


def mapping(
    node: yaml.Node, what: str, findings: Findings, keys: Collection[str] | None = None, required: Iterable[str] = ()
) -> dict[str, yaml.Node]:
    """The values of a mapping by key. With `keys`, no others are known."""
    return {item.text: value for item, value in entries(node, what, findings, keys, required)}


def entries(
    node: yaml.Node, what: str, findings: Findings, keys: Collection[str] | None = None, required: Iterable[str] = ()
) -> list[tuple[Item, yaml.Node]]:
    """The keys and values of a mapping, in order; each key once."""
    if not isinstance(node, yaml.MappingNode):
        findings.add(node, f"{what} must be a mapping, such as '{next(iter(keys), 'key') if keys else 'name'}: ...'")
        return []
    found: dict[str, tuple[Item, yaml.Node]] = {}
    for key_node, value in findings.unless_full(node.value):
        key = text(key_node, f"a key of {what}", findings)
        if key is None:
            continue
        if key in found:
            line = found[key][0].node.start_mark.line + 1
            findings.add(key_node, f"key {key!r} is given twice in {what}, first in line {line}; keep one")
        elif keys is not None and key not in keys:
            findings.add(key_node, unknown("key", key, keys).replace(repr(key), f"{key!r} in {what}", 1))
        else:
            found[key] = Item(key, key_node), value
    for key in required:
        if key not in found:
            findings.add(node, f"{what} lacks {key!r}")
    return list(found.values())


def sequence(node: yaml.Node, what: str, findings: Findings) -> list[yaml.Node]:
    """The items of a list, which is not empty."""
    if not isinstance(node, yaml.SequenceNode):
        shown = f"[{node.value}]" if isinstance(node, yaml.ScalarNode) and node.value else "[...]"
        findings.add(node, f"{what} must be a list, such as {shown}")
        return []
    if not node.value:
        findings.add(node, f"{what} is empty; name at least one")
    return list(findings.unless_full(node.value))


def texts(node: yaml.Node, what: str, findings: Findings) -> list[Item]:
    """The texts of a list, each once."""
    found: dict[str, Item] = {}
    for item_node in sequence(node, what, findings):
        item = text(item_node, f"an item of {what}", findings)
        if item in found:
            findings.add(item_node, f"{item!r} is listed twice in {what}; keep one")
        elif item is not None:
            found[item] = Item(item, item_node)
    return list(found.values())


def text(node: yaml.Node, what: str, findings: Findings) -> str | None:
    """A text, which is neither empty nor too long."""
    if not isinstance(node, yaml.ScalarNode):
        findings.add(node, f"{what} must be text, not a {'list' if isinstance(node, yaml.SequenceNode) else 'mapping'}")
    elif node.tag == _NULL or not node.value:
        findings.add(node, f"{what} is empty")
    elif node.tag == _BOOLEAN:
        findings.add(node, f"{what}: YAML reads {node.value} as true or false; write '{node.value}' in quotes")
    elif node.tag != _TEXT:
        findings.add(node, f"{what} must be text; write '{node.value}' in quotes")
    elif len(node.value) > MAX_TEXT:
        findings.add(node, f"{what} has {len(node.value)} characters; at most {MAX_TEXT} are read")
    else:
        value: str = node.value
        return value
    return None


def _at(mark: Any, message: str) -> PolicyError:
    # PyYAML's two parsers have a class of marks each.
    return PolicyError(mark.line + 1, mark.column + 1, message) if mark else PolicyError(1, 1, message)


def _refused_event(events: Iterable[yaml.Event]) -> PolicyError | None:
    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            return _at(event.start_mark, _NO_ALIASES)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            return _at(event.start_mark, f"nested more than {MAX_DEPTH} deep, which no policy is")
    return None
