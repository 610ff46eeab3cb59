/// runtime/context/slow_path.h: HPYSTATE_SLOW_PATH, for what is rarely needed of a function.
///
/// Such a function has the parameters of its caller, in their order, and the caller ends in a jump
/// to it. GCC would drop the parameters that are not used and give the others new registers; then
/// the caller moves them first, in every call. noipa forbids that. clang does not know it, and
/// moves them only where it goes there.
#pragma once

#ifdef __clang__
#define HPYSTATE_SLOW_PATH [[gnu::cold, gnu::noinline]]
#else
#define HPYSTATE_SLOW_PATH [[gnu::cold, gnu::noipa]]
#endif
