"""What changes from one policy to another, in words."""

from pathlib import Path

import pytest

from gateway.policy.diff import NOTHING, diff, words
from gateway.policy.difference import Bearing, Kind
from tests.gateway.policy.documents import GOOD, changed, good

LOCAL = Path("devhost/policy.yaml").read_text()
LOOSENS, TIGHTENS, MAY, NEITHER = Bearing.LOOSENS, Bearing.TIGHTENS, Bearing.MAY, Bearing.NEITHER
_OTHER = "99999999-0000-4000-8000-000000000009"


def told(old: str, new: str, document: str = GOOD) -> list[tuple[str, str, str]]:
    """Place, bearing and sentence of what changes where one piece of a document is replaced."""
    assert old in document, old
    found = diff(good(document), good(document.replace(old, new)))
    return [(change.where, str(change.bearing), change.sentence) for change in found]


def test_layout_comments_and_order_are_no_change() -> None:
    head, rules = LOCAL.split("\nrules:\n")
    parts = [f"  - name: {part}" for part in rules.split("  - name: ")[1:]]
    again = (
        "# other words\n" + head.replace("  engineering:", "  engineering: ") + "\nrules:\n" + "\n".join(parts[::-1])
    )
    again = again.replace("[personal, secrets]", "[secrets, personal]").replace(
        "args.amount > 1000", "args.amount>1000"
    )
    assert good(again).digest != good(LOCAL).digest
    assert diff(good(LOCAL), good(again)) == ()
    assert words(()) == [NOTHING]


@pytest.mark.parametrize(
    ("old", "new", "where", "bearing", "sentence"),
    [
        (
            *("    require: {approval: refunds}\n", "", "rule engineers-refund", LOOSENS),
            "Rule engineers-refund: needs no approval any more (was: refunds, 1 person of approvers)",
        ),
        ("people: 1 #", "people: 2 #", "approval refunds", TIGHTENS, "have to approve is now 2 (was: 1)"),
        ("ceiling: 15m", "ceiling: 2h", "grant export-window", LOOSENS, "it may last is now 2h (was: 15m)"),
        ("args.amount > 1000", "args.amount > 9", "rule no-large-refunds", MAY, "is now args.amount > 9 (was: args."),
        ("kinds: [agent]}", "kinds: [agent, app]}", "rule agents-delete-nothing", TIGHTENS, "now also app"),
        ("{kinds: [agent]}", "anyone", "rule agents-delete-nothing", TIGHTENS, "kinds of callers: now any"),
        ("tools: [echo]", "tools: [echo, add]", "rule software-echoes", LOOSENS, "for tools: now also add"),
        ("trust: quarantine", "trust: accept", "server records", LOOSENS, "is now accept (was: quarantine)"),
        ("7074/mcp", "7079/mcp", "server records", MAY, "its tools keep their pins"),
        ("clear_for: [hr]", "clear_for: [hr, approvers]", "mask personal", LOOSENS, "clear: now also approvers"),
        ("detect: [email, phone,", "detect: [phone,", "mask personal", LOOSENS, "by its look: no longer email"),
        ("auditors: [auditors]", "auditors: [auditors, hr]", "auditors", LOOSENS, "members of hr now may read"),
        ("webhook: teams-approvers", "webhook: other", "notify approvers", NEITHER, "the webhook in secret other"),
        ("name: software-echoes", "name: echoes", "rule echoes", NEITHER, "is the one that was called software-echoes"),
        ("bearer: {secret: records", "bearer: {secret: new", "server records", MAY, "in secret new-token (was: the"),
    ],
)
def test_a_change_is_told_where_it_is_and_what_it_bears(
    old: str, new: str, where: str, bearing: Bearing, sentence: str
) -> None:
    [found] = told(old, new, LOCAL)
    assert found[:2] == (where, bearing)
    assert sentence in found[2]


def test_an_allow_that_goes_takes_its_duties_along() -> None:
    head, _, rest = LOCAL.partition("  - name: engineers-refund")
    _, _, tail = rest.partition("  # A condition")
    [gone] = diff(good(LOCAL), good(head + "  # A condition" + tail))
    assert (gone.kind, gone.bearing) == (Kind.REMOVED, MAY)
    [new] = diff(good(head + "  # A condition" + tail), good(LOCAL))
    assert (new.kind, new.bearing) == (Kind.ADDED, LOOSENS)
    assert "allows groups engineering, on records: tools issue_refund; needs approval refunds" in new.sentence
    narrower = LOCAL.replace("tools: [issue_refund]\n    require", "tools: [issue_refunds]\n    require")
    assert [each.bearing for each in diff(good(LOCAL), good(narrower))] == [MAY]


def test_a_deny_that_goes_loosens_and_one_that_comes_tightens() -> None:
    deny = "  - {name: nobody, effect: deny, who: anyone, servers: [records], tools: [get_all]}\n"
    [new] = diff(good(), good(GOOD + deny))
    [gone] = diff(good(GOOD + deny), good())
    assert (new.bearing, gone.bearing) == (TIGHTENS, LOOSENS)
    assert new.sentence == "Rule nobody: is new (denies anyone, on records: tools get_all)"


def test_a_label_that_means_another_group_is_told_once_with_what_names_it() -> None:
    [(where, bearing, sentence)] = told("6f1c0000-0000-4000-8000-000000000001", _OTHER)
    assert (where, bearing) == ("group engineering", MAY)
    assert f"now means the group {_OTHER} (was: 6f1c0000-0000-4000-8000-000000000001)" in sentence
    assert sentence.endswith("named by rule engineers-read")


def test_a_label_that_is_renamed_changes_no_rule() -> None:
    [(where, bearing, sentence)] = told("engineering", "engineers")
    assert (where, bearing) == ("group engineers", NEITHER)
    assert "was called engineering" in sentence
    reads = changed('tools: ["get_*"]', "tools: [x]\n    when: size(caller.groups) > 0")
    assert told("hr: 6f", "people: 6f", reads)[0][1] == MAY


def test_two_labels_that_change_places_are_no_small_matter() -> None:
    one, two = (f"6f1c0000-0000-4000-8000-00000000000{number}" for number in (1, 2))
    swapped = GOOD.replace(one, "?").replace(two, one).replace("?", two)
    found = diff(good(), good(swapped.replace("{groups: [engineering]}", "{groups: [hr]}")))
    assert {change.where for change in found} == {"group engineering", "group hr", "rule engineers-read"}


def test_what_loosens_comes_first() -> None:
    found = diff(good(LOCAL), good(LOCAL.replace("people: 1 #", "people: 2 #").replace("15m # the", "20m # the")))
    lines = words(found)
    assert [line.partition(":")[0] for line in lines] == ["loosens", "tightens"]
    assert lines[0] == (
        "loosens:               Grant export-window: the longest that it may last is now 20m (was: 15m)."
    )
