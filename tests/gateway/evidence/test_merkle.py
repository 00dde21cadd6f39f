import hashlib

from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.merkle import Tree, leaf_of


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, as it is written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + root(leaves[:k]) + root(leaves[k:])).digest()


def tree_of(leaves: list[bytes]) -> Tree:
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_that_of_rfc_6962(leaves: list[bytes]) -> None:
    assert tree_of(leaves).root() == root(leaves).hex()
    assert tree_of(leaves).size == len(leaves)


def test_the_roots_of_the_published_test_vectors() -> None:
    """Those of Certificate Transparency."""
    leaves = [bytes.fromhex(text) for text in ("", "00", "10", "2021")]
    assert tree_of(leaves[:1]).root() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert tree_of(leaves[:2]).root() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert tree_of(leaves).root() == "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_any_change_of_a_leaf_of_their_order_or_number_changes_the_root(
    leaves: list[bytes], data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(leaves) - 1))
    before = tree_of(leaves).root()
    assert tree_of([*leaves[:place], leaves[place] + b"!", *leaves[place + 1 :]]).root() != before
    assert tree_of(leaves[:place] + leaves[place + 1 :]).root() != before
    assert tree_of([*leaves, leaves[place]]).root() != before
    turned = leaves[place:] + leaves[:place]
    assert (tree_of(turned).root() == before) is (turned == leaves)


def test_a_root_may_be_asked_for_at_any_time_and_changes_nothing() -> None:
    tree = tree_of([b"a", b"b", b"c"])
    assert tree.root() == tree.root()
    tree.add(b"d")
    assert tree.root() == root([b"a", b"b", b"c", b"d"]).hex()


def test_a_leaf_says_where_the_record_is() -> None:
    assert leaf_of("s", "w-00000001", "ff") == b"s\nw-00000001\nff"
