/// runtime/loader/called.h: how the loader calls a function of an extension's file, and finds an
/// exception that it left set.
///
/// These functions get no context, but those of a hybrid module may raise by CPython's API, and so
/// may code that runs when a file is opened. An exception that is left set would be reported at
/// some unrelated place.
#pragma once

#include "globals/check.h"
#include "globals/locks.h"

#include <exception>
#include <string>

namespace hpystate {

/// A Python exception is set: it is the reason.
class AlreadyRaised : public std::exception {
  public:
    [[nodiscard]] const char* what() const noexcept override { return "a Python exception is set"; }
};

/// Calls a function of a file, which may do anything: import, release the GIL, load its own file.
/// So none of our locks is held.
template <typename Result, typename... Parameters, typename... Arguments>
Result call_file(Result (*function)(Parameters...), Arguments... arguments) {
    HPYSTATE_CHECK(held_rank() == LockRank::kNone);
    return function(arguments...);
}

/// To be called after a function of the file at `path` has returned success. Throws AlreadyRaised
/// where an exception is set; a SystemError that names the function is set then, with that
/// exception as its cause.
void check_no_exception(const std::string& path, const std::string& function);

} // namespace hpystate
