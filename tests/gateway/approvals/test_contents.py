from typing import Any

import pytest

from gateway.approvals import contents
from gateway.approvals.book import Book
from gateway.reasons import Reason
from gateway.seal import Seal
from gateway.storage.contract import StoreUnavailableError
from gateway.values import Refusal
from tests.fakes.approvals import Fault, MemoryApprovals

KEYS = [bytes(32), bytes(range(32))]


class Shelf:
    """A book whose key a test takes away or changes."""

    def __init__(self) -> None:
        self.store = MemoryApprovals()
        self.key: Seal | Refusal = Seal(KEYS[:1])

    async def seal(self) -> Seal | Refusal:
        return self.key


@pytest.fixture
def shelf() -> Any:
    return Shelf()


async def test_what_was_kept_comes_back_and_lies_there_unreadable(shelf: Any) -> None:
    value = {"secret": ["é", 1, None, {"deep": True}]}
    assert await contents.keep(shelf, "a", "result", value)
    assert await contents.kept(shelf, "a", "result") == value
    assert b"secret" not in shelf.store.contents["a", "result"]
    assert await contents.kept(shelf, "a", "other") is None


async def test_the_first_of_two_stays(shelf: Any) -> None:
    assert await contents.keep(shelf, "a", "result", {"n": 1})
    assert not await contents.keep(shelf, "a", "result", {"n": 2})
    assert await contents.kept(shelf, "a", "result") == {"n": 1}


@pytest.mark.parametrize(("approval", "name"), [("a", "result"), ("b", "asked-1")])
async def test_one_cannot_be_passed_off_as_another(shelf: Any, approval: str, name: str) -> None:
    await contents.keep(shelf, "a", "asked-1", {})
    shelf.store.contents[approval, name] = shelf.store.contents["a", "asked-1"]
    with pytest.raises(StoreUnavailableError):
        await contents.kept(shelf, approval, name)


async def test_without_the_key_nothing_is_kept_and_nothing_read(shelf: Any) -> None:
    await contents.keep(shelf, "a", "result", {})
    shelf.key = Refusal(Reason.SESSION_KEY_UNAVAILABLE)
    with pytest.raises(StoreUnavailableError):
        await contents.keep(shelf, "a", "asked-1", {})
    with pytest.raises(StoreUnavailableError):
        await contents.kept(shelf, "a", "result")


async def test_a_key_that_is_not_known_yet_is_a_store_that_does_not_answer_and_not_an_empty_one(shelf: Any) -> None:
    await contents.keep(shelf, "a", "result", {})
    shelf.key = Seal(KEYS[1:])
    with pytest.raises(StoreUnavailableError):
        await contents.kept(shelf, "a", "result")
    shelf.key = Seal(KEYS[::-1])
    assert await contents.kept(shelf, "a", "result") == {}


async def test_a_value_that_no_content_holds_is_refused_before_it_is_kept(shelf: Any) -> None:
    with pytest.raises(ValueError, match="too large"):
        await contents.keep(shelf, "a", "result", "x" * contents.MAX_VALUE)
    assert shelf.store.contents == {}
    assert await contents.keep(shelf, "a", "result", "x" * (contents.MAX_VALUE - 2))


async def test_a_store_that_is_down_is_told(shelf: Any) -> None:
    with shelf.store.failing("result", Fault.INSERT_FAILS_BUT_IS_WRITTEN), pytest.raises(StoreUnavailableError):
        await contents.keep(shelf, "a", "result", 1)
    assert await contents.kept(shelf, "a", "result") == 1


def test_a_shelf_is_as_much_of_a_book_as_contents_need() -> None:
    assert {"store", "seal"} <= {*vars(Shelf()), *dir(Book)}
