"""rapidfuzz.py: ratios and distances by the compiled modules, a search, a scorer that raises."""

from __future__ import annotations

from rapidfuzz import distance, fuzz, process

CHOICES = ["new york jets", "new york giants", "dallas cowboys", "größe", None]


def work(i: int) -> object:
    if not fuzz.ratio.__module__.startswith("rapidfuzz.fuzz_cpp"):  # one for each kind of CPU
        raise ImportError("rapidfuzz: its compiled module was expected, and it works in Python")

    def wrong(left: str, right: str, **_: object) -> float:
        raise LookupError(f"scorer {i}")

    try:
        process.extractOne("new", CHOICES, scorer=wrong)
    except LookupError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return (
        round(fuzz.ratio(f"this is {i}", "this was 3"), 6),
        fuzz.token_sort_ratio("a b c", f"c b a {i}"),
        process.extract(f"new york {i}", CHOICES, limit=2),
        distance.Levenshtein.distance("lewenstein", "levenshtein" * (i % 2 + 1)),
        distance.Levenshtein.editops("abc", f"ab{i}").as_list(),
        round(distance.JaroWinkler.similarity("größe", f"grösse{i}"), 6),
        said,
    )
