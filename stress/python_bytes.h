/// stress/python_bytes.h: how much memory Python's objects have, where they do not come from
/// malloc.
#pragma once

#include <cstddef>

namespace hpystate::stress {

/// From here on the process's allocations by Python's domains of memory and objects are counted.
/// For a Python without the GIL, which has an allocator of its own and refuses PYTHONMALLOC=malloc;
/// with the GIL mallinfo2 sees them. Called while no other thread uses Python.
void count_python_bytes();

/// What is allocated or given back while it is paused is not counted, nor does counting take time.
/// So a difference of python_bytes() means something only where none was paused in between.
void pause_python_bytes(bool paused);

/// What is allocated now of what was allocated since; as asked for, without what the allocator
/// adds.
[[nodiscard]] std::size_t python_bytes();

} // namespace hpystate::stress
