"""mutants_first_value.py: deliberate mistakes in HPyGlobal_LoadOrInit and turns.

A wait without an end is a deadlock of the execution.
"""

from __future__ import annotations

from tests.model.mutant import Mutant, Patch

FIRST = "interp_state/first_value.cpp"
TURNS = "interp_state/turns.cpp"
THING = "interp_state/turns.h"

FIRST_VALUES = [
    Mutant(
        "makers_wake_one_waiter",
        "gil",
        "first",
        "a thread makes a first value, two others want it",
        [
            Patch(
                TURNS,
                "wake_all(board.finished);",
                "model::wake(reinterpret_cast<std::uintptr_t>(&board.finished), false);",
            )
        ],
    ),
    Mutant(
        "waiter_reads_the_counter_after_the_lock",
        "gil",
        "first",
        "deadlock",
        [
            Patch(
                TURNS,
                "            seen = board.finished.load(std::memory_order_relaxed);\n",
                "",
            ),
            Patch(
                TURNS,
                "    PyThreadState* const thread = PyEval_SaveThread();\n",
                "    PyThreadState* const thread = PyEval_SaveThread();\n"
                "    seen = board.finished.load(std::memory_order_relaxed);\n",
            ),
        ],
    ),
    Mutant(
        "failed_maker_stays_in_the_list",
        "gil",
        "first",
        "an initializer that fails once",
        [
            Patch(
                TURNS,
                "Making::~Making() {\n",
                "Making::~Making() {\n    if (PyErr_Occurred() != nullptr) return;\n",
            )
        ],
    ),
    Mutant(
        "circle_of_three_is_not_seen",
        "gil",
        "first",
        "three initializers that ask for each other's value: ",
        [
            Patch(
                TURNS,
                "while (maker != nullptr) {",
                "while (maker != nullptr && circle.count < 2) {",
            )
        ],
    ),
    Mutant(
        "interpreters_share_a_first_value",
        "gil",
        "first",
        "deadlock",
        [
            Patch(
                THING,
                "bool operator==(const Thing&) const = default;",
                "bool operator==(const Thing& other) const { return address == other.address; }",
            )
        ],
    ),
    Mutant(
        "successor_waits_for_a_maker_of_its_predecessor",
        "gil",
        "first",
        "an interpreter ends while a value is made: one: deadlock",
        [
            Patch(
                THING,
                "bool operator==(const Thing&) const = default;",
                "bool operator==(const Thing& other) const {\n"
                "        return region == other.region && address == other.address;\n    }",
            )
        ],
    ),
    Mutant(
        "who_ends_an_interpreter_waits_for_a_stopped_thread",
        "gil",
        "first",
        "an interpreter ends while a value is made: one: deadlock",
        [
            Patch(
                TURNS, "const bool stopped = has_stopped_threads();", "const bool stopped = false;"
            )
        ],
    ),
    Mutant(
        "maker_leaves_before_he_stores",
        "nogil",
        "first",
        "two threads want one first value",
        [
            Patch(
                FIRST,
                "        const Making making(node);\n",
                "        { const Making making(node); }\n",
            )
        ],
    ),
    Mutant(
        "maker_does_not_look_again",
        "nogil",
        "first",
        "one initializer runs",
        [
            Patch(
                FIRST,
                """        // Another thread may have published a value before this thread's turn.
        if (PyObject* const stored = value_of_slot(region, token)) return stored;
""",
                "",
            )
        ],
    ),
    Mutant(
        "refused_value_is_leaked",
        "gil",
        "first",
        "and stores one: set up or end: every object dies",
        [
            Patch(
                FIRST,
                """That value stays.
    if (PyObject* const stored = value_of_slot(region, token)) return stored;""",
                """That value stays.
    if (PyObject* const stored = value_of_slot(region, token)) {
        static_cast<void>(value.release());
        return stored;
    }""",
            )
        ],
    ),
    Mutant(
        "made_value_is_returned_without_a_reference",
        "gil",
        "first",
        "use after free",
        [
            Patch(
                FIRST,
                "    return value.release();\n}\n\n[[nodiscard]] PyObject* first_value(",
                "    return value.get();\n}\n\n[[nodiscard]] PyObject* first_value(",
            )
        ],
    ),
    Mutant(
        "interrupted_waiter_stays_in_the_list",
        "gil",
        "first",
        "a signal whose handler ",
        [Patch(TURNS, "if (!waiting || interrupted) unlink", "if (!waiting) unlink")],
    ),
    Mutant(
        "handlers_run_detached",
        "gil",
        "first",
        "a broken invariant: may_run_python()",
        [
            Patch(
                TURNS,
                """    PyEval_RestoreThread(thread);
    return interrupted && !run_handlers() ? Turn::kRaised : Turn::kLookAgain;
""",
                """    const bool raised = interrupted && !run_handlers();
    PyEval_RestoreThread(thread);
    return raised ? Turn::kRaised : Turn::kLookAgain;
""",
            )
        ],
    ),
    Mutant(
        "what_a_handler_raised_does_not_end_the_wait",
        "gil",
        "first",
        "a signal whose handler raises",
        [
            Patch(
                TURNS,
                "return interrupted && !run_handlers() ? Turn::kRaised : Turn::kLookAgain;",
                "if (interrupted) static_cast<void>(run_handlers());\n    return Turn::kLookAgain;",
            )
        ],
    ),
]
