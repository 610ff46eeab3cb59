"""bitarray.py: bits, searches, codes, a frozen one as a key, a text that is not bits."""

from __future__ import annotations

from bitarray import bitarray, decodetree, frozenbitarray
from bitarray.util import ba2int, count_xor, int2ba


def work(i: int) -> object:
    bits = bitarray(f"{i * 37 + 1000:016b}")
    code = {"a": bitarray("0"), "b": bitarray("10"), "c": bitarray("11")}
    text = bitarray()
    text.encode(code, "abacab"[: i + 1])
    try:
        bitarray("012")
    except ValueError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    key = {frozenbitarray(bits): i}
    return (
        bits.to01(),
        list(bits.search(bitarray("11"))),
        list(text.decode(decodetree(code))),
        ba2int(bits) == i * 37 + 1000,
        count_xor(bits, ~bits),
        key[frozenbitarray(bits)],
        repr(int2ba(i + 8)),
        said,
    )
