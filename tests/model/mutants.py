"""mutants.py: deliberate mistakes in the real code, each of which the model must find.

Long: a list of mistakes, one entry for each.
"""

from __future__ import annotations

from tests.model.mutant import Mutant, Patch
from tests.model.mutants_first_value import FIRST_VALUES

WINDOW = "interp_state/window.h"
WINDOW_CPP = "interp_state/window.cpp"
REGION = "interp_state/region.h"
REGION_CPP = "interp_state/region.cpp"
TEARDOWN = "interp_state/teardown.cpp"
DIRECTORY = "interp_state/directory.cpp"
CURRENT = "interp_state/current.h"
REGISTRY = "globals/registry.cpp"
TOKEN = "globals/token.h"
GLOBAL = "runtime/context/global.cpp"
VALUES = "interp_state/values.h"
VALUES_CPP = "interp_state/values.cpp"

# Few entries, one to a page, and a directory that soon grows: the same code, fewer steps.
GEOMETRY = [
    Patch(WINDOW, "kBits = 17;", "kBits = 3;"),
    Patch(WINDOW, "kPageBytes = 4096;", "kPageBytes = 16;"),
    Patch(WINDOW, "kPagesPerWord = 64;", "kPagesPerWord = 8;"),
    Patch(DIRECTORY, "kFirstTableSize = 64;", "kFirstTableSize = 2;"),
]

CLAIM = "entry.token.compare_exchange_strong(tenant, token.bits(), std::memory_order_relaxed)"

# The window, as any build has it.
ENTRY = [
    Mutant(
        "load_compares_no_token",
        "gil",
        "entry",
        "an object of this slot",
        [Patch(GLOBAL, "if (!entry.holds(token)) [[unlikely]]", "if (false)")],
    ),
    Mutant(
        "load_takes_no_reference",
        "gil",
        "entry",
        "use after free",
        [Patch(GLOBAL, "    Py_INCREF(object);\n", "")],
    ),
    Mutant(
        "closed_window_answers_from_the_overflow",
        "gil",
        "entry",
        "nor from the overflow",
        [
            Patch(
                WINDOW_CPP,
                """    if (closed()) return nullptr;
    const std::size_t index = index_of(token);
    const Entry& entry""",
                """    const std::size_t index = index_of(token);
    const Entry& entry""",
            )
        ],
    ),
    Mutant(
        "closed_window_takes_stores",
        "gil",
        "entry",
        "every object dies",
        [Patch(VALUES, "if (window.closed()) return true;", "")],
    ),
    Mutant(
        "close_leaves_the_tokens",
        "gil",
        "entry",
        "a broken invariant: region.is_valid()",
        [Patch(WINDOW_CPP, "token.store(bits ^ kElsewhere", "token.store(bits")],
    ),
    Mutant(
        "store_claims_a_taken_entry",
        "gil",
        "entry",
        "the tenant of the entry stays",
        [Patch(WINDOW_CPP, "if (tenant == 0) {", "if (tenant != token.bits()) {")],
    ),
]

