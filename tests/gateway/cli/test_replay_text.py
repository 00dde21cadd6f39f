import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.replay_text import WIDTH, in_lines, in_table
from gateway.evidence.library import Summary, Survey
from gateway.evidence.replay import timeline
from gateway.evidence.words import who
from tests.gateway.evidence.rows import ABEL, CALL, EVE, SESSION, rows, story

STORY = timeline(SESSION, story())
SHOWN = """\
10:06:41    tools/call issue_refund on records                succeeded  1.000 s
            who         11111111-1111-4111-8111-111111111111, user
            client      cli
            rules       engineers, refunds
            policy      ffffffffffff
            approval    10:01:00 asked for approval, by
                        11111111-1111-4111-8111-111111111111: invoice 4711
            approval    10:05:00 approved, by
                        22222222-2222-4222-8222-222222222222: they were charged
                        twice
            approval    10:05:01 settled: approved
            approval    10:06:40 used for this call, by
                        22222222-2222-4222-8222-222222222222
            record      w.1-00000007, w.1-00000008, w.1-00000003, w.1-00000004,
                        w.1-00000005, w.1-00000006
"""


def test_a_call_is_read_from_top_to_bottom() -> None:
    assert SHOWN in in_lines(STORY)


def test_nothing_is_wider_than_a_terminal() -> None:
    assert max(map(len, in_lines(STORY).splitlines())) <= WIDTH


def test_what_is_not_known_is_said() -> None:
    text = in_lines(STORY)
    assert "not known   No outcome on record" in text
    assert "What this cannot show:" in text
    assert "hidden      2 by personal (email, redact)" in text


def test_colour_changes_no_word() -> None:
    coloured = in_lines(STORY, is_coloured=True)
    assert "\x1b[32msucceeded" in coloured
    assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == in_lines(STORY)


def test_what_filters_left_out_is_counted() -> None:
    assert "10 records, 1 entry shown, 3 left out" in in_lines(replace(STORY, entries=STORY.entries[:1], left_out=3))


def test_a_list_names_each_session_with_what_is_in_it() -> None:
    first, last = "2026-11-23T10:00:00Z", "2026-11-23T10:08:20Z"
    line = Summary(SESSION, first, last, (EVE, ABEL, "x"), ("records",), ("t",), 4, 1, 10, is_cut=True)
    text = in_table(Survey((line,), is_cut=True))
    assert SESSION in text
    for part in ("4 calls, 1 refused, 10", "and 1 more", "There may be more"):
        assert part in text, part
    assert in_table(Survey(())) == "No session has a record that fits."


def test_a_name_stands_before_the_object_id_where_one_is_on_record() -> None:
    assert who({"subject": EVE, "name": "Eve", "kind": "user"}) == f"Eve ({EVE}), user"
    assert who({}) == ""


@given(st.text(min_size=1))
def test_no_record_steers_the_terminal(text: str) -> None:
    found = timeline(SESSION, rows([{**CALL, "at": 0, "event": "refused", "target": text, "detail": text}]))
    assert all(sign.isprintable() or sign == "\n" for sign in in_lines(found))
