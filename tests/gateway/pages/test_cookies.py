import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.cookies import MAX_COOKIE, SESSION, SIGN_IN, forget_cookie, read_cookie, write_cookie

VALUES = st.text("abcXYZ019-_", min_size=1, max_size=100)


def test_under_https_a_cookie_is_the_hosts_alone() -> None:
    line = write_cookie(SESSION, "v", 60, is_secure=True)
    assert line == "__Host-countersign=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"


def test_on_this_machine_it_needs_no_tls() -> None:
    line = write_cookie(SIGN_IN, "v", 60, is_secure=False)
    assert line == "countersign-sign-in=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"


def test_a_cookie_is_forgotten_by_its_age() -> None:
    assert "=; Path=/; Max-Age=0;" in forget_cookie(SESSION, is_secure=True)


@given(VALUES, st.booleans())
def test_what_is_written_is_read(value: str, is_secure: bool) -> None:
    pair = write_cookie(SESSION, value, 60, is_secure=is_secure).partition(";")[0]
    line = f"theme=dark; {pair}; x=y"
    assert read_cookie((("cookie", line),), SESSION, is_secure=is_secure) == value
    assert read_cookie((("cookie", line),), SESSION, is_secure=not is_secure) is None


@given(VALUES, VALUES, st.booleans())
def test_a_cookie_that_is_there_twice_is_none(one: str, other: str, in_one_line: bool) -> None:
    pairs = [f"countersign={one}", f"countersign={other}"]
    headers = [("cookie", "; ".join(pairs))] if in_one_line else [("cookie", pair) for pair in pairs]
    assert read_cookie(headers, SESSION, is_secure=False) is None


@given(st.text())
def test_no_line_is_an_error(line: str) -> None:
    found = read_cookie((("cookie", line),), SESSION, is_secure=False)
    assert found is None or f"countersign={found}" in line.replace(" ", "").replace("\t", "") or found in line


@pytest.mark.parametrize("value", ["", '"quoted"', "a b", "a=b", "ä", "a" * (MAX_COOKIE + 1)])
def test_a_value_that_no_seal_writes_is_none(value: str) -> None:
    assert read_cookie((("cookie", f"countersign={value}"),), SESSION, is_secure=False) is None


def test_a_name_that_only_begins_so_is_another() -> None:
    headers = (("cookie", "countersign-sign-in=v; xcountersign=w; Countersign=u"),)
    assert read_cookie(headers, SESSION, is_secure=False) is None