# The window where threads of one interpreter run at once.
NO_GIL = [
    Mutant(
        "token_is_written_after_its_object",
        "nogil",
        "entry",
        "two tokens race for one entry",
        [
            Patch(WINDOW_CPP, CLAIM, "true"),
            Patch(
                WINDOW_CPP,
                "entry_at(index).holds(token) ? replace(index, object)",
                "entry_at(index).token == 0 || entry_at(index).holds(token)"
                " ? replace(index, object)",
            ),
            Patch(
                WINDOW_CPP,
                "    return Outcome::kStored;",
                "    if (entry_at(index).token == 0) entry_at(index).token = token.bits();\n"
                "    return Outcome::kStored;",
            ),
        ],
    ),
    Mutant(
        "first_object_is_published_relaxed",
        "nogil",
        "entry",
        "claim and first store, against loads: loader: data race",
        [
            Patch(
                WINDOW_CPP,
                "word.store(Word::plain(object).bits(), std::memory_order_release)",
                "word.store(Word::plain(object).bits(), std::memory_order_relaxed)",
            )
        ],
    ),
    Mutant(
        "word_is_read_relaxed",
        "nogil",
        "entry",
        "claim and first store, against loads: loader: data race",
        [
            Patch(
                WINDOW,
                "const Word found(word.load(std::memory_order_acquire));",
                "const Word found(word.load(std::memory_order_relaxed));",
            )
        ],
    ),
    Mutant(
        "first_object_is_released",
        "nogil",
        "entry",
        "set up or end: a broken invariant: is_valid()",
        [
            Patch(
                WINDOW_CPP,
                """        mapped_.arrays.first(index) = old; // somebody may be using it: kept
        word.store(Word::cell(object).bits(), std::memory_order_relaxed);
        return nullptr;""",
                """        word.store(Word::cell(object).bits(), std::memory_order_relaxed);
        return old;""",
            )
        ],
    ),
    Mutant(
        "overwritten_word_is_no_cell",
        "nogil",
        "entry",
        "overwrite",
        [
            Patch(
                WINDOW_CPP,
                """kept
        word.store(Word::cell(object).bits(), std::memory_order_relaxed);""",
                """kept
        word.store(Word::plain(object).bits(), std::memory_order_release);""",
            )
        ],
    ),
    Mutant(
        "cell_is_read_without_its_lock",
        "nogil",
        "entry",
        "claim and first store, against loads: loader: data race",
        [
            Patch(
                WINDOW_CPP,
                """        const std::lock_guard lock(stripes_[index % kStripes].mutex);
        return taken(""",
                """        return taken(""",
            )
        ],
    ),
    Mutant(
        "reference_is_taken_after_the_lock",
        "nogil",
        "entry",
        "overwrites by two threads, against a load: loader: use after free",
        [
            Patch(
                WINDOW_CPP,
                """        const std::lock_guard lock(stripes_[index % kStripes].mutex);
        return taken(Word(entry.word.load(std::memory_order_relaxed)).object(), take);""",
                """        ObjectPointer object;
        {
            const std::lock_guard lock(stripes_[index % kStripes].mutex);
            object = Word(entry.word.load(std::memory_order_relaxed)).object();
        }
        return taken(object, take);""",
            )
        ],
    ),
    Mutant(
        "slot_is_written_without_its_lock",
        "nogil",
        "entry",
        "claim and first store, against loads: loader: data race",
        [
            Patch(
                WINDOW_CPP,
                """        const std::lock_guard lock(stripes_[index % kStripes].mutex);
        // relaxed: written under this lock only.""",
                "",
            )
        ],
    ),
    Mutant(
        "overflow_is_read_without_its_lock",
        "nogil",
        "entry",
        "two tokens on one entry, stored and loaded: loader: data race",
        [
            Patch(
                WINDOW_CPP,
                """    const std::lock_guard lock(others->mutex);
    const auto found = others->values.find(token.bits());
    return found != others->values.end() ? taken""",
                """    const auto found = others->values.find(token.bits());
    return found != others->values.end() ? taken""",
            )
        ],
    ),
    Mutant(
        "overflow_is_found_relaxed",
        "nogil",
        "entry",
        "two tokens on one entry, stored and loaded: loader: data race",
        [
            Patch(
                WINDOW_CPP,
                """    // acquire: pairs with the release in overflow(); the map is made.
    Overflow* const others = overflow_.load(std::memory_order_acquire);""",
                "    Overflow* const others = overflow_.load(std::memory_order_relaxed);",
            )
        ],
    ),
    Mutant(
        "overflow_is_published_relaxed",
        "nogil",
        "entry",
        "two tokens on one entry, stored and loaded: loader: data race",
        [
            Patch(
                WINDOW_CPP,
                """std::memory_order_acq_rel,
                                          std::memory_order_acquire""",
                """std::memory_order_relaxed,
                                          std::memory_order_acquire""",
            )
        ],
    ),
    Mutant(
        "two_claim_one_entry",
        "nogil",
        "entry",
        "two tokens race for one entry",
        [Patch(WINDOW_CPP, CLAIM, "(entry.token = token.bits(), true)")],
    ),
    Mutant(
        "store_takes_its_reference_late",
        "nogil",
        "entry",
        "overwrites by two threads, against a load",
        [
            Patch(VALUES, "    Py_XINCREF(object);\n", ""),
            Patch(
                VALUES, "    Py_XDECREF(old);\n", "    Py_XINCREF(object);\n    Py_XDECREF(old);\n"
            ),
        ],
    ),
    Mutant(
        "touched_page_is_lost",
        "nogil",
        "entry",
        "every object dies",
        [
            Patch(
                WINDOW_CPP,
                "touched_[page / kPagesPerWord].fetch_or(bit, std::memory_order_relaxed);",
                "touched_[page / kPagesPerWord] = touched_[page / kPagesPerWord] | bit;",
            )
        ],
    ),
    Mutant(
        "exit_callback_is_registered_without_the_lock",
        "nogil",
        "region",
        "two threads load their first extension into one interpreter",
        [Patch(TEARDOWN, "    const std::lock_guard lock(region.exit_mutex);\n", "")],
    ),
    Mutant(
        "key_is_stored_before_its_region",
        "nogil",
        "region",
        "null pointer",
        [
            Patch(
                DIRECTORY,
                """    entry.region.store(region, std::memory_order_release);
    entry.key.store(interpreter, std::memory_order_release);""",
                """    entry.key.store(interpreter, std::memory_order_release);
    entry.region.store(region, std::memory_order_release);""",
            )
        ],
    ),
]

