import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.routes import Match, Route, find, prefix_of, read
from devhost.worker import Function


def function(name: str, route: str | None = None, *methods: str) -> Function:
    trigger = {"type": "httpTrigger", "name": "req", "methods": list(methods)}
    return Function(id=name, name=name, trigger=trigger | ({} if route is None else {"route": route}))


def table(*functions: Function, prefix: str = "") -> tuple[Route, ...]:
    return read(functions, prefix)


def named(found: Match | None) -> str:
    return found.function.name if found else "nothing"


@pytest.mark.parametrize(
    ("template", "path", "parameters"),
    [
        ("health", "/health", {}),
        ("health", "/HEALTH/", {}),
        ("mcp/{server}", "/mcp/records", {"server": "records"}),
        ("mcp/{server}", "/MCP/Records", {"server": "Records"}),
        ("mcp/{server}", "/mcp/a%20b%2Fc", {"server": "a b%2Fc"}),
        ("mcp/{server?}", "/mcp", {}),
        (".well-known/{*rest}", "/.well-known/a/b", {"rest": "a/b"}),
        (".well-known/{*rest}", "/.well-known", {}),
        ("{**rest}", "/", {}),
    ],
)
def test_a_path_matches_its_template(template: str, path: str, parameters: dict[str, str]) -> None:
    found = find(table(function("door", template)), "GET", path)
    assert found is not None
    assert found.parameters == parameters


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("health", "/healthy"),
        ("health", "/health/x"),
        ("health", "/"),
        ("mcp/{server}", "/mcp"),
        ("mcp/{server}", "/mcp/"),
        ("mcp/{server}", "/mcp/a/b"),
        ("mcp/{server}/x", "/mcp//x"),
        ("a/b", "/a%2Fb"),
    ],
)
def test_another_path_matches_nothing(template: str, path: str) -> None:
    assert find(table(function("door", template)), "GET", path) is None


def test_a_method_that_the_trigger_does_not_list_matches_nothing() -> None:
    """The real host answers 404 then, not 405: the method is a constraint of the route."""
    routes = table(function("door", "door", "POST", "get"))
    assert [named(find(routes, method, "/door")) for method in ("POST", "GET", "DELETE")] == ["door", "door", "nothing"]


def test_a_trigger_without_methods_takes_all() -> None:
    assert named(find(table(function("door", "door")), "PROPFIND", "/door")) == "door"


def test_a_literal_wins_over_a_parameter_and_that_over_the_rest() -> None:
    routes = table(function("rest", "{*all}"), function("parameter", "a/{b}"), function("literal", "a/b"))
    assert [named(find(routes, "GET", path)) for path in ("/a/b", "/a/c", "/c")] == ["literal", "parameter", "rest"]


def test_a_function_without_a_route_has_its_name_for_one_below_the_prefix() -> None:
    assert named(find(table(function("Ping"), prefix="api"), "GET", "/api/ping")) == "Ping"


def test_other_triggers_have_no_route() -> None:
    assert read([Function(id="t", name="t", trigger={"type": "timerTrigger", "name": "t"})], "") == ()


@pytest.mark.parametrize("template", ["{id:int}", "a{b}", "{a", "{a?}/b", "{*a}/b"])
def test_a_template_that_is_not_understood_is_refused_when_loading(template: str) -> None:
    with pytest.raises(ValueError, match="route"):
        table(function("door", template))


@given(st.text(max_size=30), st.sampled_from(["mcp/{server}", "{*rest}", "a/{b}/c", "{a?}"]))
def test_any_path_is_matched_or_not_and_never_fails(path: str, template: str) -> None:
    found = find(table(function("door", template)), "GET", "/" + path)
    assert found is None or all(found.parameters.values())


@pytest.mark.parametrize(
    ("settings", "prefix"),
    [({}, "api"), ({"extensions": {"http": {"routePrefix": ""}}}, ""), ({"extensions": {"http": {}}}, "api")],
)
def test_the_prefix_is_that_of_host_json(tmp_path: Path, settings: object, prefix: str) -> None:
    (tmp_path / "host.json").write_text(json.dumps(settings))
    assert prefix_of(tmp_path) == prefix
