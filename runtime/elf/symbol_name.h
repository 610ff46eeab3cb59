/// runtime/elf/symbol_name.h: which file an address lies in, and what the file calls it.
///
/// dladdr knows exported symbols only, and a C static is none. Its name stands in the file's
/// .symtab, unless that was stripped; so the file itself is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hpystate {

struct AddressName {
    std::string file;          ///< path of the shared object; "" where the address is in none
    std::uintptr_t offset = 0; ///< from the file's load address
    std::string symbol;        ///< the variable that holds the address; "" where that is unknown
};

/// Looks the address up. A file that cannot be read, or contradicts itself, gives no symbol. Throws
/// std::bad_alloc.
[[nodiscard]] AddressName name_of_address(const void* address);

/// The variable of the file's .symtab that holds the byte `offset` bytes behind the file's load
/// address; "" where there is none, or the file cannot be read or contradicts itself. Throws
/// std::bad_alloc.
[[nodiscard]] std::string variable_at(const std::string& path, std::uintptr_t offset);

/// What follows `prefix` in the names of functions that the file exports, sorted; none where it
/// cannot be read or contradicts itself. Throws std::bad_alloc.
[[nodiscard]] std::vector<std::string> exported_functions(const std::string& path,
                                                          std::string_view prefix);

/// "Point_Type, globals[3] of module x (x.hpy0.so+0x4010)", without the name where the file does
/// not have it; other sentences where no module lists the slot, or it is 0. Throws std::bad_alloc.
[[nodiscard]] std::string describe_slot(std::uintptr_t token);

} // namespace hpystate
