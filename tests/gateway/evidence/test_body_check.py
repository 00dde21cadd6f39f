"""Bodies behind records: what was changed, taken away or never written is found, live and in an export."""

import hashlib
from pathlib import Path

import pytest

from gateway.evidence import body_check, checking
from gateway.evidence.bodies import blob_name, policy_name
from gateway.evidence.body_check import AT_ONCE, Choice
from gateway.evidence.checking import check, check_newest
from gateway.evidence.export import Format, Order, export
from gateway.evidence.folder import Folder
from gateway.evidence.period import Period
from gateway.evidence.reading import Stored
from gateway.evidence.verdict import Report, as_text, as_value
from gateway.evidence.verify import Scope
from gateway.storage.contract import StoreUnavailableError
from tests.gateway.evidence.archive import BEGIN, Kept, told

POLICY = b"version: 1\n"
SESSION = "20261123-one"


class Own(Kept):
    """With a policy, and ways to look at it."""

    async def policy(self) -> str:
        digest = hashlib.sha256(POLICY).hexdigest()
        await self.record("20261123-policy", event="policy", outcome="loaded", policy=digest, kept="whole")
        self.payloads.blobs[policy_name(digest)] = POLICY
        return policy_name(digest)

    async def verified(self, choice: Choice = body_check.ALL) -> Report:
        return await check(self.evidence, await self.keys(), Scope(), now=self.now, payloads=choice)

    async def bundle(self, folder: Path) -> Folder:
        period = Period("2026-11-23", "2026-11-23")
        await export(self.evidence, self.signing.published, Order(period, Format.BUNDLE, folder, BEGIN))
        return Folder(folder)


@pytest.fixture
async def kept() -> Own:
    made = Own()
    await made.policy()
    for text in ("first", "second", "first"):
        await made.body(text)
    await made.record(SESSION, kept="whole", content='{"v":1,"message":{}}')
    await made.seal()
    return made


async def test_bodies_that_nobody_touched_are_compared_and_whole(kept: Own, tmp_path: Path) -> None:
    report = await kept.verified()
    assert (report.faults, report.payloads) == (0, 3)
    assert as_value(report)["payloads"] == 3
    assert "payloads: 3 compared with their records" in as_text(report)
    offline = await check(await kept.bundle(tmp_path / "out"), await kept.keys(), Scope(whole=False, has_columns=False))
    assert (offline.faults, offline.payloads) == (0, 3)


async def test_a_changed_body_is_named_with_every_record_that_names_it(kept: Own) -> None:
    name = min(name for name in kept.payloads.blobs if b"first" in kept.payloads.blobs[name])
    kept.payloads.blobs[name] = kept.payloads.blobs[name].replace(b"first", b"third")
    report = await kept.verified()
    places = [key for (session, key), row in sorted(kept.store.rows.items()) if name[9:-5] in str(row["body"])]
    assert told(report) == {("payload_changed", f"{SESSION}/{key}") for key in places}
    assert (len(places), report.faults) == (2, 2)
    assert name in report.findings[0].detail


async def test_a_body_that_was_taken_away_is_named(kept: Own) -> None:
    name = min(kept.payloads.blobs)
    del kept.payloads.blobs[name]
    report = await kept.verified()
    assert {kind for kind, _ in told(report)} == {"payload_missing"}
    assert report.findings[0].detail == f"{name}: is not there"


@pytest.mark.parametrize("content", [None, b"version: 2\n"])
async def test_the_text_of_a_policy_is_compared_too(kept: Own, content: bytes | None) -> None:
    name = policy_name(hashlib.sha256(POLICY).hexdigest())
    del kept.payloads.blobs[name]
    if content is not None:
        kept.payloads.blobs[name] = content
    [finding] = (await kept.verified()).findings
    assert finding.kind == ("payload_changed" if content else "payload_missing")
    assert finding.place.startswith("20261123-policy/")


async def test_a_body_in_a_record_that_is_no_document_is_a_fault(kept: Own) -> None:
    await kept.record(SESSION, kept="whole", content="nonsense")
    await kept.record(SESSION, kept="whole")
    report = await kept.verified()
    assert [(each.kind, each.detail) for each in report.findings] == [
        ("payload_invalid", "holds a body that is no document of version 1"),
        ("payload_invalid", "says that a body is kept, and has none"),
    ]


