"""How the approval of something else than a call stands, for whatever has the same id and waits for it.

Takes the book, an id and when it was asked for, and gives what people have said and who approved; decides nothing.
"""

from datetime import datetime

from gateway.approvals import rulings
from gateway.approvals.approval import HALF_ASKED, State, Verdict
from gateway.approvals.book import Book


async def standing(book: Book, identifier: str, created: datetime) -> tuple[State | None, str]:
    """What people have said: None as long as they may still decide; and who approved, with commas."""
    approval = await book.read(identifier)
    if approval is None:
        # A process ended, or could not seal the request, before people were asked; nobody ever will be.
        return (State.EXPIRED if book.now() >= created + HALF_ASKED else None), ""
    approval = await rulings.settle(book, approval)
    by = ",".join(vote.object_id for vote in approval.votes if vote.verdict is Verdict.APPROVE)
    state = approval.state(book.now())
    if state is State.CONSUMED and approval.spent is not None and approval.spent.call == identifier:
        # A process ended between using the approval and doing what it is for.
        return State.APPROVED, by
    return (None if state is State.PENDING else state), by


async def use(book: Book, identifier: str) -> bool:
    """The approval is used for what has its id, and by nothing else."""
    approval = await book.read(identifier)
    if approval is None:
        return False
    if approval.spent is None:
        await rulings.consume(book, approval, identifier)
        approval = await book.read(identifier) or approval
    return approval.spent is not None and approval.spent.call == identifier
