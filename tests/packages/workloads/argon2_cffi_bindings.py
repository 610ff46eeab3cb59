"""argon2_cffi_bindings.py: hashes and verifies through the cffi module."""

from __future__ import annotations

from _argon2_cffi_bindings import ffi, lib


def work(i: int) -> object:
    out, text = ffi.new("uint8_t[]", 16), ffi.new("char[]", 128)
    word, salt = b"word %d" % i, b"salt" * 4
    status = lib.argon2_hash(
        *(1, 16, 1, ffi.new("uint8_t[]", word), len(word), ffi.new("uint8_t[]", salt), len(salt)),
        *(out, 16, text, 128, lib.Argon2_id, lib.ARGON2_VERSION_NUMBER),
    )
    encoded = ffi.string(text)
    right = lib.argon2_verify(text, ffi.new("uint8_t[]", word), len(word), lib.Argon2_id)
    wrong = lib.argon2_verify(text, ffi.new("uint8_t[]", b"no"), 2, lib.Argon2_id)
    said = ffi.string(lib.argon2_error_message(wrong)).decode()
    return status, encoded, bytes(ffi.buffer(out, 16)).hex(), right, said
