"""The detectors that a policy may name.

One table from name to detector; the policy loader checks names against it and `compiled` takes
detectors from it. It refuses nothing itself: a name that is not in it does not exist. What each
finds, and what it leaves, is in docs/detectors.md.
"""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.masking.api_tokens import API_TOKEN
from gateway.masking.azure_keys import AZURE_KEY, CONNECTION_STRING, ENTRA_SECRET
from gateway.masking.birth_and_address import DATE_OF_BIRTH, POSTAL_ADDRESS
from gateway.masking.candidates import Detector
from gateway.masking.credentials import CLOUD_KEY, JWT, PRIVATE_KEY
from gateway.masking.identity_papers import DRIVING_LICENCE, PASSPORT
from gateway.masking.national_ids import NATIONAL_IDS
from gateway.masking.network import IP_ADDRESS, MAC_ADDRESS
from gateway.masking.personal_data import EMAIL, IBAN, PAYMENT_CARD, PHONE, US_SSN
from gateway.masking.secret_values import PASSWORD, SECRET

_PERSONAL = (EMAIL, PHONE, PAYMENT_CARD, IBAN, IP_ADDRESS, MAC_ADDRESS, DATE_OF_BIRTH, POSTAL_ADDRESS)
_PAPERS = (US_SSN, *NATIONAL_IDS, PASSPORT, DRIVING_LICENCE)
_SECRETS = (PRIVATE_KEY, JWT, CLOUD_KEY, AZURE_KEY, ENTRA_SECRET, CONNECTION_STRING, API_TOKEN, PASSWORD, SECRET)

DETECTORS: Mapping[str, Detector] = MappingProxyType(
    {detector.name: detector for detector in (*_PERSONAL, *_PAPERS, *_SECRETS)}
)
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "personal_data": tuple(detector.name for detector in _PERSONAL),
        "national_ids": tuple(detector.name for detector in _PAPERS),
        "credentials": tuple(detector.name for detector in _SECRETS),
        "all": tuple(DETECTORS),
    }
)
"""Names that stand for several detectors; one that is added to the table is in its group from then on."""
CREDENTIALS = frozenset(detector.name for detector in _SECRETS)
"""Names of those that find what opens something."""
