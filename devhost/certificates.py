"""The certificate authority of this machine's stack, and one server certificate for loopback.

Takes the state folder and leaves `tls/ca.pem`, `tls/server.pem` and `tls/server.key` below it, kept
from start to start until they near their end. The authority's key is thrown away after its one use,
so nobody can sign another certificate that a client with this CA file would believe.
"""

import contextlib
import ipaddress
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from devhost import private_file

LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Tls:
    """Where the PEM files lie."""

    authority: Path
    certificate: Path
    key: Path


def ensure(state: Path, now: datetime | None = None) -> Tls:
    """Certificates that are valid for a fortnight at least; of several processes one makes them."""
    moment = now or datetime.now(UTC)
    folder = state / "tls"
    if folder.exists() and not _is_fresh(folder, moment):
        aside = state / f".tls.{secrets.token_hex(4)}"
        with contextlib.suppress(FileNotFoundError):
            folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)
    if not folder.exists():
        _make(folder, moment)
    return Tls(authority=folder / "ca.pem", certificate=folder / "server.pem", key=folder / "server.key")


def _is_fresh(folder: Path, moment: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return certificate.not_valid_before_utc <= moment < certificate.not_valid_after_utc - RENEW_BEFORE


def _make(folder: Path, moment: datetime) -> None:
    aside = folder.with_name(f".tls.{secrets.token_hex(4)}")
    authority, certificate, key = _issue(moment)
    private_file.write(aside / "ca.pem", authority)
    private_file.write(aside / "server.pem", certificate)
    private_file.write(aside / "server.key", key)
    try:
        aside.rename(folder)
    except OSError:  # another process was first: the folder is there, and not empty
        shutil.rmtree(aside)
        if not folder.exists():
            raise


def _issue(moment: datetime) -> tuple[str, str, str]:
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _name(f"Countersign development CA {secrets.token_hex(4)}")
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key(), moment)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    loopback = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    # Python 3.13 verifies strictly (RFC 5280), so the usages and key identifiers are not optional.
    certificate = (
        _builder(_name("localhost"), authority_name, server_key.public_key(), moment)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(loopback), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _pem(authority), _pem(certificate), key.decode()


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, moment: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(minutes=5))
        .not_valid_after(moment + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*allowed: str) -> x509.KeyUsage:
    names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    names += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{name: name in allowed for name in names})


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
