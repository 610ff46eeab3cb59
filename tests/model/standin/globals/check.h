/// tests/model/standin/globals/check.h: a broken invariant is an error of the execution.
#pragma once

namespace hpystate::model {
void expect_invariant(bool holds, const char* condition);
} // namespace hpystate::model

#define HPYSTATE_CHECK(condition) ::hpystate::model::expect_invariant((condition), #condition)
