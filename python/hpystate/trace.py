"""trace.py: hpystate.trace, and hpy.trace after install(): counting and timing context functions.

Modules that are loaded with mode="trace" (or `HPY=trace`) are traced. Each interpreter has counts
and hooks of its own. Hooks run on attached threads: events of a thread that left Python are
reported when it is back.
"""

from hpystate import _native

get_call_counts = _native._trace.get_call_counts
get_durations = _native._trace.get_durations
get_frequency = _native._trace.get_frequency
set_trace_functions = _native._trace.set_trace_functions

__all__ = ["get_call_counts", "get_durations", "get_frequency", "set_trace_functions"]
