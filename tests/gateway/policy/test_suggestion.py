"""Sentences for unknown names."""

from gateway.policy.suggestion import unknown
from gateway.values import Action


def test_a_near_name_is_suggested() -> None:
    assert unknown("key", "tool", ["tools", "name"]) == "unknown key 'tool'; did you mean 'tools'?"


def test_where_nothing_is_near_what_exists_is_listed() -> None:
    assert unknown("mask", "zzz", ["personal", "keys"]) == "unknown mask 'zzz'; known: personal, keys"


def test_where_nothing_exists_the_sentence_says_so() -> None:
    assert unknown("group", "hr", []) == "unknown group 'hr'; there is none yet"


def test_enumerations_are_listed_by_their_values() -> None:
    assert unknown("action", "redct", Action) == "unknown action 'redct'; did you mean 'redact'?"


def test_a_long_list_is_cut() -> None:
    assert unknown("server", "zzz", map(str, range(100))).endswith("38, 39, ...")
