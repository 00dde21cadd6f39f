import hashlib
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mask import mask_text
from gateway.masking.detectors import DETECTORS, GROUPS
from gateway.masking.fields import folded
from gateway.masking.search import Search
from gateway.values import Action, Mask

FIRST_SET = {"email", "phone", "payment_card", "us_ssn", "iban", "private_key", "jwt", "cloud_key"}
EVERY = Search(tuple(DETECTORS.values()))
PAGE = Path("docs/detectors.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in PAGE.splitlines() if line.startswith("| `")]


def filled(text: str) -> str:
    """The text of the page with random signs for each `<36>`."""
    signs = "".join(hashlib.sha256(bytes([seed])).hexdigest() for seed in range(2)).replace("a", "Q").replace("d", "z")
    return re.sub("<([0-9]+)>", lambda match: signs[: int(match[1])], text.strip("`"))


def test_the_first_set_is_there() -> None:
    assert set(DETECTORS) >= FIRST_SET


def test_a_detector_stands_under_its_own_name() -> None:
    assert all(detector.name == name for name, detector in DETECTORS.items())


def test_telling_names_are_written_as_keys_are_compared() -> None:
    assert all(folded(name) == name for detector in DETECTORS.values() for name in detector.names)


def test_telling_names_come_with_a_form_of_the_value() -> None:
    assert all(detector.bare for detector in DETECTORS.values() if detector.names)


def test_the_page_has_a_row_for_each_detector_in_the_order_of_the_table() -> None:
    assert sorted(row[0].strip("`") for row in ROWS) == sorted(DETECTORS)


def test_the_page_says_whether_a_key_tells_the_value() -> None:
    assert [row[0] for row in ROWS if ("key" in row[4]) != bool(DETECTORS[row[0].strip("`")].names)] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0]))
def test_the_example_on_the_page_is_found_and_the_counter_example_is_not(row: list[str]) -> None:
    name, example, counter_example = row[0].strip("`"), filled(row[5]), filled(row[6])
    search = Search((DETECTORS[name],))
    assert search.find([example]).keys() == {example}
    assert search.find([counter_example]) == {}
    assert name in {found.detector for found in EVERY.find([f"see {example}."])[f"see {example}."]}


DIGEST = hashlib.sha256(b"a").hexdigest()
HARMLESS = [
    *(
        "7b1c2f0e-4a5d-4c3b-9e8f-0a1b2c3d4e5f",
        "7B1C2F0E-4A5D-4C3B-9E8F-0A1B2C3D4E5F",
        "7b1c2f0e4a5d4c3b9e8f0a1b2c3d4e5f",
    ),
    *(DIGEST, f"sha256:{DIGEST}", DIGEST.upper(), DIGEST[:40], DIGEST[:7], f"etag {DIGEST[:32]}", f"digest={DIGEST}"),
    *("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", f"token_sha256: {DIGEST}", f"secret hash: {DIGEST}"),
    *(
        "2026-01-02T03:04:05.678901+01:00",
        "2026-01-02 03:04:05,678",
        "20260102T030405Z",
        "02/01/2026 03:04",
        "03:04:05",
    ),
    *("1760000000000", "1760000000", "1760000000000000", "backup-20260102-1504.log", "260102-1504", "build 20260102.3"),
    *(
        "1.2.3",
        "v1.2.3.4",
        "version 1.2.3.4",
        "Version=4.0.0.0",
        "Chrome/120.0.0.0",
        "package==1.2.3.4",
        "1.3.6.1.4.1.311",
    ),
    *("section 1.2.3.4", "2026-07-28", "10.0.19041.1-beta.2.7", "127.0.0.1", "255.255.255.0", "::1", "0.0.0.0", "::"),
    *("tools/call", "get_user_by_id", "search-documents", "notifications/progress", "io.modelcontextprotocol/related"),
    *("std::vector<int>", "a::b", "Foo::Bar::baz", "x[::2]", "fade::dead", "CN=a,O=b", "git@github.com:owner/name.git"),
    *("file:///srv/data/report-2026.csv", "https://example.com/a/b?page=2&sort=name", "users://42", "ui://form/7"),
    *(
        "nextToken=7b1c2f0e4a5d4c3b9e8f0a1b2c3d4e5f",
        "pageToken: CAUQAA7b1c2f0e4a5d4c3b",
        "progressToken: 12345678901234567890",
    ),
    *(
        "max_tokens: 4096",
        "token count: 123456",
        "tokens=18446744073709551615",
        "the secret of the key",
        "secret: string",
    ),
    *(
        "password: required",
        "Password: Required",
        "password=None",
        "password = get_password(1)",
        "password: ${DB_PASS1}",
    ),
    *(
        "password=os.environ['DB_1']",
        "pwd: /home/user",
        "secret: projects/p1/secrets/db-main/versions/12",
        "Token: Bearer",
    ),
    *("born to run", "the address: see below", "address: 0x7fff5fbff8a0 in frame 2", "email address: none of the 3"),
    *(
        "sin 45 degrees",
        "math.sin(0.464542860)",
        "SIN TARIFF",
        "passport.js 0.7.0",
        "driving licence required",
        "a <<EOF >>",
    ),
    *(
        "12345678901",
        "123456789",
        "9434765870",
        "111222333",
        "0.123456789012345",
        "-122.419416",
        "1e-10",
        "1234-5678-9012",
    ),
    *(
        "4bf92f3577b34da6",
        "req_7b1c2f0e4a5d",
        "sess-7b1c2f0e4a5d4c3b9e8f",
        "AB-12345678",
        "ISO-8859-1",
        "RFC 9535, section 2",
    ),
]


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize("around", ["{}", "see {} there", '"{}"', "id={}&a=b"])
def test_what_identifies_no_person_and_opens_nothing_is_left_alone(text: str, around: str) -> None:
    assert EVERY.find([around.format(text)]) == {}


