/// interp_state/foreign_report.h: tells once that another HPy runtime writes into the slots.
#pragma once

namespace hpystate {

/// To be called where a slot holds content that is not a token. The first call in the process has
/// the main interpreter issue a RuntimeWarning, at its next safe point: a load runs no Python code.
/// Any attached thread.
void report_foreign_slot() noexcept;

} // namespace hpystate
