"""first_miss.py: what the finder of `hpystate enable` does when it meets the first file of HPy's.

cli/enable.py writes this function, without its comments, as a text into the line of its .pth
file. The text is compiled when no other finder has found a module for which there is such a file;
nothing imports this module.
"""

import sys


def find_spec(first_miss, name, path=None, target=None):
    """Calls hpystate.install() and looks for the module again; from then on the finder returns
    None."""
    try:
        import hpystate
    except ModuleNotFoundError as error:
        if error.name != "hpystate":
            raise
        raise ModuleNotFoundError(
            f"{name} is an HPy extension, and hpystate, which `hpystate enable` made ready for "
            f"such files "
            "in this environment, is not installed in it any more. Install hpystate, or delete "
            "hpystate-enable.pth in its site-packages.",
            name=name,
        ) from None
    hpystate.install()
    first_miss.find_spec = lambda name, path=None, target=None: None
    for finder in list(sys.meta_path):
        if finder is first_miss:
            break  # behind it is the finder that explains why a file was not loaded
        spec = finder.find_spec(name, path, target)
        if spec is not None:
            return spec
    return None
