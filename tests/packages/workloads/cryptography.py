"""cryptography.py: hashes, AES, a key that is derived, a certificate, a wrong tag."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID

DAY = datetime.datetime(2020, 1, 1)


def raised(kind: type[Exception], call: object, *arguments: object) -> str:
    try:
        call(*arguments)  # type: ignore[operator]
    except kind as error:
        return type(error).__name__
    return "nothing was raised"


def work(i: int) -> object:
    secret = HKDF(hashes.SHA256(), 32, b"salt", b"info").derive(bytes([i] * 16))
    sealed = AESGCM(secret).encrypt(b"n" * 12, b"text %d" % i, b"with")
    broken = sealed[:-1] + bytes([sealed[-1] ^ 1])
    key = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"host{i}.example")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), i + 1, DAY)
    made = builder.not_valid_after(DAY + datetime.timedelta(days=i + 1)).sign(key, None)
    again = x509.load_pem_x509_certificate(made.public_bytes(serialization.Encoding.PEM))
    mac = hmac.HMAC(secret, hashes.SHA1())
    mac.update(b"x")
    return (
        sealed.hex(),
        raised(InvalidTag, AESGCM(secret).decrypt, b"n" * 12, broken, b"with"),
        raised(InvalidSignature, key.public_key().verify, b"0" * 64, b"text"),
        again.subject.rfc4514_string(),
        again.serial_number,
        mac.finalize().hex(),
    )
