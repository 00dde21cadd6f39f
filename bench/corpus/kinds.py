"""The kinds of value that the corpus labels, and which detectors are meant to find them.

A kind names detectors that may not exist, the most particular first: the first that exists answers
for the kind. Where none exists, the report says so.
"""

from dataclasses import dataclass

from bench.corpus.national_ids import NATIONAL_IDS


@dataclass(frozen=True, slots=True)
class Kind:
    detectors: tuple[str, ...]
    """Names in `gateway.masking.detectors.DETECTORS`."""
    is_gated: bool = True
    """It has a checksum or a form of its own, so that recall of 0.99 and precision of 0.98 are asked for."""
    presidio: tuple[str, ...] = ()
    """Its entities."""
    contextforge: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Detectors that do not answer for the kind, and are not wrong to fire on it."""


_PRESIDIO = {"uk_nhs": ("UK_NHS",)}
_FORGE = {"nl_bsn": ("bsn",)}
_NAMED = ("secret", "password", "cloud_key")
_SECRET = ("secret",)


def _identity(name: str) -> Kind:
    # One number may be valid by the rules of two countries.
    return Kind((name,), True, _PRESIDIO.get(name, ()), _FORGE.get(name, ()), tuple(NATIONAL_IDS))


def _key(*detectors: str) -> Kind:
    return Kind(detectors, True, (), _SECRET, (*_NAMED, "connection_string"))


KINDS = {
    "email": Kind(("email",), True, ("EMAIL_ADDRESS",), ("email",)),
    "phone": Kind(("phone",), True, ("PHONE_NUMBER",), ("phone",)),
    "phone_national": Kind(("phone",), False, ("PHONE_NUMBER",), ("phone",)),
    "payment_card": Kind(("payment_card",), True, ("CREDIT_CARD",), ("credit_card",)),
    "iban": Kind(("iban",), True, ("IBAN_CODE",), ("bank_account",)),
    "us_ssn": Kind(("us_ssn",), True, ("US_SSN",), ("ssn",)),
    **{name: _identity(name) for name in NATIONAL_IDS},
    "passport": Kind(("passport",), False, ("US_PASSPORT",), ("passport",)),
    "driving_licence": Kind(("driving_licence",), False, ("US_DRIVER_LICENSE",), ("driver_license",)),
    "ip_address": Kind(("ip_address",), True, ("IP_ADDRESS",), ("ip_address",)),
    "mac_address": Kind(("mac_address",), True, ("MAC_ADDRESS",)),
    "date_of_birth": Kind(("date_of_birth",), False, (), ("date_of_birth",)),
    "postal_address": Kind(("postal_address",), False),
    "private_key": _key("private_key"),
    "jwt": _key("jwt"),
    "azure_key": _key("azure_key"),
    "azure_sas": _key("azure_sas", "cloud_key"),
    "entra_secret": _key("entra_secret"),
    "aws_key": _key("aws_key", "cloud_key"),
    "gcp_key": _key("gcp_key", "cloud_key"),
    "github_token": _key("github_token", "cloud_key"),
    "slack_token": _key("slack_token", "cloud_key"),
    "slack_app_token": _key("slack_app_token", "api_token"),
    "slack_webhook": _key("slack_webhook", "api_token"),
    "openai_key": _key("openai_key", "api_token"),
    "anthropic_key": _key("anthropic_key", "api_token"),
    "connection_string": Kind(
        ("connection_string",), True, (), _SECRET, (*_NAMED, "azure_key", "azure_sas", "email", "ip_address")
    ),
    "azure_key_unsigned": Kind(("secret",), False, (), _SECRET, (*_NAMED, "connection_string")),
    "password": Kind(("password",), False, (), _SECRET, _NAMED),
    "generic_secret": Kind(("secret",), False, (), _SECRET, _NAMED),
}
