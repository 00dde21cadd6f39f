from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.network import IP_ADDRESS, MAC_ADDRESS
from tests.gateway.masking.found import found, is_told

AROUND = ["{}", "from {}:", "({})", "http://{}/a", "{}/24", "host={};", "\\n{}\\n", "_{}_", '"{}",', "{}."]


@pytest.mark.parametrize("value", ["10.1.2.3", "192.0.2.1", "8.8.8.8", "172.16.254.1"])
@pytest.mark.parametrize("around", [*AROUND, "{}:8080", "ssh me@{}", "/hosts/{}"])
def test_an_ipv4_address_is_found(value: str, around: str) -> None:
    assert found(IP_ADDRESS, around.format(value)) == [value]


@pytest.mark.parametrize(
    "value",
    [
        *("2001:db8::7", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "fe80::1", "fd12:3456:789a:1::1", "ff02::fb"),
        *(
            "2001:db8:1:2:3:4:5:6",
            "::ffff:192.0.2.128",
            "64:ff9b::192.0.2.33",
            "2001:db8:0:0:0:0:192.0.2.1",
            "2001:db8::",
        ),
    ],
)
@pytest.mark.parametrize("around", ["{}", "from {} to", "http://[{}]:80/", '"{}"', "{}/64", "({})"])
def test_an_ipv6_address_is_found(value: str, around: str) -> None:
    assert found(IP_ADDRESS, around.format(value)) == [value]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.0",
            "::1",
            "::",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "1.2.3.400",
            "01.2.3.4",
        ),
        *("v 1.2.3.4", "version 1.2.3.4", "Version=4.0.0.0", "Chrome/120.0.0.0", "a==1.2.3.4", "section 1.2.3.4"),
        *("a1.2.3.4", "1.2.3.4a", "1.3.6.1.4.1.311", "a::b", "Foo::Bar", "03:04:05", "std::dec", "abc::def", "x[::2]"),
        *("2001:db8:::1", "2001:db8::1::2", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "00:1b:44:11:3a:b7"),
    ],
)
def test_what_only_looks_like_an_address_or_is_nobodys_is_left_alone(text: str) -> None:
    assert found(IP_ADDRESS, text) == []


@given(st.ip_addresses(v=4).filter(lambda address: not (address.is_loopback or address.is_unspecified)))
def test_every_ipv4_address_of_somebody_is_found(address: IPv4Address) -> None:
    expected = [] if str(address).startswith("255.255.") else [str(address)]
    assert found(IP_ADDRESS, f"to {address}, then") == expected


@given(st.ip_addresses(v=6, network="2000::/3") | st.ip_addresses(v=6, network="fc00::/7"))
def test_every_assigned_ipv6_address_is_found_in_both_spellings(address: IPv6Address) -> None:
    assert found(IP_ADDRESS, f"to {address}, then {address.exploded}") == [str(address), address.exploded]


@pytest.mark.parametrize("value", ["00:1b:44:11:3a:b7", "00-1B-44-11-3A-B7", "001b.4411.3ab7", "12:34:56:78:90:12"])
@pytest.mark.parametrize("around", ["{}", "at {}.", '"{}"', "link/ether {} brd", "_{}_"])
def test_a_hardware_address_is_found(value: str, around: str) -> None:
    assert found(MAC_ADDRESS, around.format(value)) == [value]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ff:ff:ff:ff:ff:ff",
            "00:00:00:00:00:00",
            "16:27:ac:a5:76:28:2d:36",
            "16:27:ac",
            "20-26-01-02-03-04",
            "03:04:05",
        ),
        *("g0:1b:44:11:3a:b7", "x00:1b:44:11:3a:b7", "1234.5678.9012", "2001:db8:1:2:3:4:5:6", "00:1b-44:11-3a:b7"),
    ],
)
def test_what_only_looks_like_a_hardware_address_is_left_alone(text: str) -> None:
    assert found(MAC_ADDRESS, text) == []


def test_a_key_tells_a_hardware_address_without_separators() -> None:
    assert is_told(MAC_ADDRESS, "001b44113ab7")
    assert not is_told(MAC_ADDRESS, "Macintosh")


def is_address(text: str) -> bool:
    try:
        address = IPv4Address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or text.startswith("255.255."))


@given(
    st.lists(st.integers(0, 299).map(str) | st.sampled_from(["00", "01", "127", "255", "0"]), min_size=3, max_size=5)
)
def test_four_numbers_are_an_address_where_the_standard_library_says_so(numbers: list[str]) -> None:
    text = ".".join(numbers)
    assert found(IP_ADDRESS, f"from {text}, ") == ([text] if is_address(text) else [])
    assert found(IP_ADDRESS, f"from {text}.{text} ") == []
