"""Every seal has its copy, and a copy that contradicts its seal is found, whoever signed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence import copies as module
from gateway.evidence.chain import Chains
from gateway.evidence.checking import check, check_newest
from gateway.evidence.copies import Copied, Copier, CopiesUnavailableError, findings
from gateway.evidence.reading import seal_name
from gateway.evidence.verdict import Finding, Kind, Report
from gateway.evidence.verify import Scope
from tests.fakes.blobs import BlobFault, MemoryBlobs, ProcessEndedError
from tests.gateway.evidence.archive import Archive, told

WHOLE = Copied(is_failed=False, is_whole=True)
FAILED = Copied(is_failed=True, is_whole=False)


class Accounts:
    """An archive, and the second account."""

    def __init__(self) -> None:
        self.archive = Archive()
        self.copies = MemoryBlobs()
        self.copier = self.another()

    def another(self) -> Copier:
        """As in another process."""
        return Copier(self.archive.seals, self.copies)

    async def seal(self, times: int = 1, *, copied: bool = True) -> None:
        for _ in range(times):
            await self.archive.record("20261123-a")
            await self.archive.seal()
            if copied:
                await self.copy()

    async def copy(self) -> Copied:
        return await self.copier.copy(self.archive.sealer.newest)

    async def verified(self) -> Report:
        return await check(self.archive.evidence, await self.archive.keys(), Scope(), copies=self.copies)

    async def verified_newest(self) -> Report:
        archive = self.archive
        return await check_newest(archive.evidence, await archive.keys(), archive.now, self.copies)

    def numbers(self) -> list[str]:
        return list(self.copies.blobs)


async def test_every_seal_is_copied_as_it_is() -> None:
    accounts = Accounts()
    await accounts.seal(3)
    assert accounts.copies.blobs == accounts.archive.seals.blobs
    report = await accounts.verified()
    assert (report.findings, report.copies) == ((), 3)


async def test_what_was_sealed_before_the_setting_or_in_an_outage_is_copied_in_its_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    accounts = Accounts()
    await accounts.seal(20, copied=False)
    assert await accounts.copy() == WHOLE
    assert accounts.numbers() == [seal_name(number) for number in range(1, 21)]
    accounts.copies.is_down = True
    await accounts.seal(copied=False)
    assert await accounts.copy() == FAILED
    assert await accounts.another().copy(21) == FAILED
    assert (accounts.copier.failures, caplog.text.count("countersign.seal_copy_failed")) == (1, 2)
    accounts.copies.is_down = False
    await accounts.seal()
    assert accounts.copies.blobs == accounts.archive.seals.blobs


async def test_a_long_history_is_copied_by_several_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONE_GO", 8)
    accounts = Accounts()
    await accounts.seal(20, copied=False)
    first = await accounts.copy()
    assert (first, len(accounts.numbers())) == (Copied(is_failed=False, is_whole=False), 8)
    assert [(await accounts.copy()).is_whole for _ in range(2)] == [False, True]
    assert accounts.copies.blobs == accounts.archive.seals.blobs


@given(st.lists(st.sampled_from([None, *BlobFault]), max_size=12))
async def test_no_sequence_of_faults_and_restarts_leaves_a_seal_without_its_copy(
    faults: list[BlobFault | None],
) -> None:
    accounts = Accounts()
    accounts.copies.faults = list(faults)
    for _ in range(len(faults)):
        await accounts.seal(copied=False)
        try:
            copied = await accounts.copy()
        except ProcessEndedError:
            accounts.copier = accounts.another()
        else:
            assert copied.faults == ()
        assert accounts.numbers() == [seal_name(number + 1) for number in range(len(accounts.numbers()))]
    await accounts.seal()
    assert accounts.copies.blobs == accounts.archive.seals.blobs
    assert (await accounts.verified()).is_whole


async def test_copiers_of_many_processes_make_one_copy_and_find_no_fault() -> None:
    accounts = Accounts()
    others = [accounts.another() for _ in range(4)]
    for _ in range(3):
        await accounts.seal()
        for other in others:
            assert await other.copy(accounts.archive.sealer.newest) == WHOLE
    # One whose process has not seen the newest seals yet.
    assert await accounts.another().copy(1) == WHOLE
    assert (await accounts.verified()).copies == 3


async def test_before_the_first_seal_there_is_nothing_to_copy() -> None:
    accounts = Accounts()
    assert await accounts.copy() == WHOLE
    assert (await accounts.verified()).findings == ()


async def test_a_copy_that_says_something_else_is_a_fault_and_the_next_seals_are_copied(
    caplog: pytest.LogCaptureFixture,
) -> None:
    accounts = Accounts()
    await accounts.seal(2)
    accounts.copies.blobs[seal_name(3)] = b"another"
    await accounts.seal(copied=False)
    fault = Finding(Kind.SEAL_COPY, "seal 3", "is not the one that was copied to the second account")
    assert (await accounts.copy()).faults == (fault,)
    assert "countersign.verification_failed seal_copy seal 3: is not the one" in caplog.text
    assert accounts.copier.faults == 1
    await accounts.seal()
    assert accounts.copies.blobs[seal_name(4)] == accounts.archive.seals.blobs[seal_name(4)]
    assert told(await accounts.verified()) == {("seal_copy", "seal 3")}


async def test_a_copy_of_a_seal_that_is_gone_is_a_fault_when_a_process_begins_and_copying_goes_on() -> None:
    accounts = Accounts()
    await accounts.seal(2)
    accounts.copies.blobs[seal_name(9_999_999_999)] = b"planted"
    accounts.copier = accounts.another()
    await accounts.seal(copied=False)
    assert [fault.place for fault in (await accounts.copy()).faults] == ["seal 9999999999"]
    assert accounts.copies.blobs[seal_name(3)] == accounts.archive.seals.blobs[seal_name(3)]


@pytest.mark.parametrize("begin", [1, 5, 11])
async def test_a_new_history_signed_with_the_stolen_key_is_found(begin: int) -> None:
    accounts = Accounts()
    await accounts.seal(12)
    archive = accounts.archive
    # Whoever owns the first account and the key takes the last records out, writes others, and seals them.
    for number in range(begin, 13):
        del archive.seals.blobs[seal_name(number)]
    for key in [key for key in archive.store.rows if int(key[1][-8:]) >= begin - 1]:
        del archive.store.rows[key]
    archive.sealer, archive.writer = archive.another_sealer(), Chains(archive.store, now=lambda: archive.now)
    for _ in range(13 - begin):
        await archive.record("20261123-innocent")
        await archive.seal()
    alone = await check(archive.evidence, await archive.keys(), Scope(), now=archive.now)
    assert (alone.findings, alone.copies) == ((), None)
    for report in (await accounts.verified(), await accounts.verified_newest()):
        assert told(report) == {("seal_copy", f"seal {begin}")}
    report = await accounts.verified()
    assert report.findings[0].detail.endswith(f"as {12 - begin} more" if begin < 12 else "account")


async def test_a_tail_of_seals_and_records_that_was_cut_off_is_found() -> None:
    accounts = Accounts()
    await accounts.seal(5)
    for number in (4, 5):
        del accounts.archive.seals.blobs[seal_name(number)]
        del accounts.archive.store.rows[list(accounts.archive.store.rows)[-1]]
    assert (await check(accounts.archive.evidence, await accounts.archive.keys(), Scope())).is_whole
    for report in (await accounts.verified(), await accounts.verified_newest()):
        assert told(report) == {("seal_copy", "seal 4")}
        assert report.findings[0].detail == "is in the second account alone, as 1 more"
    accounts.archive.seals.blobs.clear()
    assert ("seal_copy", "seal 1") in told(await accounts.verified_newest())


async def test_seals_without_copies_are_no_fault_and_are_told() -> None:
    accounts = Accounts()
    await accounts.seal(3)
    await accounts.seal(2, copied=False)
    report = await accounts.verified()
    assert (report.findings, report.copies) == ((), 3)
    assert "2 of the seals, 4 the first of them, have no copy in the second account." in report.unknown
    del accounts.copies.blobs[seal_name(2)]
    assert told(await accounts.verified()) == {("seal_copy", "seal 2")}


async def test_the_newest_seals_alone_are_compared_on_schedule() -> None:
    accounts = Accounts()
    await accounts.seal(30)
    accounts.copies.blobs[seal_name(3)] = b"another"
    report = await accounts.verified_newest()
    assert (report.findings, report.copies) == ((), 24)
    assert told(await accounts.verified()) == {("seal_copy", "seal 3")}


async def test_copies_that_do_not_answer_are_told_apart_from_seals_that_do_not() -> None:
    accounts = Accounts()
    await accounts.seal()
    accounts.copies.is_down = True
    with pytest.raises(CopiesUnavailableError):
        await accounts.verified()


NUMBERS = st.integers(1, 12)


@given(st.dictionaries(NUMBERS, st.sampled_from("ab")), st.dictionaries(NUMBERS, st.sampled_from("ab")), NUMBERS)
def test_what_contradicts_is_found_and_nothing_else(seals: dict[int, str], copies: dict[int, str], first: int) -> None:
    seals = {number: digest for number, digest in seals.items() if number >= first}
    listed = sorted(copies)
    found = findings(seals, {number: copies[number] for number in listed if number in seals}, listed, first)
    other = {number for number in seals.keys() & copies.keys() if seals[number] != copies[number]}
    alone = {number for number in copies.keys() - seals.keys() if number >= first}
    between = {number for number in seals.keys() - copies.keys() if listed and listed[0] < number < listed[-1]}
    assert {fault.place for fault in found} == {f"seal {min(one)}" for one in (other, alone, between) if one}
