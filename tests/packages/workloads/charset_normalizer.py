"""charset_normalizer.py: finds the encoding of texts in three languages, by compiled code."""

from __future__ import annotations

from charset_normalizer import from_bytes, md

TEXTS = {
    "utf_8": "Größere Fehler überall, sagte der Bäcker. Das Brötchen wäre früher süßer gewesen.",
    "cp1251": "Это простой русский текст, в котором достаточно слов для проверки кодировки.",
    "utf_16": "Une phrase française où l'élève écrit très vite à la lumière de l'été.",
}


def work(i: int) -> object:
    found = []
    for encoding, text in TEXTS.items():
        best = from_bytes((text + f" {i}").encode(encoding)).best()
        found.append((best.encoding, best.language, str(best)) if best else None)
    return found, round(md.mess_ratio(f"ÃƒÂ¤{i} Ã©Ã¨ text", 1.0), 6)