SAMPLES = [filled(cell) for row in ROWS for cell in row[5:7]] + HARMLESS
PIECES = st.sampled_from(SAMPLES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(st.lists(PIECES, max_size=5).map("".join))
def test_no_text_makes_a_detector_fail_or_leave_the_text(text: str) -> None:
    length = len(text.encode())
    assert all(0 <= found.start < found.end <= length for found in EVERY.find([text]).get(text, []))


@given(st.lists(PIECES, max_size=3).map("".join))
def test_no_value_under_a_telling_key_makes_a_detector_fail(text: str) -> None:
    for detector in DETECTORS.values():
        if detector.bare is not None:
            detector.bare.fullmatch(text.encode())


@given(st.sampled_from(sorted(DETECTORS)), st.lists(PIECES, max_size=5).map(" ".join))
def test_whatever_is_found_among_all_is_found_alone_so_no_hint_is_too_narrow(name: str, text: str) -> None:
    alone = Search((DETECTORS[name],)).find([text]).get(text, [])
    assert [found for found in EVERY.find([text]).get(text, []) if found.detector == name] == alone


@given(st.sampled_from(sorted(DETECTORS)), st.lists(PIECES, max_size=5).map("".join))
def test_where_a_candidate_is_there_is_its_hint(name: str, text: str) -> None:
    unhinted = Search((DETECTORS[name],))
    spans = unhinted.find([text]).get(text, [])
    haystack = text.encode().replace(b"\0", b"\x01")
    found = [
        span
        for candidate in DETECTORS[name].candidates
        for match in candidate.pattern.finditer(haystack)
        if (span := candidate.accept(haystack, *match.span(min(candidate.pattern.groups, 1))))
    ]
    assert not found or spans


@given(st.lists(PIECES, max_size=4).map(" ".join), st.sampled_from([Action.REDACT, Action.PARTIAL]))
def test_what_one_detector_hid_tells_no_other_anything(text: str, action: Action) -> None:
    masks = (Mask("every", action, detectors=tuple(DETECTORS)),)
    once = mask_text(text, masks)
    assert mask_text(once, masks) == once


PATHOLOGICAL = [
    *(
        "a@",
        "a@b.",
        "4",
        "4444 ",
        "1-",
        "+49 ",
        "DE12 ",
        "DE12",
        "123-45-6789-",
        "eyJaaaaaaaaa.",
        "%40",
        "00",
        "(415) ",
    ),
    *("a.", "'", "git@a.", "+", "(", "-----BEGIN PRIVATE KEY-----", "AKIA0000000000000000,", "secret_key=", "sig="),
    *(
        "A<",
        "P<UTO",
        "1.1.",
        "a:",
        "fe80::",
        "00:",
        "://a:",
        "password=a",
        "token=a1",
        "8Q~",
        "+ASt",
        "Pwd=",
        "born 1 ",
    ),
    *("address: 1 A, ", "NHS 1 ", "1234 ", "AB12", "passport ", "sk-ant-"),
]


@pytest.mark.parametrize("unit", PATHOLOGICAL)
def test_time_grows_with_the_length_of_the_text_and_not_faster(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit)) + "@2x.png"
        start = time.process_time()
        EVERY.find([text])
        return time.process_time() - start

    # Quadratic time would be 256 times as long; the constant leaves room for a busy machine.
    assert min(seconds(320_000) for _ in range(2)) <= 48 * min(seconds(20_000) for _ in range(3)) + 0.02


def test_each_detector_is_in_one_group_and_in_all() -> None:
    assert GROUPS["all"] == tuple(DETECTORS)
    assert GROUPS["personal_data"] + GROUPS["national_ids"] + GROUPS["credentials"] == GROUPS["all"]
    assert GROUPS.keys().isdisjoint(DETECTORS)
