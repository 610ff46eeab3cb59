/// runtime/elf/symbol_name.h: which file contains an address, and which variable of that file.
///
/// dladdr knows exported symbols only, and a C static is not exported. Its name is in the file's
/// .symtab, unless the file was stripped; so the file itself is read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hpystate {

struct AddressName {
    std::string file;          ///< path of the shared object; "": the address is in none
    std::uintptr_t offset = 0; ///< from the file's load address
    std::string symbol;        ///< the variable at the address; "": it is unknown
};

/// Looks the address up. For a file that cannot be read, or contradicts itself, there is no symbol.
/// Throws std::bad_alloc.
[[nodiscard]] AddressName name_of_address(const void* address);

/// The variable of the file's .symtab that contains the byte at `offset` from the file's load
/// address; "" where there is none, or the file cannot be read or contradicts itself. Throws
/// std::bad_alloc.
[[nodiscard]] std::string variable_at(const std::string& path, std::uintptr_t offset);

/// What follows `prefix` in the names of functions that the file exports, sorted; none where it
/// cannot be read or contradicts itself. Throws std::bad_alloc.
[[nodiscard]] std::vector<std::string> exported_functions(const std::string& path,
                                                          std::string_view prefix);

/// Whether the file uses a symbol of another file whose name begins with `prefix`. False where it
/// cannot be read or contradicts itself. Throws std::bad_alloc.
[[nodiscard]] bool takes_from_others(const std::string& path, std::string_view prefix);

/// "Point_Type, globals[3] of module x (x.hpy0.so+0x4010)", without the name where the file does
/// not have it; other sentences where no module lists the slot, or it is 0. Throws std::bad_alloc.
[[nodiscard]] std::string describe_slot(std::uintptr_t token);

} // namespace hpystate