REGIONS = [
    Mutant(
        "owner_is_not_validated",
        "gil",
        "region",
        "a new interpreter at a dead one's address: looker",
        [
            Patch(
                DIRECTORY,
                "return region->belongs_to(interpreter) ? Lookup{region, phase} : Lookup{};",
                "return Lookup{region, phase};",
            )
        ],
    ),
    Mutant(
        "owner_is_validated_before_the_phase",
        "gil",
        "region",
        "a new interpreter at a dead one's address: looker",
        [
            Patch(
                DIRECTORY,
                """Region::Phase phase = region->phase.load(std::memory_order_acquire);
            return region->belongs_to(interpreter) ? Lookup{region, phase} : Lookup{};""",
                """bool valid = region->belongs_to(interpreter);
            const Region::Phase phase = region->phase.load(std::memory_order_acquire);
            return valid ? Lookup{region, phase} : Lookup{};""",
            )
        ],
    ),
    Mutant(
        "phase_is_stored_relaxed",
        "gil",
        "region",
        "a new interpreter at a dead one's address: looker",
        [
            Patch(
                REGION_CPP,
                "phase.store(Phase::kLive, std::memory_order_release)",
                "phase.store(Phase::kLive, std::memory_order_relaxed)",
            )
        ],
    ),
    Mutant(
        "phase_is_read_relaxed",
        "gil",
        "region",
        "a new interpreter at a dead one's address: looker",
        [
            Patch(
                DIRECTORY,
                "region->phase.load(std::memory_order_acquire)",
                "region->phase.load(std::memory_order_relaxed)",
            )
        ],
    ),
    Mutant(
        "dying_region_is_believed",
        "gil",
        "region",
        "a new interpreter at a dead one's address: adopter",
        [Patch(CURRENT, "return is_ending() ? found.region : nullptr;", "return found.region;")],
    ),
    Mutant(
        "table_is_published_relaxed",
        "gil",
        "region",
        "data race",
        [
            Patch(
                DIRECTORY,
                "directory.table.store(larger.release(), std::memory_order_release)",
                "directory.table.store(larger.release(), std::memory_order_relaxed)",
            )
        ],
    ),
    Mutant(
        "table_is_read_relaxed",
        "gil",
        "region",
        "data race",
        [
            Patch(
                DIRECTORY,
                "directory.table.load(std::memory_order_acquire)",
                "directory.table.load(std::memory_order_relaxed)",
            )
        ],
    ),
    Mutant(
        "old_table_is_freed",
        "gil",
        "region",
        "freed",
        [
            Patch(DIRECTORY, "        larger->older = old;\n", ""),
            Patch(
                DIRECTORY,
                "directory.table.store(larger.release(), std::memory_order_release);",
                "directory.table.store(larger.release(), std::memory_order_release);\n"
                "        delete old;",
            ),
        ],
    ),
    Mutant(
        "region_is_recycled_while_its_owner_lives",
        "gil",
        "region",
        "an interpreter ends, and others want its region",
        [Patch(DIRECTORY, "return found != owner;", "return true;")],
    ),
    Mutant(
        "two_take_one_region",
        "gil",
        "region",
        "an interpreter ends, and others want its region: adopter: data race",
        [
            Patch(
                DIRECTORY,
                """old->generation == candidate.generation &&
        old->phase.load(std::memory_order_relaxed) != Region::Phase::kLive""",
                "true",
            )
        ],
    ),
    Mutant(
        "recycled_region_keeps_its_owner",
        "gil",
        "region",
        "a new interpreter at a dead one's address",
        [Patch(DIRECTORY, "old->owner.store(nullptr, std::memory_order_release);", "")],
    ),
    Mutant(
        "recycled_window_is_not_reset",
        "gil",
        "region",
        "an interpreter ends, and others want its region",
        [Patch(REGION_CPP, "    window.reset();\n", "")],
    ),
    Mutant(
        "adoption_without_the_lock",
        "gil",
        "region",
        "data race",
        [
            Patch(
                DIRECTORY,
                """        const std::lock_guard lock(directory.mutex);
        outcome =""",
                "        outcome =",
            )
        ],
    ),
    Mutant(
        "adopter_does_not_look_again",
        "nogil",
        "region",
        "two threads load their first extension into one interpreter: one: a broken invariant",
        [
            Patch(
                DIRECTORY,
                "if (known && region->phase.load() == Region::Phase::kLive && "
                "region->interpreter_id == id) {",
                "if (false) {",
            )
        ],
    ),
    Mutant(
        "exit_releases_nothing",
        "gil",
        "region",
        "every object dies",
        [Patch(REGION_CPP, "const object = window.take_any())", "const object = nullptr)")],
    ),
]

