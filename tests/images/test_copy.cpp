/// tests/images/test_copy.cpp: the copy that an image is mapped from, without an interpreter.
#include "runtime/elf/object.h"
#include "runtime/images/copy.h"
#include "runtime/images/error.h"
#include "runtime/images/executable_file.h"
#include "runtime/images/libraries.h"
#include "tests/catch.h"

#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

using namespace hpystate;
using namespace hpystate::images;

namespace {

/// A folder with a file of its own, which is removed at the end of the scope.
class Folder {
  public:
    Folder() : path_(std::filesystem::temp_directory_path() / "hpystate-test-XXXXXX") {
        REQUIRE(mkdtemp(path_.data()) != nullptr);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::string sample() const {
        std::string file = path_ + "/sample.so";
        std::filesystem::copy_file(HPYSTATE_SAMPLE, file);
        return file;
    }

  private:
    std::string path_;
};

template <typename Body>
std::string kind_of_error(Body&& body) {
    try {
        body();
    } catch (const ImageError& error) {
        return error.kind();
    }
    return "";
}

} // namespace

TEST_CASE("a file that is written to while it is copied is refused", "[images]") {
    const Folder folder;
    const std::string path = folder.sample();
    const Source source(path);
    ExecutableFile copy("sample", Where::kMemory);
    copy_all(source, copy);
    SECTION("it has become longer") {
        std::ofstream(path, std::ios::app) << "more";
    }
    SECTION("it has become shorter") {
        std::filesystem::resize_file(path, 100);
    }
    CHECK(kind_of_error([&] { source.check_unchanged(); }) == "changed-file");
    ExecutableFile again("sample", Where::kMemory);
    CHECK(kind_of_error([&] { copy_all(source, again); }) == "changed-file");
}

TEST_CASE("a copy in memory and one in a folder can be opened, and are two objects", "[images]") {
    std::set<void*> handles;
    for (const Where where : {Where::kMemory, Where::kFolder}) {
        const Source source(HPYSTATE_SAMPLE);
        ExecutableFile copy("sample", where);
        copy_all(source, copy);
        const std::string name = respelled(copy.path(), next_number());
        void* const handle = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
        REQUIRE(handle != nullptr);
        handles.insert(handle);
        copy.keep();
        copy.seal();
        CHECK(kind_of_error([&] { copy.write(0, "x", 1); }) ==
              (where == Where::kMemory ? "no-memory-file" : ""));
    }
    CHECK(handles.size() == 2);
}

TEST_CASE("a file in a folder that is not kept is removed", "[images]") {
    std::string path;
    {
        const ExecutableFile file("sample", Where::kFolder);
        path = file.path();
        CHECK(std::filesystem::exists(path));
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("each number gives another spelling of the same path", "[images]") {
    const std::string path = std::filesystem::path(HPYSTATE_SAMPLE).string();
    std::set<std::string> all{path};
    for (std::uint64_t number = 0; number < 1000; ++number) {
        const std::string spelling = respelled(path, number);
        CHECK(all.insert(spelling).second);
        CHECK(access(spelling.c_str(), R_OK) == 0);
    }
}

TEST_CASE("libraries get the names of their copies", "[images]") {
    const Source source(HPYSTATE_SAMPLE);
    ExecutableFile copy("sample", Where::kMemory);
    copy_all(source, copy);
    const std::vector<Needed> before = needed_by(elf::Object(copy.path()), source.path());
    REQUIRE_FALSE(before.empty()); // libc
    std::string renamed = before.front().name;
    renamed[0] = '~';
    ChangedPages changed;
    rename_libraries(source.path(), copy, {{before.front().name, renamed}}, changed);
    CHECK(needed_by(elf::Object(copy.path()), source.path()).front().name == renamed);
    CHECK(changed.size() >= 1);
    CHECK_FALSE(uses_python(elf::Object(copy.path())));
}
