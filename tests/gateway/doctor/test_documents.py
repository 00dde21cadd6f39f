from typing import Any

from gateway.doctor import documents
from gateway.doctor.finding import State
from gateway.metadata import WELL_KNOWN, resource_metadata
from tests.fakes.entra import settings
from tests.gateway.doctor.around import Around, states

URL = "https://mcp.example.com"


def pages(**changes: Any) -> dict[str, Any]:
    return {f"{URL}/health": {"status": "ok"}, URL + WELL_KNOWN: resource_metadata(settings()) | changes}


async def test_documents_that_are_those_of_the_settings_are_well() -> None:
    assert states(await documents.check(Around(pages=pages()).bench())) == [State.OK, State.OK]


async def test_a_document_that_differs_is_told_by_its_member() -> None:
    _, found = await documents.check(Around(pages=pages(resource=f"{URL}/")).bench())
    assert (found.state, "another `resource`" in found.seen) == (State.FAULT, True)


async def test_an_address_where_nobody_or_somebody_else_answers_is_a_fault() -> None:
    assert states(await documents.check(Around().bench())) == [State.FAULT, State.FAULT]
    other = {f"{URL}/health": 503, URL + WELL_KNOWN: 404}
    health, metadata = await documents.check(Around(pages=other).bench())
    assert (health.state, metadata.state) == (State.FAULT, State.FAULT)
    assert ("503" in health.seen, "404" in metadata.seen) == (True, True)
