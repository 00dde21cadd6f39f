import time

import pytest

from gateway.masking.detectors import DETECTORS
from gateway.masking.fields import folded
from gateway.masking.search import Search

FIRST_SET = {"email", "phone", "payment_card", "us_ssn", "iban", "private_key", "jwt", "cloud_key"}


def test_the_first_set_is_there() -> None:
    assert set(DETECTORS) == FIRST_SET


def test_a_detector_stands_under_its_own_name() -> None:
    assert all(detector.name == name for name, detector in DETECTORS.items())


def test_telling_names_are_written_as_keys_are_compared() -> None:
    assert all(folded(name) == name for detector in DETECTORS.values() for name in detector.names)


def test_telling_names_come_with_a_form_of_the_value() -> None:
    assert all(detector.bare for detector in DETECTORS.values() if detector.names)


PATHOLOGICAL = [
    *(
        "a@",
        "a@b.",
        "4",
        "4444 ",
        "1-",
        "+49 ",
        "DE12 ",
        "DE12",
        "123-45-6789-",
        "eyJaaaaaaaaa.",
        "%40",
        "00",
        "(415) ",
    ),
    *("a.", "'", "git@a.", "+", "("),
    *("-----BEGIN PRIVATE KEY-----", "AKIA0000000000000000,", "secret_key=", "sig="),
]


@pytest.mark.parametrize("unit", PATHOLOGICAL)
def test_time_grows_with_the_length_of_the_text_and_not_faster(unit: str) -> None:
    search = Search(tuple(DETECTORS.values()))

    def seconds(length: int) -> float:
        text = unit * (length // len(unit)) + "@2x.png"
        start = time.process_time()
        search.find([text])
        return time.process_time() - start

    # Quadratic time would be 256 times as long; the constant leaves room for a busy machine.
    assert seconds(320_000) <= 48 * min(seconds(20_000) for _ in range(3)) + 0.02