TOKENS = [
    Mutant(
        "publish_compares_nothing",
        "gil",
        "token",
        "data race: atomic write of slot",
        [
            Patch(
                TOKEN,
                "    while (held != self) {",
                "    for (bool first = true; first || held != self; first = false) {",
            )
        ],
    ),
    Mutant(
        "publish_overwrites_what_came_meanwhile",
        "gil",
        "token",
        "what the other runtime wrote is left alone",
        [
            Patch(
                TOKEN,
                "if (word.compare_exchange_strong(held, self, std::memory_order_relaxed)) break;",
                "word.store(self, std::memory_order_relaxed);\n        break;",
            )
        ],
    ),
    Mutant(
        "foreign_content_is_repaired",
        "gil",
        "token",
        "what the other runtime wrote is left alone",
        [Patch(REGISTRY, "return held == 0 || tokens_.count(held) != 0;", "return true;")],
    ),
    Mutant(
        "tokens_are_published_after_the_lock",
        "gil",
        "token",
        "data race: plain read of slot",
        [
            Patch(
                REGISTRY,
                """        for (std::uintptr_t* const slot : slots)
            settle(slot);
    }
}""",
                """    }
    for (std::uintptr_t* const slot : slots)
        settle(slot);
}""",
            )
        ],
    ),
    Mutant(
        "registry_without_its_lock",
        "gil",
        "token",
        "data race",
        [
            Patch(
                REGISTRY,
                """        const std::lock_guard lock(mutex_);
        tokens_.reserve""",
                "        tokens_.reserve",
            )
        ],
    ),
    Mutant(
        "store_trusts_any_token",
        "gil",
        "token",
        "what was stored at the new address",
        [
            Patch(
                VALUES,
                "load(std::memory_order_relaxed) == self;",
                "load(std::memory_order_relaxed) != 0;",
            )
        ],
    ),
    Mutant(
        "store_does_not_register",
        "gil",
        "token",
        "what was stored at the new address",
        [Patch(VALUES_CPP, "        registry().add_unlisted(slot);\n", "")],
    ),
]

MUTANTS = ENTRY + NO_GIL + REGIONS + TOKENS + FIRST_VALUES
