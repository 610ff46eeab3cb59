"""mutants.py: deliberate mistakes in the real code, each of which the model must find.

A mutant says in which variant of the model it is found (with the GIL or without), and a piece of
the violation that is reported, so that it is not found by chance.
"""

from __future__ import annotations

from typing import NamedTuple


class Patch(NamedTuple):
    file: str
    old: str
    new: str


class Mutant(NamedTuple):
    name: str
    variant: str
    found: str
    patches: list[Patch]


WINDOW = "interp_state/window.h"
WINDOW_CPP = "interp_state/window.cpp"
REGION = "interp_state/region.h"
REGION_CPP = "interp_state/region.cpp"
DIRECTORY = "interp_state/directory.cpp"
CURRENT = "interp_state/current.h"
REGISTRY = "globals/registry.cpp"
TOKEN = "globals/token.h"
GLOBAL = "context/global.cpp"

# Few entries, one to a page, and a directory that soon grows: the same code, fewer steps.
GEOMETRY = [
    Patch(WINDOW, "kBits = 17;", "kBits = 6;"),
    Patch(WINDOW, "kPageBytes = 4096;", "kPageBytes = 16;"),
    Patch(DIRECTORY, "kFirstTableSize = 64;", "kFirstTableSize = 2;"),
]

ENTRY = [
    Mutant(
        "load_compares_no_token",
        "gil",
        "an object of this slot",
        [Patch(GLOBAL, "if (!entry.holds(token)) [[unlikely]]", "if (false)")],
    ),
    Mutant(
        "load_takes_no_reference",
        "gil",
        "use after free",
        [Patch(GLOBAL, "    Py_INCREF(object);\n", "")],
    ),
    Mutant(
        "closed_window_answers_from_the_overflow",
        "gil",
        "nor from the overflow",
        [Patch(WINDOW_CPP, "if (closed_ || overflow_ == nullptr)", "if (overflow_ == nullptr)")],
    ),
    Mutant(
        "closed_window_takes_stores",
        "gil",
        "every object dies",
        [Patch(GLOBAL, "if (window.closed()) return;", "")],
    ),
    Mutant(
        "close_leaves_the_tokens",
        "gil",
        "nor of what still waits",
        [Patch(WINDOW_CPP, "entry.token.store(bits ^ kElsewhere", "entry.token.store(bits")],
    ),
    Mutant(
        "store_claims_a_taken_entry",
        "gil",
        "the tenant of the entry stays",
        [Patch(WINDOW_CPP, "if (tenant == 0) {", "if (tenant != token.bits()) {")],
    ),
]

REGIONS = [
    Mutant(
        "owner_is_not_validated",
        "gil",
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
        "a new interpreter at a dead one's address: adopter",
        [Patch(CURRENT, "return is_ending() ? found.region : nullptr;", "return found.region;")],
    ),
    Mutant(
        "table_is_published_relaxed",
        "gil",
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
        "an interpreter ends, and others want its region",
        [Patch(DIRECTORY, "return found != owner;", "return true;")],
    ),
    Mutant(
        "two_take_one_region",
        "gil",
        "two interpreters want the one region that is free",
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
        "a new interpreter at a dead one's address",
        [Patch(DIRECTORY, "old->owner.store(nullptr, std::memory_order_release);", "")],
    ),
    Mutant(
        "recycled_window_is_not_reset",
        "gil",
        "an interpreter ends, and others want its region",
        [Patch(REGION_CPP, "    window.reset();\n", "")],
    ),
    Mutant(
        "adoption_without_the_lock",
        "gil",
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
        "exit_releases_nothing",
        "gil",
        "every object dies",
        [Patch(REGION_CPP, "const object = window.take_any())", "const object = nullptr)")],
    ),
]

TOKENS = [
    Mutant(
        "publish_compares_nothing",
        "gil",
        "data race: atomic write of slot",
        [
            Patch(
                TOKEN,
                "if (word.load(std::memory_order_relaxed) != self) word.store",
                "word.store",
            )
        ],
    ),
    Mutant(
        "tokens_are_published_after_the_lock",
        "gil",
        "data race: atomic write of slot",
        [
            Patch(
                REGISTRY,
                """        for (std::uintptr_t* const slot : slots)
            publish(slot);
    }
}""",
                """    }
    for (std::uintptr_t* const slot : slots)
        publish(slot);
}""",
            )
        ],
    ),
    Mutant(
        "registry_without_its_lock",
        "gil",
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
        "what was stored at the new address",
        [
            Patch(
                GLOBAL,
                "load(std::memory_order_relaxed) == self) [[likely]]",
                "load(std::memory_order_relaxed) != 0) [[likely]]",
            )
        ],
    ),
    Mutant(
        "store_does_not_register",
        "gil",
        "what was stored at the new address",
        [Patch(GLOBAL, "        registry().add_unlisted(slot);\n", "")],
    ),
]

MUTANTS = ENTRY + REGIONS + TOKENS
