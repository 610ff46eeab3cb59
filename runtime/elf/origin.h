/// runtime/elf/origin.h: a definition or global that the dynamic linker took from another file.
///
/// A definition that is not hidden is looked up by its name, first among the symbols of the program
/// and of its libraries: an HPyDef called `err` is then libc's function. No byte of that function
/// may be read or written as if it were the HPyDef.
#pragma once

#include <optional>
#include <string>

namespace hpystate {

/// The file and the symbol that an address of the extension really belongs to.
struct Stranger {
    std::string file;   ///< path of the other file; may be "" for the program
    std::string symbol; ///< its name there; "" where it has none

    /// "is 'err' of libc.so.6, not of this extension ...", with what to do; without a subject.
    [[nodiscard]] std::string text() const;
};

/// The extension's file, known by any address in it.
class OwnFile {
  public:
    /// `other` is used if `own` is in no file, for instance on the stack or the heap.
    explicit OwnFile(const void* own, const void* other = nullptr) noexcept;

    /// The other file that contains `address`, if `address` is code there, or a symbol that took
    /// the place of one of the extension's own, since every file of the process finds it first.
    /// Data of a library that the extension was linked with counts as its own. Nothing if the own
    /// file is unknown. Throws std::bad_alloc.
    [[nodiscard]] std::optional<Stranger> stranger_at(const void* address) const;

  private:
    const void* file_; ///< its program headers; nullptr: in no file
};

} // namespace hpystate
