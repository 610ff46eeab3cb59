"""__init__.py: hpystate.debug, and hpy.debug after install(): finding misuse of HPy.

Modules that are loaded with mode="debug" (or `HPY=debug`) have each handle watched. Without a hook,
misuse prints a message and aborts. The functions act on the calling interpreter.

    with LeakDetector():                    # HPyLeakError where a handle stays open
        module.function()
    set_handle_stack_trace_limit(16)        # record where handles are made
    set_on_misuse(lambda kind, text: ...)   # go on after misuse
"""

from hpystate import _native
from hpystate.debug.leakdetector import HPyDebugError, HPyLeakError, LeakDetector

new_generation = _native._debug.new_generation
get_open_handles = _native._debug.get_open_handles
get_closed_handles = _native._debug.get_closed_handles
set_handle_stack_trace_limit = _native._debug.set_handle_stack_trace_limit
set_on_invalid_handle = _native._debug.set_on_invalid_handle
set_on_invalid_builder_handle = _native._debug.set_on_invalid_builder_handle
set_on_misuse = _native._debug.set_on_misuse
set_explain_crashes = _native._debug.set_explain_crashes
set_search_heap = _native._debug.set_search_heap
set_watch_statics = _native._debug.set_watch_statics

__all__ = [
    "HPyDebugError",
    "HPyLeakError",
    "LeakDetector",
    "disable_handle_stack_traces",
    "get_closed_handles",
    "get_open_handles",
    "new_generation",
    "set_explain_crashes",
    "set_handle_stack_trace_limit",
    "set_on_invalid_builder_handle",
    "set_on_invalid_handle",
    "set_on_misuse",
    "set_search_heap",
    "set_watch_statics",
]


def disable_handle_stack_traces() -> None:
    """Records no stack frames where handles are made; recording costs time."""
    set_handle_stack_trace_limit(None)
