/// runtime/loader/library.h: an opened shared object and the names of the functions that it
/// exports.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hpystate {

struct FileTag; // runtime/loader/file_tag.h

/// An extension's file in this process. It is never closed: the addresses of its statics are
/// tokens, under which interpreters keep values, and types and bound methods of every interpreter
/// point into its code. Opening a file again returns the same object, and only increments a count
/// in the dynamic linker.
class Library {
  public:
    /// Checks the file and opens it, for this process alone (RTLD_LOCAL), with all symbols
    /// resolved. `name` is the short name of the module, `tag` what tag_of() returned. Throws
    /// LoadError: missing-file, not-shared-object, other-machine, truncated, other-python,
    /// open-failed.
    [[nodiscard]] static Library open(const std::string& path, const std::string& name,
                                      const FileTag& tag);

    /// The path as it was given to open().
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

    /// The address of an exported symbol; nullptr where there is none.
    [[nodiscard]] void* symbol(const std::string& name) const noexcept;

    /// The same for a symbol that is going to be called. Throws LoadError (not-a-function) if the
    /// name is that of a variable: to call it would execute data.
    [[nodiscard]] void* function(const std::string& name) const;

    /// Whether the file itself may export a symbol, by its hash table. False is certain.
    /// For symbols that most files do not have: dlsym() takes thousands of instructions for that,
    /// since it searches the libraries that the file needs, and then writes a message.
    [[nodiscard]] bool may_export(const std::string& name) const noexcept;

    /// The bytes of a constant that the file exports; none where there is no such symbol. Throws
    /// LoadError (bad-asks) if the name is that of a function.
    [[nodiscard]] std::span<const std::byte> constant(const std::string& name) const;

    /// The same as function(), of the type `Function`.
    template <typename Function>
    [[nodiscard]] Function function(const std::string& name) const {
        return reinterpret_cast<Function>(function(name));
    }

  private:
    Library(void* handle, std::string path) noexcept;

    void* handle_;
    std::string path_;
    const std::uint32_t* gnu_hash_ = nullptr; ///< its table DT_GNU_HASH; nullptr: it has none
};

/// The part of a module's name that the names of its exported functions contain: what follows the
/// last dot, with '_' for '-', at most 200 bytes. Throws LoadError (bad-name) where it is empty or
/// not ASCII.
[[nodiscard]] std::string short_name_of(std::string_view module, std::string_view path);

} // namespace hpystate
