"""What a call is aimed at."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.policy.target import Target, TargetKind, make_target, target_of
from gateway.policy.uri import HOLE
from gateway.protocol import METHODS
from gateway.values import Call
from tests.fakes.values import CALL


def call(method: str, target: str, **params: Any) -> Call:
    return replace(CALL, method=method, target=target, message={"params": params})


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("tools/call", TargetKind.TOOL),
        ("resources/read", TargetKind.RESOURCE),
        ("resources/subscribe", TargetKind.RESOURCE),
        ("resources/unsubscribe", TargetKind.RESOURCE),
        ("prompts/get", TargetKind.PROMPT),
    ],
)
def test_methods_with_a_target_are_aimed_at_it(method: str, kind: TargetKind) -> None:
    assert target_of(call(method, "a:%61")) == make_target(kind, "a:%61")


def test_every_method_that_names_a_target_is_aimed_at_one_except_where_it_names_a_task() -> None:
    aimed = {method for method in METHODS if target_of(call(method, "x")) is not None}
    of_tasks = {"tasks/get", "tasks/update", "tasks/cancel"}
    assert aimed | of_tasks == {method for method, known in METHODS.items() if known.target}
    assert not aimed & of_tasks


def test_a_resource_is_compared_in_normal_form_too() -> None:
    assert make_target(TargetKind.RESOURCE, "A://b/%61") == Target(TargetKind.RESOURCE, "A://b/%61", "a://b/a")
    assert make_target(TargetKind.TOOL, "A%61").normal == "A%61"


def test_a_completion_is_aimed_at_the_template_or_prompt_that_it_refers_to() -> None:
    of_resource = call("completion/complete", "a://{b}", ref={"type": "ref/resource", "uri": "a://{b}"})
    assert target_of(of_resource) == Target(TargetKind.TEMPLATE, f"a://{HOLE}", f"a://{HOLE}")
    of_prompt = call("completion/complete", "letter", ref={"type": "ref/prompt", "name": "letter"})
    assert target_of(of_prompt) == make_target(TargetKind.PROMPT, "letter")


@pytest.mark.parametrize(
    "reference",
    [
        None,
        "ref/prompt",
        {},
        {"type": "ref/tool", "name": "letter"},
        {"type": "ref/prompt", "uri": "letter"},
        {"type": "ref/prompt", "name": "other", "uri": "letter"},
        {"type": ["ref/prompt"], "name": "letter"},
    ],
)
def test_a_completion_that_can_be_read_in_two_ways_has_no_target(reference: Any) -> None:
    assert target_of(call("completion/complete", "letter", ref=reference)) is None
