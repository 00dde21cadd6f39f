from typing import Any

import pytest

from devhost.accounts import ACCOUNTS
from gateway.approvals import rulings
from gateway.approvals.approval import Verdict
from gateway.evidence import library
from gateway.pages import session_page
from tests.gateway.evidence.rows import ABEL, SESSION, bodied, story
from tests.gateway.pages.desk import Desk, Page


def keep(office: Desk, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        columns = {name: value for name, value in row.items() if name not in ("PartitionKey", "RowKey")}
        office.gateway.evidence.rows[row["PartitionKey"], row["RowKey"]] = columns


async def shown(office: Desk, query: str = "", session: str = SESSION) -> Page:
    return await (await office.browser("auditor")).get(f"/evidence/{session}", query)


async def test_a_session_is_a_picture_of_all_its_entries(office: Desk) -> None:
    keep(office, story())
    page = await shown(office)
    assert page.status == 200
    assert page.text.count('class="entry ') == page.text.count("<circle") == 4
    for text in ("took 2.000 s", "tool_not_allowed", "they were charged twice", ABEL, "No outcome on record"):
        assert text in page.text, text
    assert "2 by <code>personal</code> (email, redact)" in page.text
    assert "Arguments and results are not recorded" in page.text
    assert "A replay shows the rows as they are" in page.text
    assert "1 minute later" in page.text
    assert "4 minutes later" not in page.text  # between the steps of one entry


async def test_a_pause_between_two_entries_is_told(office: Desk) -> None:
    keep(office, story())
    assert "6 minutes later" in (await shown(office)).text  # from 5 s to 401 s


async def test_the_reading_is_on_record_before_anything_is_shown(office: Desk) -> None:
    keep(office, story())
    await shown(office, "outcome=refused")
    read = office.gateway.evidence.of_calls()[-1]
    assert (read["event"], read["method"], read["target"]) == ("evidence_read", "evidence/replay", SESSION)
    assert "outcome=refused" in str(read["body"])
    browser = await office.browser("auditor")
    with office.gateway.evidence.down():
        page = await browser.get(f"/evidence/{SESSION}")
    assert page.status == 503
    assert ABEL not in page.text


async def test_filters_leave_what_fits_and_say_what_they_left_out(office: Desk) -> None:
    keep(office, story())
    page = await shown(office, "outcome=refused")
    assert page.text.count('class="entry ') == 1
    assert "3 entries do not fit the filters" in page.text


@pytest.mark.parametrize("session", ["20261124-none", "~day-20261123", "x" * 80, "20261123-a'b"])
async def test_what_is_no_session_is_not_found(office: Desk, session: str) -> None:
    keep(office, story())
    assert (await shown(office, session=session)).status == 404


async def test_filters_that_cannot_be_read_show_nothing(office: Desk) -> None:
    keep(office, story())
    page = await shown(office, "first=soon")
    assert page.status == 404
    assert ABEL not in page.text


async def test_markup_and_direction_marks_in_a_record_are_text(office: Desk) -> None:
    keep(office, story())
    evidence = office.gateway.evidence.rows
    key = next(key for key in evidence if key[0] == SESSION)
    body = str(evidence[key]["body"]).replace('"get_customer"', '"<script>\\u202ealert</script>"')
    evidence[key] = {**evidence[key], "body": body}
    page = await shown(office)
    assert "<script>" not in page.text
    assert "\u202e" not in page.text


async def test_requests_and_answers_are_shown_as_masked_and_what_is_not_is_told(office: Desk) -> None:
    rows, payloads = bodied()
    keep(office, rows)
    office.gateway.payloads.blobs |= payloads
    page = await shown(office)
    assert page.text.count('<details class="body">') == 5
    for text in (
        "&#34;name&#34;: &#34;get_customer&#34;",
        "&#34;price&#34;: 1.5",
        "4,321 bytes, kept whole; keyed digest 0a0a",
        "hidden at $[&#39;result&#39;][&#39;mail&#39;] (personal, email, redact, 2 times, digest d1d1",
        "cut: it is longer than 1 MiB",
        "left out: the policy keeps no such body of this server",
        "left out: it could not be masked",
        "What the server asked its client",
        "No body is kept of a call that was refused",
    ):
        assert text in page.text, text
    assert "\u202e" not in page.text
    assert "Arguments and results are not recorded" not in page.text


async def test_a_body_that_is_not_what_was_written_is_not_shown(office: Desk) -> None:
    rows, payloads = bodied()
    keep(office, rows)
    office.gateway.payloads.blobs |= {name: b'{"v":1,"message":{"forged":1}}' for name in payloads}
    page = await shown(office)
    assert ("forged" in page.text, "its SHA-256 is another" in page.text) == (False, True)


async def test_a_long_body_is_cut_on_the_page_and_says_where_the_rest_is(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, payloads = bodied()
    keep(office, rows)
    office.gateway.payloads.blobs |= payloads
    monkeypatch.setattr(session_page, "SIGNS", 100)
    page = await shown(office)
    assert "and so on and so on and so on" not in page.text
    assert f"evidence replay {SESSION} --bodies all" in page.text


async def test_a_long_session_is_cut_and_says_so(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(office, story())
    monkeypatch.setattr(session_page, "MAX_ROWS", 3)
    assert "There are more records of this session" in (await shown(office)).text
    assert library.MAX_ROWS == 2_000


async def test_a_real_approval_is_shown_with_who_decided_and_why(office: Desk) -> None:
    approval = await office.asked()
    book = office.gateway.rooms.approvals
    await rulings.decide(book, approval, Verdict.APPROVE, "the invoice says so", await office.actor())
    page = await shown(office, session=approval.request.session)
    assert page.status == 200
    for text in ("they were charged twice", "the invoice says so", ACCOUNTS["approver"].object_id):
        assert text in page.text, text
