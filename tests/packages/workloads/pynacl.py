"""pynacl.py: a box, a signature, a hash, a text that was changed."""

from __future__ import annotations

from nacl import exceptions, hash, public, secret, signing


def work(i: int) -> object:
    key = bytes([i] * 32)
    box = secret.SecretBox(key)
    sealed = box.encrypt(b"text %d" % i, bytes(24))
    signer = signing.SigningKey(key)
    signed = signer.sign(b"message")
    mine, theirs = public.PrivateKey(key), public.PrivateKey(bytes([i + 1] * 32))
    shared = public.Box(mine, theirs.public_key).shared_key()
    said = []
    try:
        box.decrypt(bytes(sealed)[:-1] + b"\0")
    except exceptions.CryptoError as error:
        said.append(str(error))
    try:
        signer.verify_key.verify(b"other", signed.signature)
    except exceptions.BadSignatureError as error:
        said.append(str(error))
    return bytes(sealed).hex(), signed.signature.hex(), shared.hex(), hash.sha256(key), said
