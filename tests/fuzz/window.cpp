/// tests/fuzz/window.cpp: claims, stores, loads and ends of a window, against a std::map.
#include "interp_state/window.h"

#include "tests/fuzz/targets.h"

#include <map>
#include <new>
#include <set>
#include <sys/mman.h>
#include <utility>

namespace hpystate::fuzz {

namespace {

/// The one window, as a region has it: zero and page-aligned. Each input leaves it as new.
Window& reserved() {
    static Window* const window = [] {
        void* const memory = mmap(nullptr, sizeof(Window), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        require(memory != MAP_FAILED, "there is memory for a window");
        return new (memory) Window;
    }();
    return *window;
}

constexpr std::uintptr_t kFirst = 0x7f0012345678;

class Run {
  public:
    explicit Run(Bytes& bytes) : bytes_(bytes) {}

    void step() {
        switch (bytes_.below(12)) {
        case 0:
            claim(token());
            break;
        case 1:
        case 2:
        case 3:
            store(token());
            break;
        case 4:
            require(window_.take(Token(last_)) == taken(last_), "take gives what the map has");
            break;
        case 5:
        case 6:
            load(token());
            break;
        case 7: // whatever an extension may pass by value
            load(bytes_.next<std::uintptr_t>());
            break;
        case 8:
            load(last_ ^ (std::uintptr_t{1} << bytes_.below(64)));
            break;
        case 9:
            compare_all();
            break;
        case 10:
            close();
            break;
        default:
            if (closed_) end();
        }
    }

    void end() {
        close();
        std::multiset<ObjectPointer> handed_out;
        while (ObjectPointer const object = window_.take_any())
            handed_out.insert(object);
        std::multiset<ObjectPointer> expected = kept();
        for (const auto& [bits, object] : model_) {
            if (object != nullptr) expected.insert(object);
        }
        require(handed_out == expected, "a closed window hands out each object that it had, once");
        window_.reset();
        model_.clear();
        tenants_.clear();
        kept_.clear();
        closed_ = false;
        const Window::Counts counts = window_.counts();
        require(counts.slots == 0 && counts.values == 0 && counts.pages == 0 &&
                    counts.overflow == 0,
                "a window that was reset is empty");
    }

    void check_once() const { require(window_.is_valid(), "the window's invariants hold"); }

  private:
    /// A slot's address: few entries, several tokens on each, and a far page.
    std::uintptr_t token() {
        const std::size_t at = bytes_.next();
        last_ = kFirst + (at % 8) * 8 + (at / 8 % 8) * Window::kEntries * 8 + (at / 64) * 40'000;
        return last_;
    }

    void claim(std::uintptr_t bits) {
        if (closed_) return; // who claims in a closed window has no use for it; Store asks before
        require(window_.claim(Token(bits)), "there is memory for a claim");
        model_.try_emplace(bits, nullptr);
        tenants_.try_emplace(Window::index_of(Token(bits)), bits);
        require(window_.claimed(Token(bits)), "what was claimed is claimed");
    }

    void store(std::uintptr_t bits) {
        const std::uintptr_t number = bytes_.next();
        auto* const object = reinterpret_cast<ObjectPointer>(number << 4);
        ObjectPointer old = nullptr;
        const Window::Outcome outcome = window_.store(Token(bits), object, old);
        if (closed_) {
            require(outcome == Window::Outcome::kClosed, "a closed window refuses a store");
            return;
        }
        require(outcome == Window::Outcome::kStored, "an open window takes a store");
        tenants_.try_emplace(Window::index_of(Token(bits)), bits);
        require(old == replaced(bits, object), "a store hands out what was there");
    }

    /// Puts an object into the map and gives what the window should hand out: what was there but,
    /// without the GIL, for the first object of an entry, which the window keeps.
    ObjectPointer replaced(std::uintptr_t bits, ObjectPointer object) {
        ObjectPointer const old = std::exchange(model_[bits], object);
        const bool first =
            kNoGil && tenants_[Window::index_of(Token(bits))] == bits && kept_.count(bits) == 0;
        if (!first || old == nullptr || old == object) return old;
        kept_.emplace(bits, old);
        return nullptr;
    }

    [[nodiscard]] std::multiset<ObjectPointer> kept() const {
        std::multiset<ObjectPointer> objects;
        for (const auto& [bits, object] : kept_)
            objects.insert(object);
        return objects;
    }

    void load(std::uintptr_t bits) const {
        const auto known = model_.find(bits);
        ObjectPointer const expected = closed_ || known == model_.end() ? nullptr : known->second;
        require(window_.borrow(Token(bits)) == expected,
                "a load gives what the map has, or nothing");
    }

    ObjectPointer taken(std::uintptr_t bits) {
        if (closed_ || model_.count(bits) == 0) return nullptr;
        return replaced(bits, nullptr);
    }

    void close() {
        window_.close();
        closed_ = true;
        require(window_.closed(), "a closed window reports that it is closed");
    }

    void compare_all() const {
        std::multiset<ObjectPointer> expected = kept();
        for (const auto& [bits, object] : model_) {
            load(bits);
            if (object != nullptr) expected.insert(object);
        }
        std::multiset<ObjectPointer> seen;
        window_.for_each([&](ObjectPointer object) {
            seen.insert(object);
            return 0;
        });
        require(seen == expected, "each reference is visited once");
        const Window::Counts counts = window_.counts();
        require(counts.slots == model_.size(), "each token has its place");
        require(counts.values + counts.kept == expected.size(), "each value is counted");
        require(counts.kept == kept_.size(), "each object that is kept is counted");
    }

    Bytes& bytes_;
    Window& window_ = reserved();
    std::map<std::uintptr_t, ObjectPointer> model_;
    std::map<std::size_t, std::uintptr_t> tenants_; ///< the token that has an entry
    std::map<std::uintptr_t, ObjectPointer> kept_;  ///< first objects that were replaced
    std::uintptr_t last_ = kFirst;
    bool closed_ = false;
};

} // namespace

void window(Input input) {
    Bytes bytes(input);
    const bool look = bytes.next() == 255; // at all of its 131,072 entries: slow
    Run run(bytes);
    while (!bytes.empty())
        run.step();
    if (look) run.check_once();
    run.end();
}

} // namespace hpystate::fuzz
