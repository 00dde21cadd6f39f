"""The root of a Merkle tree over the records that one seal covers (RFC 6962, section 2.1). Pure.

Takes leaves one by one, in order, and gives the root; it holds one hash for each level and no leaf. Leaves and
nodes are hashed with different first bytes, so that neither passes for the other.
"""

import hashlib


def leaf_of(session: str, row: str, digest: str) -> bytes:
    """What stands for one record in the tree: where it is, and its hash."""
    return f"{session}\n{row}\n{digest}".encode()


class Tree:
    """A tree that grows at its right end."""

    def __init__(self) -> None:
        self.size = 0
        self._perfect: list[bytes] = []
        """Roots of the perfect subtrees, from the largest: one for each bit of `size` that is set."""

    def add(self, leaf: bytes) -> None:
        """The leaf is the last one now."""
        node, size = hashlib.sha256(b"\0" + leaf).digest(), self.size
        while size & 1:
            node, size = hashlib.sha256(b"\1" + self._perfect.pop() + node).digest(), size >> 1
        self._perfect.append(node)
        self.size += 1

    def root(self) -> str:
        """Of all leaves so far, as 64 hexadecimal digits; of none it is the SHA-256 of nothing."""
        if not self._perfect:
            return hashlib.sha256().hexdigest()
        *earlier, node = self._perfect
        for left in reversed(earlier):
            node = hashlib.sha256(b"\1" + left + node).digest()
        return node.hex()
