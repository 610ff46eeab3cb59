/// runtime/embed/throws.cpp: what the C++ library's containers throw, without the library's texts.
///
/// The library's own functions of these names bring strings, error categories and their symbols,
/// one of which the dynamic linker would share with other files. Whatever our code throws becomes a
/// MemoryError (runtime/cpython/guarded.h), so one exception does. Weak: where a later library
/// needs a function that is not here, it brings all of its own.
#include <new>
#include <stdexcept> // declares them
#include <stdlib.h>

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl58-cpp): the names that libstdc++ calls
namespace std {

[[gnu::weak]] void __throw_length_error(const char* /*text*/) {
    throw bad_alloc();
}
[[gnu::weak]] void __throw_logic_error(const char* /*text*/) {
    throw bad_alloc();
}
[[gnu::weak]] void __throw_out_of_range_fmt(const char* /*format*/, ...) {
    throw bad_alloc();
}
[[gnu::weak]] void __throw_system_error(int /*number*/) {
    throw bad_alloc();
}
[[gnu::weak]] void __throw_bad_alloc() {
    throw bad_alloc();
}
[[gnu::weak]] void __throw_bad_array_new_length() {
    throw bad_alloc();
}

} // namespace std

namespace __gnu_cxx {

/// Where an exception leaves a function that must not throw. The library's own prints its type,
/// demangled, which is a third of all this.
[[gnu::weak]] void __verbose_terminate_handler() {
    abort();
}

} // namespace __gnu_cxx
// NOLINTEND(bugprone-reserved-identifier,cert-dcl58-cpp)
