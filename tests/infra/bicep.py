"""The templates as tests read them: every file of `infra/`, parsed once, with its resources and modules unwrapped.

The parser knows the grammar and not the language: it takes a name that nothing declares, and a property that no
resource has. What of that can be checked here, `test_templates` and `test_names` check.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pycep import BicepParser

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
FILES = sorted(INFRA.rglob("*.bicep"))


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource or a module of one file."""

    file: str
    symbol: str
    kind: str
    """The type of a resource; the path of a module."""
    is_existing: bool
    body: Mapping[str, Any]


@cache
def parsed(file: Path) -> Mapping[str, Any]:
    document: Mapping[str, Any] = BicepParser().parse(text=file.read_text())
    return document


@cache
def resources() -> tuple[Declared, ...]:
    """Every resource of every file."""
    return tuple(
        Declared(file.stem, symbol, found["type"], found["existing"], _body(found["config"]))
        for file in FILES
        for symbol, found in parsed(file).get("resources", {}).items()
    )


def modules(file: Path) -> tuple[Declared, ...]:
    return tuple(
        Declared(file.stem, symbol, found["detail"]["path"], False, _body(found["config"]))
        for symbol, found in parsed(file).get("modules", {}).items()
    )


def text(value: Any) -> str:
    """An expression, near enough to how it is written to be compared."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "operator" in value:
        operator = value["operator"]
        operands = list(operator["operands"].values())
        if operator["type"] == "property_accessor":
            return f"{text(operands[0])}.{text(operands[1])}"
        if operator["type"] == "index_accessor":
            return f"{text(operands[0])}[{text(operands[1])}]"
    if isinstance(value, dict) and "function" in value:
        called = value["function"]
        given = [text(each) for each in called.get("parameters", {}).values() if each is not None]
        return f"{called['type']}({', '.join(given)})"
    return json.dumps(value)


def bodies(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects that an expression may come to: of a loop its body, of a choice both sides."""
    if isinstance(value, list):
        for each in value:
            yield from bodies(each)
    elif isinstance(value, dict):
        yield from _objects(value)


def _objects(value: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    if value.get("type") == "lambda_expression":
        return
    if "loop_type" in value:
        yield from bodies(value["config"])
    elif "operator" in value:
        for operand in value["operator"]["operands"].values():
            yield from bodies(operand)
    elif "function" in value:
        for given in value["function"].get("parameters", {}).values():
            yield from bodies(given)
    else:
        yield {name.strip("'"): each for name, each in value.items()}


def _body(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the loop and the condition around it."""
    while "config" in config and ("loop_type" in config or "condition" in config):
        config = config["config"]
    return config
