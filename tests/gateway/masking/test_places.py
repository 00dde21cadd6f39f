import pytest

from gateway.masking import places
from gateway.masking.places import (
    BLOCKS,
    CLIENT_PARAMS,
    DOCUMENT,
    FROM_CLIENT,
    FROM_SERVER,
    RESULT,
    SAMPLES,
    SCHEMA,
    SCHEMA_MAPS,
    SERVER_PARAMS,
    SUBSCHEMAS,
    Each,
    Items,
    Opaque,
    Part,
    Place,
    Told,
)
from gateway.protocol import METHODS
from tests.gateway.masking.coverage_page import (
    BESIDE,
    INNER,
    PAGE,
    SHAPES,
    flat,
    left_alone,
    page,
    results,
    revisions,
)
from tests.gateway.masking.schema_places import REVISIONS, listed

DEFINITIONS: dict[str, Place] = {
    definition: shape for shape, definitions in SHAPES.values() for definition in definitions if " " not in definition
}
WITHOUT_PLACES: dict[str, Part] = {
    **dict.fromkeys(("ClientCapabilities", "ServerCapabilities"), Part.OWN),
    **dict.fromkeys(
        (
            *("StringSchema", "NumberSchema", "BooleanSchema", "EnumSchema", "LegacyTitledEnumSchema"),
            *("TitledMultiSelectEnumSchema", "TitledSingleSelectEnumSchema"),
            *("UntitledMultiSelectEnumSchema", "UntitledSingleSelectEnumSchema"),
        ),
        SCHEMA,
    ),
}
"""Definitions that only stand where their whole content is read in one way."""


def start(holder: str) -> Place:
    """Where the table begins to speak of a message or a shape of the schemas."""
    if holder in DEFINITIONS or holder in WITHOUT_PLACES:
        return DEFINITIONS.get(holder) or WITHOUT_PLACES[holder]
    if inner := next((field for field, definitions in INNER.items() if holder in definitions), None):
        return INNER_SHAPES[inner]
    side, _, what = holder.partition(" ")
    if what.endswith("Result"):
        return RESULT if side == "server" else places.ANSWER
    if what and not what.endswith("Error"):
        methods = SERVER_PARAMS if side == "server" else CLIENT_PARAMS
        return (FROM_SERVER if side == "server" else FROM_CLIENT) | {"params": methods[what]}
    return FROM_SERVER | {"params": {"_meta": places.META}}


def inner(shape: Place, field: str) -> Place:
    assert isinstance(shape, dict)
    return shape[field]


SAMPLING = SERVER_PARAMS["sampling/createMessage"]
INNER_SHAPES: dict[str, Place] = {
    "ref": inner(CLIENT_PARAMS["completion/complete"], "ref"),
    "modelPreferences": SAMPLING["modelPreferences"],
    "hints": inner(SAMPLING["modelPreferences"], "hints"),
    "notifications": inner(CLIENT_PARAMS["subscriptions/listen"], "notifications"),
    "toolChoice": SAMPLING["toolChoice"],
    "execution": places.TOOL["execution"],
    "task": SAMPLING["task"],
    "roots": places.ANSWER["roots"],
}


def is_known(place: Place, steps: list[str]) -> bool:
    """Whether the table says of a place what it is."""
    if not steps or isinstance(place, Part | Told):
        return True
    if isinstance(place, Each):
        return is_known(place.place, steps[1:])
    # Some keys of `_meta` have a dot in them.
    key = next((".".join(steps[:n]) for n in (1, 2) if isinstance(place, dict) and ".".join(steps[:n]) in place), None)
    if key is None or not isinstance(place, dict):
        return False
    return is_known(place[key], steps[key.count(".") + 1 :])


@pytest.mark.parametrize("holder", sorted({row.holder for row in listed()}))
def test_every_place_of_the_official_schemas_is_in_the_table(holder: str) -> None:
    unknown = {
        row.place for row in listed() if row.holder == holder and not is_known(start(holder), row.place.split("."))
    }
    assert unknown == set()


def test_the_schemas_are_those_of_every_revision_that_the_gateway_speaks() -> None:
    assert {revision for found in listed().values() for revision in found} == set(REVISIONS)


