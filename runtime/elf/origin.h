/// runtime/elf/origin.h: a definition or global that the dynamic linker took from another file.
///
/// A definition that is not hidden is found by its name, first among the symbols of the program and
/// of what it is linked with: an HPyDef called `err` is then libc's function. No byte of it may be
/// read, or written, as what it is not.
#pragma once

#include <optional>
#include <string>

namespace hpystate {

/// What an address of the extension belongs to in truth.
struct Stranger {
    std::string file;   ///< path of the other file; may be "" for the program
    std::string symbol; ///< its name there; "" where it has none

    /// "is 'err' of libc.so.6, not in this extension ...", with what to do; without a subject.
    [[nodiscard]] std::string text() const;
};

/// The extension's file, known by any address in it.
class OwnFile {
  public:
    /// `other` counts where `own` lies in no file, as what was made on the stack or the heap.
    explicit OwnFile(const void* own, const void* other = nullptr) noexcept;

    /// Whether `address` lies in another file, and is code or what took the place of a symbol of
    /// the extension's own, since every file of the process finds it first. Data of a library that
    /// the extension was linked with counts as its own. Nothing where the own file is unknown.
    /// Throws std::bad_alloc.
    [[nodiscard]] std::optional<Stranger> stranger_at(const void* address) const;

  private:
    const void* file_; ///< its program headers; nullptr: in no file
};

} // namespace hpystate
