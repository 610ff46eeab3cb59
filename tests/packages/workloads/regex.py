"""regex.py: Unicode classes, named groups, fuzzy matches, a pattern that is wrong."""

from __future__ import annotations

import regex


def work(i: int) -> object:
    text = f"Größe {i}, straße, ΑΒΓ {i * 7} end"
    pattern = regex.compile(r"(?P<word>\p{L}+)\s(?P<n>\d+)")
    try:
        regex.compile(f"(a{i}")
    except regex.error as error:
        said = str(error)
    else:
        said = "nothing was raised"
    fuzzy = regex.fullmatch(r"(?:straße){e<=2}", "strase")
    return (
        [match.groupdict() for match in pattern.finditer(text)],
        regex.sub(r"\p{Lu}", lambda match: match[0].lower(), text),
        fuzzy is not None and fuzzy.fuzzy_counts,
        regex.split(r"(?V1)[\s--\n]+", text),
        type(pattern) is regex.Pattern,
        said,
    )
