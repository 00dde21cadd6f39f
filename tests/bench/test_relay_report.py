import json
from dataclasses import replace
from xml.etree import ElementTree

from bench.relay_cells import ERAS, Cell
from bench.relay_plot import svg
from bench.relay_report import Run, as_json, budgets, markdown
from bench.relay_statistics import Sample

NAMES = {"direct": "the upstream", "relay": "a relay", "memory": "the gateway <in memory>", "azurite": "with Azurite"}


def samples(memory: int, azurite: int = 500, added: float = 0.0005) -> list[Sample]:
    calls = {"direct": 30_000, "relay": 3_000, "memory": memory, "azurite": azurite}
    return [
        Sample(name, Cell(era, connections, "small", "json"), number, rate, 1.0, p50, 0.02, 0.9, 2**26, 0.5, 0.0)
        for era in ERAS
        for connections in (1, 16)
        for number in range(2)
        for name, rate in calls.items()
        for p50 in [0.0001 + (added if name == "memory" else 0)]
    ]


def run(found: list[Sample]) -> Run:
    return Run(found, NAMES, 1.0, 2, "python bench/relay.py --quick", 60.0)


def test_budgets_that_hold_are_met() -> None:
    assert "not met" not in budgets(run(samples(1_400)))
    assert budgets(run(samples(1_400))).count("| met |") == 6


def test_a_budget_that_does_not_hold_is_not_met_and_no_other() -> None:
    assert budgets(run(samples(1_000))).count("**not met**") == len(ERAS)
    assert budgets(run(samples(1_400, azurite=399))).count("**not met**") == len(ERAS)
    assert budgets(run(samples(1_400, added=0.0011))).count("**not met**") == len(ERAS)


def test_ten_times_a_peer_is_asked_only_of_a_run_that_had_the_peer() -> None:
    found = samples(1_400)
    peer = [replace(one, target="contextforge-tuned", calls=200) for one in found if one.target == "relay"]
    assert "ContextForge" not in budgets(run(found))
    assert "| at least 10 | 7 | **not met** |" in budgets(run(found + peer))


def test_a_run_without_what_the_budgets_compare_says_nothing_of_them() -> None:
    assert budgets(run([one for one in samples(1) if one.target == "relay"])) == ""


def test_the_report_has_a_line_for_each_target_and_cell_with_its_spread() -> None:
    found = samples(1_400)
    found[2] = replace(found[2], calls=1_200)
    text = markdown(run(found))
    assert text.count("the gateway <in memory>") == 4
    assert "1,300 (1,200–1,400)" in text
    assert "## Small results, JSON" in text
    assert "SSE\n" not in text


def test_a_busy_core_of_the_load_is_said_to_be_the_limit() -> None:
    assert "the limit" not in markdown(run(samples(1))).partition("## What is")[0]
    assert "97%, the limit" in markdown(run([replace(one, load=0.97) for one in samples(1)]))


def test_what_was_not_measured_is_named_with_the_reason() -> None:
    skipped = replace(run(samples(1)), skipped={"LiteLLM": "not installed: no network"})
    assert "- LiteLLM was not measured: not installed: no network" in markdown(skipped)


def test_the_figures_are_json_with_every_sample() -> None:
    found = json.loads(as_json(run(samples(7))))
    assert len(found["samples"]) == 32
    assert found["rows"][2]["rate"]["middle"] == 7


def test_the_plot_is_xml_in_which_no_bar_leaves_the_chart() -> None:
    root = ElementTree.fromstring(svg(samples(1_400), NAMES))
    bars = [float(bar.get("width", "0")) for bar in root.iter("{http://www.w3.org/2000/svg}rect") if bar.get("x")]
    assert max(bars) <= 460
    text = "".join(root.itertext())
    assert "the gateway <in memory>" in text
    assert "30,000, cut" in text


def test_a_plot_of_direct_calls_alone_is_one_too() -> None:
    alone = [one for one in samples(1) if one.target == "direct"]
    assert "cut" not in svg(alone, NAMES)
