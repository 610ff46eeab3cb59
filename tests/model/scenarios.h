/// tests/model/scenarios.h: what storing and loading threads, and an interpreter that ends, may do.
#pragma once

#include "tests/model/engine.h"

#include <vector>

namespace hpystate::model {

/// The life of an entry: scenarios_entry.cpp.
[[nodiscard]] std::vector<Scenario> entry_scenarios();

/// The lives of regions and tokens: scenarios_region.cpp.
[[nodiscard]] std::vector<Scenario> region_scenarios();
[[nodiscard]] std::vector<Scenario> token_scenarios();

/// The first value of a global: scenarios_first_value.cpp.
[[nodiscard]] std::vector<Scenario> first_value_scenarios();

} // namespace hpystate::model
