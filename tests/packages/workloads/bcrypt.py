"""bcrypt.py: hashes with a known salt, a derived key, a salt that is wrong."""

from __future__ import annotations

import bcrypt

SALT = b"$2b$04$abcdefghijklmnopqrstuu"


def work(i: int) -> object:
    word = b"word %d" % i
    hashed = bcrypt.hashpw(word, SALT)
    try:
        bcrypt.hashpw(word, b"no salt")
    except ValueError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    derived = bcrypt.kdf(word, b"salt", 16, 2, ignore_few_rounds=True)
    return hashed, bcrypt.checkpw(word, hashed), bcrypt.checkpw(b"x", hashed), derived.hex(), said
