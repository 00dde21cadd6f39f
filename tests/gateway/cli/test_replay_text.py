import json
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.cli.replay_text import WIDTH, Bodies, in_lines, in_table
from gateway.evidence.library import Summary, Survey
from gateway.evidence.replay import timeline
from gateway.evidence.words import who
from tests.gateway.evidence.rows import ABEL, CALL, EVE, SESSION, bodied, intent, rows, story

STORY = timeline(SESSION, story())
BODIED = timeline(SESSION, bodied()[0])
MANY = json.dumps({"v": 1, "message": {"list": [f"number {number}" for number in range(100)]}})
SHOWN_BODIES = timeline(SESSION, rows([intent(0, kept="whole", content=MANY, original_size=1, original="")]))
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
    assert max(map(len, in_lines(BODIED, Bodies.ALL).splitlines())) <= WIDTH


def test_a_body_is_read_with_how_much_is_kept_and_what_was_hidden() -> None:
    lines = [line.strip() for line in in_lines(BODIED).splitlines()]
    at = next(number for number, line in enumerate(lines) if line.startswith("request"))
    assert lines[at : at + 3] == [
        "request     4,321 bytes, kept whole; keyed digest",
        "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a",
        "{",
    ]
    assert '"id": "c-1\\u202e"' in lines
    assert any(line.startswith("question    4,321 bytes, cut: it is longer than 1 MiB") for line in lines)
    assert any("left out: it could not be masked" in line for line in lines)


def test_a_long_body_shows_its_first_lines() -> None:
    some, everything = (in_lines(SHOWN_BODIES, each).splitlines() for each in (Bodies.SOME, Bodies.ALL))
    assert sum("number" in line for line in some) == 10
    assert sum("number" in line for line in everything) == 100
    assert sum("--bodies all" in line for line in some) == 1
    assert not any("number" in line for line in in_lines(SHOWN_BODIES, Bodies.NONE).splitlines())


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