HOLDERS: list[tuple[str, Place, tuple[str, ...], str]] = [
    *((name, shape, definitions, "") for name, (shape, definitions) in SHAPES.items()),
    *((f"server {method}", shape, (f"server {method}",), "params.") for method, shape in SERVER_PARAMS.items()),
    *((f"client {method}", shape, (f"client {method}",), "params.") for method, shape in CLIENT_PARAMS.items()),
    ("result", RESULT, tuple(results("server")), ""),
    ("answer", places.ANSWER, tuple(results("client")), ""),
]


def test_every_place_of_the_table_is_in_a_schema_or_says_why_not() -> None:
    known = listed()
    without = {
        place
        for _, shape, holders, below in HOLDERS
        for place, _ in flat(shape)
        if not revisions(holders, f"{below}{place}", known)
    }
    assert without == BESIDE.keys()


def test_the_table_has_every_method_that_the_gateway_lets_through() -> None:
    assert METHODS.keys() <= CLIENT_PARAMS.keys()


def test_the_published_page_says_what_the_table_says() -> None:
    assert PAGE.read_text() == page()


OPAQUE_FROM_SERVER = {where for where, _ in left_alone(FROM_SERVER, "$")}
OPAQUE_FROM_CLIENT = {where for where, _ in left_alone(FROM_CLIENT, "$")}


def last(places_of: set[str]) -> set[str]:
    return {where.removesuffix(".* (the key)").rpartition(".")[2] for where in places_of}


def test_what_is_left_alone_of_a_server_is_exactly_this() -> None:
    assert last(OPAQUE_FROM_SERVER) == {
        *("id", "requestId", "progressToken", "taskId", "toolUseId", "elicitationId"),
        *("modelcontextprotocol/subscriptionId", "inputRequests"),
        *("nextCursor", "requestState", "cursor", "name"),
    }


def test_what_is_left_alone_of_a_client_is_exactly_this() -> None:
    assert last(OPAQUE_FROM_CLIENT) == {
        *("id", "requestId", "progressToken", "taskId", "taskIds", "toolUseId", "elicitationId"),
        *("modelcontextprotocol/subscriptionId", "inputResponses", "resourceSubscriptions"),
        *("cursor", "nextCursor", "requestState", "name", "uri"),
    }


def test_everything_that_is_left_alone_says_why() -> None:
    assert all(reason for start in (FROM_SERVER, FROM_CLIENT) for _, reason in left_alone(start, "$"))


def test_a_servers_name_is_left_alone_only_where_a_call_gives_it() -> None:
    named = {where for where in OPAQUE_FROM_SERVER if where.endswith(".name")}
    assert named
    assert all(where.endswith(("tools.name", "prompts.name", "arguments.name", "[tool_use].name")) for where in named)


def test_a_clients_uri_is_left_alone_only_where_the_server_must_find_what_it_names() -> None:
    found = {where for where in OPAQUE_FROM_CLIENT if where.endswith((".uri", "resourceSubscriptions"))}
    assert found == {
        "$.params(resources/read).uri",
        "$.params(resources/subscribe).uri",
        "$.params(resources/unsubscribe).uri",
        "$.params(completion/complete).ref.uri",
        "$.params(subscriptions/listen).notifications.resourceSubscriptions",
    }


def test_only_the_protocols_own_meta_has_opaque_keys() -> None:
    holders = {where.partition("._meta")[0] for where in OPAQUE_FROM_SERVER | OPAQUE_FROM_CLIENT if "._meta." in where}
    ends = ("params", "result", ")", "inputResponses.*", "elicitations")
    assert all(holder.endswith(ends) for holder in holders)


def test_content_is_never_opaque() -> None:
    assert RESULT["content"] is BLOCKS
    assert CLIENT_PARAMS["tools/call"]["arguments"] is DOCUMENT
    assert not any(isinstance(RESULT[key], Opaque | Items) for key in ("structuredContent", "contents", "instructions"))


def test_a_method_that_is_not_listed_has_no_opaque_place_but_in_its_metadata() -> None:
    for message in (FROM_SERVER, FROM_CLIENT):
        params = message["params"]
        assert isinstance(params, Told)
        assert params.otherwise == {"_meta": places.META}


def test_the_keywords_of_a_schema_do_not_overlap() -> None:
    assert not SUBSCHEMAS & SCHEMA_MAPS
    assert not (SUBSCHEMAS | SCHEMA_MAPS) & SAMPLES
