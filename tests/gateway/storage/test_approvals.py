"""The contract of the approval store: on Azurite through the real SDK, and in memory as the walks use it."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from azure.data.tables.aio import TableClient

from devhost import azurite
from devhost.stack import Stack
from gateway.storage import approvals as stored
from gateway.storage.approvals import TableApprovals, open_approvals
from gateway.storage.contract import ApprovalStore, Columns, Pointer, RowExistsError, StoreUnavailableError
from tests.fakes import approvals as fake
from tests.fakes.approvals import Fault, MemoryApprovals

DECISION = "decision-7e4a0000-0000-4000-8000-000000000001.0b1ec700-0000-4000-8000-000000000001"
NO_NAMES = ["", "a/b", "a\\b", "a#b", "a?b", "a b", "a'b", "a\n", "a\x00", "é", "a" * 201, "%2f", "a|b", "１"]
LARGE = secrets.token_bytes(1_000_003)


@pytest.fixture(params=["azurite", "memory"])
async def store(
    request: pytest.FixtureRequest, storage: Stack, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ApprovalStore]:
    monkeypatch.setattr(stored, "TABLE", f"a{secrets.token_hex(8)}")
    is_memory = request.param == "memory"
    opened = MemoryApprovals() if is_memory else open_approvals(azurite.connection_string(storage.ports), "")
    yield opened
    await opened.close()


async def wins(*attempts: Coroutine[Any, Any, Any]) -> int:
    """How many of these succeed at once; the others find a row there, or give False."""
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert {type(result) for result in results} <= {bool, type(None), RowExistsError}, results
    return sum(result is None or result is True for result in results)


async def tear(store: ApprovalStore, approval: str, name: str, lost: str) -> None:
    """A content loses its end, as when a crash comes before it, or another part, as when it was forgotten meanwhile."""
    if isinstance(store, MemoryApprovals):
        store.torn.add((approval, name))
        return
    assert isinstance(store, TableApprovals)
    partition = f"{approval}~{name}"
    rows = [row["RowKey"] async for row in store._client.query_entities(f"PartitionKey eq '{partition}'")]
    assert len(rows) > 1
    await store._client.delete_entity(partition, "end" if lost == "end" else min(set(rows) - {"end"}))


async def test_a_store_that_was_never_written_to_has_nothing(store: ApprovalStore) -> None:
    assert await store.rows("a") == {}
    assert await store.kept("a", "call") is None
    assert await store.find("k") is None
    assert await store.waiting() == []
    assert await store.known() == []
    await store.forget("a", "call")
    await store.delist("a")


async def test_rows_come_back_as_they_were_written_and_only_those_of_the_approval(store: ApprovalStore) -> None:
    request: Columns = {"text": "ä\U0001f600\n'\"", "empty": "", "small": -1, "large": 2**53 + 1, "name": "2026-01-01"}
    await store.insert("a", "request", request)
    await store.insert("a", DECISION, {"verdict": "approve"})
    await store.insert("a", "started", {})
    await store.insert("b", "request", {})
    assert await store.rows("a") == {"request": request, DECISION: {"verdict": "approve"}, "started": {}}
    assert await store.rows("b") == {"request": {}}


async def test_a_row_is_there_once_and_says_what_it_holds(store: ApprovalStore) -> None:
    await store.insert("a", "settled", {"state": "approved", "at": 2**40})
    with pytest.raises(RowExistsError) as taken:
        await store.insert("a", "settled", {"state": "denied"})
    assert taken.value.columns == {"state": "approved", "at": 2**40}
    assert await store.rows("a") == {"settled": {"state": "approved", "at": 2**40}}


async def test_the_same_row_inserted_again_is_there_already(store: ApprovalStore) -> None:
    await store.insert("a", "settled", {"state": "approved"})
    with pytest.raises(RowExistsError):
        await store.insert("a", "settled", {"state": "approved"})


@pytest.mark.parametrize("attempt", range(3))
async def test_of_twenty_inserts_of_one_row_one_succeeds(store: ApprovalStore, attempt: int) -> None:
    assert await wins(*(store.insert("a", "settled", {"by": number}) for number in range(20))) == 1
    assert list(await store.rows("a")) == ["settled"]


async def test_names_that_differ_in_case_alone_are_two(store: ApprovalStore) -> None:
    await store.insert("a", "x", {"n": 1})
    await store.insert("a", "X", {"n": 2})
    await store.insert("A", "x", {"n": 3})
    assert await store.rows("a") == {"x": {"n": 1}, "X": {"n": 2}}


@pytest.mark.parametrize("name", ["..", ".", "~", "-", "end", "request", "a" * 200])
async def test_odd_names_are_names_like_others(store: ApprovalStore, name: str) -> None:
    await store.insert("a", name, {"n": 1})
    assert await store.rows("a") == {name: {"n": 1}}
    await store.keep("a", name, b"x")
    assert await store.kept("a", name) == b"x"
    assert await store.point(name, "a", None)
    assert (await pointer(store, name)).approval == "a"
    assert await store.rows("a") == {name: {"n": 1}}


async def test_the_longest_names_fit(store: ApprovalStore) -> None:
    approval, name = "a" * 200, "b" * 200
    await store.insert(approval, name, {})
    await store.keep(approval, name, b"x")
    assert await store.kept(approval, name) == b"x"
    assert await store.rows(approval) == {name: {}}


@pytest.mark.parametrize("name", NO_NAMES)
async def test_what_no_key_may_hold_is_refused(store: ApprovalStore, name: str) -> None:
    questions = [
        store.insert(name, "r", {}),
        store.insert("a", name, {}),
        store.rows(name),
        store.keep(name, "n", b""),
        store.keep("a", name, b""),
        store.kept("a", name),
        store.forget(name, "n"),
        store.find(name),
        store.point(name, "a", None),
        store.point("k", name, None),
        store.enlist(name),
        store.delist(name),
    ]
    for question in questions:
        with pytest.raises(ValueError):
            await question


async def test_an_id_cannot_be_the_partition_of_anything_else(store: ApprovalStore) -> None:
    for approval in ("a~call", "~find", "~waiting"):
        with pytest.raises(ValueError):
            await store.insert(approval, "r", {})


@pytest.mark.parametrize(
    "columns",
    [
        *(
            {name: "x"}
            for name in ("PartitionKey", "RowKey", "Timestamp", "insert_mark", "a-b", "", "é", "1a", "odata.x")
        ),
        *({"a": value} for value in ("x" * 32_001, "\U0001f600" * 16_001, "\ud800", 2**63, -(2**63) - 1)),
    ],
    ids=lambda columns: ascii(columns)[:20],
)
async def test_what_a_row_cannot_hold_is_refused_before_it_is_tried(store: ApprovalStore, columns: Columns) -> None:
    with pytest.raises(ValueError):
        await store.insert("a", "r", columns)


@pytest.mark.parametrize("text", ["x" * 32_000, "\U0001f600" * 16_000], ids=["ascii", "emoji"])
async def test_the_longest_text_fits(store: ApprovalStore, text: str) -> None:
    await store.insert("a", "r", {"a": text, "b": 2**63 - 1, "c": -(2**63)})
    assert await store.rows("a") == {"r": {"a": text, "b": 2**63 - 1, "c": -(2**63)}}


@pytest.mark.parametrize("size", [0, 1, 60_000, 60_001, 720_000, 720_001, 3_000_000, 20_000_000])
async def test_a_content_comes_back_whole(store: ApprovalStore, size: int) -> None:
    content = secrets.token_bytes(size)
    await store.keep("a", "call", content)
    assert await store.kept("a", "call") == content
    assert await store.rows("a") == {}
    assert await store.known() == []


async def test_a_content_that_is_too_large_is_refused(store: ApprovalStore) -> None:
    with pytest.raises(ValueError):
        await store.keep("a", "call", bytes(24 * 1024 * 1024 + 1))


@pytest.mark.parametrize("content", [b"", b"one", LARGE], ids=len)
async def test_a_content_is_kept_once(store: ApprovalStore, content: bytes) -> None:
    await store.keep("a", "call", content)
    await store.keep("a", "result", b"other")
    await store.keep("b", "call", b"another")
    for other in (content, b"two", LARGE[::-1]):
        with pytest.raises(RowExistsError) as taken:
            await store.keep("a", "call", other)
        assert taken.value.columns == {}
    assert await store.kept("a", "call") == content


async def test_of_several_who_keep_a_content_one_succeeds_and_nothing_is_mixed(store: ApprovalStore) -> None:
    contents = [bytes([number]) * 2_000_000 for number in range(5)]
    assert await wins(*(store.keep("a", "call", content) for content in contents)) == 1
    assert await store.kept("a", "call") in contents


async def test_a_content_that_was_forgotten_can_be_kept_again(store: ApprovalStore) -> None:
    await store.keep("a", "call", LARGE)
    await store.keep("a", "result", b"stays")
    await store.forget("a", "call")
    assert await store.kept("a", "call") is None
    await store.forget("a", "call")
    await store.keep("a", "call", b"new")
    assert (await store.kept("a", "call"), await store.kept("a", "result")) == (b"new", b"stays")


@pytest.mark.parametrize("lost", ["end", "part"])
async def test_a_torn_content_is_none_and_gives_way_to_a_whole_one(store: ApprovalStore, lost: str) -> None:
    await store.keep("a", "call", LARGE)
    await tear(store, "a", "call", lost)
    assert await store.kept("a", "call") is None
    assert await wins(store.keep("a", "call", b"new"), store.keep("a", "call", LARGE[::-1])) == 1
    assert await store.kept("a", "call") in (b"new", LARGE[::-1])


@pytest.mark.parametrize("lost", ["end", "part"])
async def test_a_torn_content_can_be_forgotten(store: ApprovalStore, lost: str) -> None:
    await store.keep("a", "call", LARGE)
    await tear(store, "a", "call", lost)
    await store.forget("a", "call")
    await store.keep("a", "call", b"new")
    assert await store.kept("a", "call") == b"new"


async def test_a_content_of_which_one_byte_differs_is_none(storage: Stack) -> None:
    client = TableClient.from_connection_string(azurite.connection_string(storage.ports), f"a{secrets.token_hex(8)}")
    store = TableApprovals(client)
    await store.keep("a", "call", b"content")
    await client.update_entity({"PartitionKey": "a~call", "RowKey": "end", "piece_0": b"c0ntent"})
    assert await store.kept("a", "call") is None
    await store.close()


async def pointer(store: ApprovalStore, key: str) -> Pointer:
    found = await store.find(key)
    assert found is not None
    return found


async def test_a_key_names_one_approval_and_then_another(store: ApprovalStore) -> None:
    assert await store.point("k", "a", None)
    first = await pointer(store, "k")
    assert await store.point("k", "b", first)
    assert (await pointer(store, "k")).approval == "b"
    assert not await store.point("k", "c", first)
    assert not await store.point("k", "c", None)
    assert (await pointer(store, "k")).approval == "b"
    assert await store.find("K") is None


async def test_a_key_that_names_nothing_is_not_replaced(store: ApprovalStore) -> None:
    await store.point("other", "a", None)
    assert not await store.point("k", "b", await pointer(store, "other"))
    assert await store.find("k") is None


async def test_of_many_who_point_a_key_one_succeeds(store: ApprovalStore) -> None:
    ids = [f"a{number}" for number in range(10)]
    assert await wins(*(store.point("k", approval, None) for approval in ids)) == 1
    seen = await pointer(store, "k")
    assert await wins(*(store.point("k", f"b{approval}", seen) for approval in ids)) == 1
    assert (await pointer(store, "k")).approval.startswith("ba")


async def test_of_many_who_point_a_key_at_the_same_approval_one_succeeds(store: ApprovalStore) -> None:
    assert await wins(*(store.point("k", "a", None) for _ in range(5))) == 1
    seen = await pointer(store, "k")
    assert await wins(*(store.point("k", "a", seen) for _ in range(5))) == 1


async def test_those_that_wait_are_listed_in_order_until_they_do_not(store: ApprovalStore) -> None:
    for approval in ("b", "a", "c", "b", "request"):
        await store.enlist(approval)
    assert await store.waiting() == ["a", "b", "c", "request"]
    await store.delist("b")
    await store.delist("b")
    assert await store.waiting() == ["a", "c", "request"]


async def test_the_waiting_list_is_bounded(store: ApprovalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (stored, fake):
        monkeypatch.setattr(module, "MAX_WAITING", 3)
    for number in range(5):
        await store.enlist(f"a{number}")
    assert await store.waiting() == ["a0", "a1", "a2"]


async def test_approvals_are_known_by_their_request(store: ApprovalStore) -> None:
    for approval in ("b", "a"):
        await store.insert(approval, "request", {})
    await store.insert("c", "reason", {})
    await store.keep("d", "request", b"x")
    await store.point("request", "e", None)
    await store.enlist("request")
    assert await store.known() == ["a", "b"]


async def test_more_rows_than_one_page_holds_are_all_found(storage: Stack) -> None:
    client = TableClient.from_connection_string(azurite.connection_string(storage.ports), f"a{secrets.token_hex(8)}")
    store = TableApprovals(client)
    await store.insert("a", "request", {})
    operations = [("upsert", {"PartitionKey": "a", "RowKey": f"r{number:04}"}) for number in range(1_100)]
    for start in range(0, len(operations), 100):
        await client.submit_transaction(operations[start : start + 100])
        await store.insert(f"b{start:04}", "request", {})
    assert len(await store.rows("a")) == 1_101
    assert len(await store.known()) == 12
    await store.close()


def questions(store: ApprovalStore) -> list[Coroutine[Any, Any, Any]]:
    return [
        store.insert("a", "r", {}),
        store.rows("a"),
        store.keep("a", "n", b"x"),
        store.kept("a", "n"),
        store.forget("a", "n"),
        store.find("k"),
        store.point("k", "a", None),
        store.point("k", "a", Pointer("b", 'W/"v"')),
        store.enlist("a"),
        store.delist("a"),
        store.waiting(),
        store.known(),
    ]


async def test_a_store_that_is_down_is_unavailable_within_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "PATIENCE", 1.0)
    monkeypatch.setattr(stored, "CONTENT_PATIENCE", 1.0)
    down = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a;"
    store = open_approvals(down, "")
    async with asyncio.timeout(8):
        results = await asyncio.gather(*questions(store), return_exceptions=True)
    assert {type(result) for result in results} == {StoreUnavailableError}
    await store.close()


async def test_a_store_that_hangs_is_unavailable_after_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "PATIENCE", 0.1)
    monkeypatch.setattr(stored, "CONTENT_PATIENCE", 0.1)

    async def never(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            writer.close()

    async with await asyncio.start_server(never, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        hung = f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:{port}/a;"
        store = open_approvals(hung, "")
        async with asyncio.timeout(8):
            results = await asyncio.gather(*questions(store), return_exceptions=True)
        assert {type(result) for result in results} == {StoreUnavailableError}
        await store.close()
        server.close_clients()


class Lossy:
    """A store on Azurite of which the answer to the first write that succeeds is lost, so that the SDK repeats it."""

    def __init__(self, stack: Stack) -> None:
        self.is_armed = False
        connection = azurite.connection_string(stack.ports)
        client = TableClient.from_connection_string(
            connection, f"a{secrets.token_hex(8)}", retry_backoff_factor=0, raw_response_hook=self._hook
        )
        self.store = TableApprovals(client)

    def _hook(self, response: Any) -> None:
        if (
            self.is_armed
            and response.http_request.method in ("POST", "PUT")
            and response.http_response.status_code < 300
        ):
            self.is_armed = False
            response.http_response.status_code = 503


@pytest.fixture
async def lossy(storage: Stack) -> AsyncIterator[Lossy]:
    made = Lossy(storage)
    await made.store.insert("other", "request", {})
    made.is_armed = True
    yield made
    assert not made.is_armed
    await made.store.close()


async def test_a_row_whose_answer_was_lost_is_not_taken_for_somebody_elses(lossy: Lossy) -> None:
    await lossy.store.insert("a", "settled", {"state": "approved"})
    assert await lossy.store.rows("a") == {"settled": {"state": "approved"}}
    with pytest.raises(RowExistsError):
        await lossy.store.insert("a", "settled", {"state": "approved"})


async def test_a_content_whose_answer_was_lost_is_kept(lossy: Lossy) -> None:
    await lossy.store.keep("a", "call", LARGE)
    lossy.is_armed = True
    await lossy.store.keep("a", "result", b"small")
    assert (await lossy.store.kept("a", "call"), await lossy.store.kept("a", "result")) == (LARGE, b"small")


async def test_a_pointer_whose_answer_was_lost_names_its_approval(lossy: Lossy) -> None:
    assert await lossy.store.point("k", "a", None)
    lossy.is_armed = True
    assert await lossy.store.point("k", "b", await pointer(lossy.store, "k"))
    assert (await pointer(lossy.store, "k")).approval == "b"


async def test_an_approval_is_enlisted_although_the_answer_was_lost(lossy: Lossy) -> None:
    await lossy.store.enlist("a")
    assert await lossy.store.waiting() == ["a"]


async def test_the_fake_fails_as_it_is_told() -> None:
    store = MemoryApprovals(Fault.INSERT_FAILS_AND_IS_NOT_WRITTEN, Fault.INSERT_FAILS_BUT_IS_WRITTEN, None)
    for row, is_there in (("one", False), ("two", True)):
        with pytest.raises(StoreUnavailableError):
            await store.insert("a", row, {})
        assert (row in await store.rows("a")) == is_there
    await store.insert("a", "three", {})
    with store.failing("settled", Fault.ANOTHER_WRITER_IS_FIRST, {"state": "denied"}):
        await store.insert("a", "spent", {})
        with pytest.raises(RowExistsError) as taken:
            await store.insert("a", "settled", {"state": "approved"})
    assert taken.value.columns == {"state": "denied"}
    with store.failing("call"), pytest.raises(StoreUnavailableError):
        await store.keep("a", "call", b"x")
    assert await store.kept("a", "call") is None
    with store.failing("k", Fault.ANOTHER_WRITER_IS_FIRST, {"approval": "b"}):
        assert not await store.point("k", "a", None)
    assert (await pointer(store, "k")).approval == "b"
    with store.down():
        for result in await asyncio.gather(*questions(store), return_exceptions=True):
            assert isinstance(result, StoreUnavailableError)


@pytest.mark.parametrize("forget_first", [True, False])
async def test_a_content_forgotten_while_it_is_written_is_whole_or_none(
    store: ApprovalStore, forget_first: bool
) -> None:
    steps = [store.forget("a", "call"), store.keep("a", "call", LARGE)]
    await asyncio.gather(*(steps if forget_first else steps[::-1]))
    assert await store.kept("a", "call") in (None, LARGE)
