"""Output schemas: what a schema may still promise of results that are masked.

A published schema and the rules of one caller go in, and a schema comes out that every result fits after masking if it
fitted the published one before. It only ever says less: types and names stay, and what a marker, a 0 or a member that
is gone could break is left out. It is for schemas of results; one of arguments must stay as it is.
"""

from itertools import chain

from gateway.masking.compiled import Rules
from gateway.masking.places import SCHEMA_MAPS, SUBSCHEMAS
from gateway.values import Action, Json

_OF_STRINGS = frozenset({"pattern", "format", "minLength", "maxLength", "contentEncoding", "contentMediaType"})
_OF_STRINGS |= {"contentSchema"}
_OF_VALUES = frozenset({"enum", "const"})
# Two hidden items are equal, a hidden key has another name, a condition may hold for what a value was alone, and what
# is evaluated elsewhere may no longer be.
_ALWAYS = frozenset({"uniqueItems", "propertyNames", "not", "if", "then", "else", "dependentSchemas", "contains"})
_ALWAYS |= {"unevaluatedProperties", "unevaluatedItems"}
_BY_COUNT = frozenset({"minItems", "minProperties", "minContains", "dependentRequired", "dependencies", "prefixItems"})
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_ANY_NAME = frozenset({"additionalProperties"})


def loosened(schema: Json, rules: Rules) -> Json:
    """The schema without what masking may break; the same object where no rule can hit."""
    if not (rules.detectors or rules.names or rules.paths):
        return schema
    # Where a path leads, and which property a reference stands under, is not followed.
    return _below(schema, rules, is_hit=bool(rules.paths) or _refers(schema))


def _below(schema: Json, rules: Rules, *, is_hit: bool) -> Json:
    if type(schema) is list:
        return [_below(item, rules, is_hit=is_hit) for item in schema]
    if type(schema) is not dict:
        return schema
    broken = _broken(schema, rules, is_hit=is_hit)
    kept = {keyword: item for keyword, item in schema.items() if keyword not in broken}
    # Of branches that say less, more than one may hold.
    return {
        "anyOf" if keyword == "oneOf" else keyword: _keyword(keyword, item, rules, is_hit=is_hit)
        for keyword, item in kept.items()
    }


def _keyword(keyword: str, item: Json, rules: Rules, *, is_hit: bool) -> Json:
    if keyword == "required" and type(item) is list:
        return [name for name in item if not (_is_dropped(name, rules) or _is_value(name, rules))]
    if keyword in SCHEMA_MAPS and type(item) is dict:
        return {name: _below(below, rules, is_hit=is_hit or _is_named(name, rules)) for name, below in item.items()}
    if keyword in SUBSCHEMAS:
        return _below(item, rules, is_hit=is_hit or (keyword in _ANY_NAME and bool(rules.names)))
    return item


def _broken(schema: dict[str, Json], rules: Rules, *, is_hit: bool) -> frozenset[str]:
    broken = _ALWAYS
    if is_hit or rules.detectors:
        broken |= _OF_STRINGS | {keyword for keyword in schema if _excludes_zero(keyword, schema[keyword])}
    if is_hit or _is_found(schema, rules):
        broken |= _OF_VALUES
    if "patternProperties" in schema or any(_is_value(name, rules) for name in _names(schema)):
        broken |= {"patternProperties", "additionalProperties"}
    if "oneOf" in schema and "anyOf" in schema:
        broken |= {"oneOf"}
    return broken | _absent(schema, rules)


def _absent(schema: dict[str, Json], rules: Rules) -> frozenset[str]:
    """What members and items that are dropped may break."""
    somewhere = [*chain.from_iterable(rules.by_detector.values()), *(rule for _, rule in rules.paths)]
    anywhere = any(rule.action is Action.DROP for rule in somewhere)
    if not anywhere and not any(rule.action is Action.DROP for by in rules.names.values() for rule in by):
        return frozenset()
    in_order = {"items", "additionalItems"} if "prefixItems" in schema or type(schema.get("items")) is list else set()
    return _BY_COUNT | in_order | ({"required"} if anywhere else set())


def _names(schema: dict[str, Json]) -> list[str]:
    properties = schema.get("properties")
    return list(properties) if type(properties) is dict else []


def _is_value(name: Json, rules: Rules) -> bool:
    """The name is found to be a value itself, and another one after masking."""
    return type(name) is str and bool(rules.outcomes([name]))


def _is_named(name: str, rules: Rules) -> bool:
    said = rules.key(name)
    return bool(said.fields or said.telling)


def _is_dropped(name: Json, rules: Rules) -> bool:
    return type(name) is str and any(rule.action is Action.DROP for rule in rules.key(name).fields)


def _excludes_zero(keyword: str, bound: Json) -> bool:
    number = bound if type(bound) is int else None
    match keyword:
        case "minimum":
            return number is None or number > 0
        case "exclusiveMinimum":
            return number is None or number >= 0
        case "maximum":
            return number is None or number < 0
        case "exclusiveMaximum":
            return number is None or number <= 0
        case _:
            return False


def _is_found(schema: dict[str, Json], rules: Rules) -> bool:
    allowed = schema.get("enum")
    values = [*(allowed if type(allowed) is list else []), schema.get("const")]
    return bool(rules.outcomes([str(value) for value in values]))


def _refers(schema: Json) -> bool:
    if type(schema) is list:
        return any(_refers(item) for item in schema)
    return type(schema) is dict and (
        not _REFERENCES.isdisjoint(schema) or any(_refers(item) for item in schema.values())
    )
