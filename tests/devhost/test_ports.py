import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.ports import FIRST, Ports, is_taken


@given(st.integers(1024, 65536 - 11))
def test_a_row_begins_at_the_first_port_and_has_no_gap(first: int) -> None:
    assert list(Ports.starting_at(first).named().values()) == list(range(first, first + 11))


def test_the_default_row_is_the_documented_one() -> None:
    assert Ports() == Ports.starting_at(FIRST)
    assert Ports().gateway == 7071


@pytest.mark.parametrize("first", [-1, 80, 65530, 70000])
def test_a_row_that_does_not_fit_is_refused_with_the_range(first: int) -> None:
    with pytest.raises(ValueError, match="from 1024 to 65525"):
        Ports.starting_at(first)


def test_the_flag_wins_over_the_environment_and_that_over_the_default() -> None:
    environment = {"DEVHOST_FIRST_PORT": "9000"}
    assert Ports.chosen("8000", environment).gateway == 8000
    assert Ports.chosen(None, environment).gateway == 9000
    assert Ports.chosen(None, {}) == Ports()


def test_a_first_port_that_is_no_number_is_refused_with_the_name_of_the_setting() -> None:
    with pytest.raises(ValueError, match="DEVHOST_FIRST_PORT"):
        Ports.chosen(None, {"DEVHOST_FIRST_PORT": "many"})


def test_a_free_row_avoids_a_port_that_is_taken(ports: Ports) -> None:
    with socket.create_server(("127.0.0.1", ports.vault)):
        assert is_taken(ports.vault)
        assert Ports.free(ports.gateway).gateway > ports.gateway
    assert not is_taken(ports.vault)