async def test_a_blob_that_is_no_document_is_a_fault(kept: Own) -> None:
    content = b"nonsense"
    digest = hashlib.sha256(content).hexdigest()
    await kept.record(SESSION, kept="whole", payload=digest)
    kept.payloads.blobs[blob_name(kept.now.isoformat(), digest)] = content
    assert {kind for kind, _ in told(await kept.verified())} == {"payload_invalid"}


async def test_faults_of_records_come_first(kept: Own) -> None:
    kept.payloads.blobs.clear()
    key = max(key for key in kept.store.rows if key[0] == SESSION)
    kept.store.rows[key] = {**kept.store.rows[key], "outcome": "denied"}
    report = await kept.verified()
    assert [each.kind for each in report.findings[:2]] == ["changed", "payload_missing"]


async def test_a_blob_that_no_record_names_is_told_and_no_fault(kept: Own, tmp_path: Path) -> None:
    stray = blob_name("2026-11-23", "0" * 64)
    kept.payloads.blobs[stray] = b"{}"
    assert not [each for each in (await kept.verified()).unknown if stray in each]
    report = await kept.verified(Choice(strays=True))
    assert (report.faults, [each for each in report.unknown if each.startswith("1 payloads")]) == (
        0,
        [
            f"1 payloads that no record names, such as {stray}: an attempt whose record was not written leaves one.",
        ],
    )
    folder = await kept.bundle(tmp_path / "out")
    (tmp_path / "out/payloads" / f"{'1' * 64}.json").write_text("{}")
    offline = await check(
        folder, await kept.keys(), Scope(whole=False, has_columns=False), payloads=Choice(strays=True)
    )
    assert (offline.faults, any("1" * 64 in each for each in offline.unknown)) == (0, True)


async def test_bodies_that_are_not_read_are_not_vouched_for(kept: Own) -> None:
    kept.payloads.blobs.clear()
    report = await kept.verified(Choice(is_any=False))
    assert (report.faults, report.payloads) == (0, None)
    assert "payloads: not read" in as_text(report)
    assert any("they were not read" in each for each in report.unknown)


async def test_bodies_of_older_records_can_be_left_out(kept: Own) -> None:
    kept.payloads.blobs.clear()
    report = await kept.verified(Choice(since="2026-11-24"))
    assert (report.faults, report.payloads) == (0, 0)
    assert any("4 records from before 2026-11-24 name payloads" in each for each in report.unknown)
    assert (await kept.verified(Choice(since="2026-11-23"))).faults == 4


async def test_stores_that_are_opened_without_bodies_say_so(kept: Own) -> None:
    kept.evidence = Stored(kept.rows, kept.seals)
    assert (await kept.verified()).payloads is None


async def test_a_container_that_does_not_answer_is_no_verdict(kept: Own) -> None:
    kept.payloads.is_down = True
    with pytest.raises(StoreUnavailableError):
        await kept.verified()


async def test_many_bodies_are_read_once_each_and_each_fault_is_told(kept: Own) -> None:
    names = [await kept.body(str(number)) for number in range(2 * AT_ONCE + 3)]
    del kept.payloads.blobs[names[0]], kept.payloads.blobs[names[-1]]
    before = kept.payloads.reads
    report = await kept.verified()
    assert (report.faults, report.payloads) == (2, len(names) + 3)
    assert kept.payloads.reads - before == len(names) + 3
    await kept.record(SESSION, kept="whole", payload=names[0][9:-5])
    assert (await kept.verified()).faults == 3


async def test_the_scheduled_run_reads_the_bodies_of_the_newest_seals(kept: Own) -> None:
    kept.payloads.blobs.clear()
    report = await check_newest(kept.evidence, await kept.keys(), kept.now)
    assert {kind for kind, _ in told(report)} == {"payload_missing"}


async def test_of_many_bodies_the_scheduled_run_draws_some_by_lot(kept: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "SAMPLE", 5)
    for number in range(AT_ONCE + 10):
        await kept.body(str(number))
    await kept.seal()
    before = kept.payloads.reads
    report = await check_newest(kept.evidence, await kept.keys(), kept.now)
    assert (report.payloads, kept.payloads.reads - before) == (5, 5)
    assert f"{AT_ONCE + 8} payloads were not read: of many, some are drawn by lot." in report.unknown


async def test_a_report_names_no_more_faults_than_it_can_hold(kept: Own, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_check, "MAX_FINDINGS", 2)
    kept.payloads.blobs.clear()
    report = await kept.verified()
    assert (report.faults, len(report.findings)) == (4, 2)
