"""What is kept of a task besides its rows: sealed JSON, bound to its approval and to its own name.

Takes a value and gives it back to every process that has the key. Whoever can write to the store can
neither read one, nor pass one off as another's or as one of another kind.
"""

from typing import Any

from gateway import jsontext
from gateway.approvals.book import Book
from gateway.seal import Seal
from gateway.storage.approval_keys import MAX_CONTENT
from gateway.storage.contract import RowExistsError, StoreUnavailableError
from gateway.values import Refusal

MAX_VALUE = MAX_CONTENT - 1024
"""Bytes of a value as JSON, so that it fits when it is sealed."""


async def keep(book: Book, approval: str, name: str, value: Any) -> bool:
    """The value is kept under that name; False: another one was first, and stays. Raises StoreUnavailableError, also
    without a key; ValueError if it is larger than MAX_VALUE."""
    content = jsontext.write(value)
    if len(content) > MAX_VALUE:
        raise ValueError("too large")
    try:
        await book.store.keep(approval, name, (await _seal(book)).seal(content, _bound_to(approval, name)))
    except RowExistsError:
        return False
    return True


async def kept(book: Book, approval: str, name: str) -> Any | None:
    """The value; None if there is none. Raises StoreUnavailableError, also where it does not open: it may have been
    sealed with a key that this process has yet to read."""
    content = await book.store.kept(approval, name)
    if content is None:
        return None
    opened = (await _seal(book)).open(content, _bound_to(approval, name))
    if opened is None:
        raise StoreUnavailableError("does not open")
    return jsontext.parse(opened)


async def _seal(book: Book) -> Seal:
    seal = await book.seal()
    if isinstance(seal, Refusal):
        raise StoreUnavailableError("no key")
    return seal


def _bound_to(approval: str, name: str) -> bytes:
    return f"{approval}/{name}".encode()
