"""black.py: formats a source by its compiled modules, and one that is not Python."""

from __future__ import annotations

import black

SOURCE = "def f( a,b = {{'x':{0} }} ):\n  return [ a , b,{0} ] # end\nclass  A : pass\n"


def work(i: int) -> object:
    text = black.format_str(SOURCE.format(i), mode=black.Mode(line_length=20 + i))
    try:
        black.format_str("def (:\n" * (i + 1), mode=black.Mode())
    except black.InvalidInput as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return text, black.format_str(text, mode=black.Mode(line_length=20 + i)) == text, said
