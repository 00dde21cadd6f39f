"""Messages are kept, for their owner alone, and one is a line that does nothing to a terminal."""

from pathlib import Path

from devhost.outbox.messages import Message, Messages, urls


def message(subject: str = "wants a tool", *links: str) -> Message:
    return Message("teams", ("approvers",), subject, "text", links, {"a": 1})


def test_messages_are_there_in_order_after_a_restart(tmp_path: Path) -> None:
    kept = Messages(tmp_path)
    assert kept.all() == []
    kept.add(message("first"))
    kept.add(message("second\u2028line\n", "http://localhost/"))
    again = Messages(tmp_path).all()
    assert [one["subject"] for one in again] == ["first", "second\u2028line\n"]
    assert (again[1]["kind"], again[1]["to"], again[1]["body"]) == ("teams", ["approvers"], {"a": 1})
    assert again[0]["id"] != again[1]["id"]
    assert again[0]["time"] <= again[1]["time"]
    assert (tmp_path / "outbox" / "messages.jsonl").stat().st_mode & 0o777 == 0o600


def test_an_emptied_outbox_is_empty_and_takes_new_messages(tmp_path: Path) -> None:
    kept = Messages(tmp_path)
    for _ in range(2):
        kept.add(message())
        kept.empty()
        assert kept.all() == []
    kept.empty()


def test_a_line_says_who_is_told_what_and_where_to_go() -> None:
    line = message("Enid wants issue_refund", "http://localhost:7071/approvals/1", "http://other/").line()
    assert line == "outbox: Teams approvers: Enid wants issue_refund http://localhost:7071/approvals/1"
    mail = Message("email", ("a@b.example", "c@d.example"), "Subject", "", (), {})
    assert mail.line() == "outbox: mail to a@b.example, c@d.example: Subject"


def test_a_line_stays_one_line_without_escape_sequences() -> None:
    assert message("a\x1b[2Jb\r\nc\u202ed").line() == "outbox: Teams approvers: a [2Jb  c d"


def test_urls_are_found_in_text_and_in_markdown_once_each() -> None:
    found = urls(["see http://a.example/x?y=1, or [here](https://b.example/z).", "http://a.example/x?y=1. No mailto:x"])
    assert found == ("http://a.example/x?y=1", "https://b.example/z")
