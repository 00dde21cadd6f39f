"""The detectors that a policy may name.

One table from name to detector; the policy loader checks names against it and `compiled` takes
detectors from it. It refuses nothing itself: a name that is not in it does not exist.
"""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.masking import credentials, personal_data
from gateway.masking.search import Detector

DETECTORS: Mapping[str, Detector] = MappingProxyType(
    {
        detector.name: detector
        for detector in (
            personal_data.EMAIL,
            personal_data.PHONE,
            personal_data.PAYMENT_CARD,
            personal_data.US_SSN,
            personal_data.IBAN,
            credentials.PRIVATE_KEY,
            credentials.JWT,
            credentials.CLOUD_KEY,
        )
    }
)
