"""tiktoken.py: an encoding made of bytes and a few pairs, special tokens, a text that has one."""

from __future__ import annotations

import tiktoken

RANKS = {bytes([n]): n for n in range(256)} | {b"th": 256, b"the": 257, b" a": 258, b"at": 259}
ENCODING = tiktoken.Encoding(
    "ours",
    pat_str=r"\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+|\s+",
    mergeable_ranks=RANKS,
    special_tokens={"<|end|>": 260},
)


def work(i: int) -> object:
    text = f"the cat at {i} äß the end"
    tokens = ENCODING.encode(text)
    special = ENCODING.encode(text + "<|end|>", allowed_special="all")
    try:
        ENCODING.encode("<|end|>")
    except ValueError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return tokens, special[-1], ENCODING.decode(tokens) == text, said
