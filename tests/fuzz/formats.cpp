/// tests/fuzz/formats.cpp: the functions of hpy/src that read a format.
///
/// The input gives the function, the values, and the format. A value in a variable argument list
/// must have the type that its unit takes, so the units of a format are read here too; where the
/// format is wrong, the function stops there, and what is behind is not taken.
#include "tests/fuzz/python.h"
#include "tests/fuzz/targets.h"

#include <hpy.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace hpystate::fuzz {

namespace {

constexpr std::size_t kMost = 12; // values of one call

constexpr std::array kValues = {
    "None",
    "True",
    "0",
    "-1",
    "255",
    "256",
    "-32769",
    "2**31",
    "-2**63",
    "2**64",
    "10**40",
    "1.5",
    "float('inf')",
    "''",
    "'text \\u20ac \\U0001f40d'",
    "'a\\0b'",
    "'\\ud800'",
    "b'bytes'",
    "[1, [2]]",
    "{'a': 1}",
    "('tuple', 2)",
    "object",
    "type('Raises', (), {n: lambda self, *a: 1 / 0 for n in "
    "('__index__', '__float__', '__bool__', '__str__', '__repr__', '__int__', '__len__')})()",
    "type('Odd', (), {'__index__': lambda self: 300, '__float__': lambda self: 2.5, "
    "'__bool__': lambda self: False, '__repr__': lambda self: chr(0xdc80)})()",
};

constexpr std::array kTexts = {"", "text", "\xe2\x82\xac euro", "\xff\xfe no UTF-8", "%s"};
constexpr std::array kNames = {"a", "b", "", "name", "\xe2\x82\xac"};

/// The objects, made once.
const std::vector<HPy>& objects() {
    static const std::vector<HPy> made = [] {
        static_cast<void>(context());
        std::vector<HPy> handles;
        for (const char* const expression : kValues)
            handles.push_back(HPy{evaluate(expression)});
        return handles;
    }();
    return made;
}

/// No call may leave a reference, whatever came of it.
class References {
  public:
    References() : before_(now()) {}
    References(const References&) = delete;
    References& operator=(const References&) = delete;
    ~References() { require(before_ == now(), "no reference was lost, and none is too many"); }

  private:
    static std::vector<std::intptr_t> now() {
        std::vector<std::intptr_t> counts;
        for (const HPy object : objects())
            counts.push_back(references(object._i));
        return counts;
    }

    std::vector<std::intptr_t> before_;
};

class Call {
  public:
    explicit Call(Bytes& bytes) : bytes_(bytes), ctx_(context()) {
        for (HPy& object : values_)
            object = objects()[bytes_.below(objects().size())];
    }

    /// HPyArg_Parse, HPyArg_ParseKeywords, HPyArg_ParseKeywordsDict.
    void parse(std::size_t which);
    void build_value();
    void from_format(bool raise);

  private:
    /// Room for what a unit writes, between bytes that nobody may write.
    struct alignas(16) Target {
        std::array<unsigned char, 8> value;
        std::array<unsigned char, 8> untouched;
    };
    static constexpr unsigned char kUntouched = 0xA5;

    void check_outcome(bool good) {
        require(good != (HPyErr_Occurred(ctx_) != 0), "a failure raises, and a success does not");
        HPyErr_Clear(ctx_);
    }
    void finish(HPy result) {
        check_outcome(!HPy_IsNull(result));
        if (!HPy_IsNull(result)) HPy_Close(ctx_, result);
    }
    void check_targets(const std::string& format, bool parsed);
    bool choose_for_build(const std::string& format);
    bool choose_for_text(const std::string& format);
    bool fill();
    HPy make_names(std::size_t count);
    HPy make_dict(std::size_t count);

    /// The next value that a unit takes: a whole number, an address or a handle. All travel alike
    /// in a variable argument list of the machines that there are; floats do not.
    std::uintptr_t take_object() {
        const std::size_t at = bytes_.below(objects().size() + 1);
        return at == 0 ? 0 : static_cast<std::uintptr_t>(objects()[at - 1]._i);
    }
    std::uintptr_t take_text() {
        const std::size_t at = bytes_.below(kTexts.size() + 1);
        return at == 0 ? 0 : reinterpret_cast<std::uintptr_t>(kTexts[at - 1]);
    }
    std::uintptr_t take_number() {
        const std::size_t shape = bytes_.below(3);
        return shape == 0 ? bytes_.next<std::uintptr_t>() : bytes_.next() - std::uintptr_t{100};
    }

    Bytes& bytes_;
    HPyContext* ctx_;
    std::array<HPy, kMost> values_{};
    std::array<Target, kMost> targets_{};
    std::vector<std::uintptr_t> whole_;
    std::vector<double> floats_;
};

HPy Call::make_names(std::size_t count) {
    std::vector<HPy> names;
    for (std::size_t i = 0; i < count; ++i)
        names.push_back(HPyUnicode_FromString(ctx_, kNames[bytes_.below(kNames.size())]));
    const HPy tuple = HPyTuple_FromArray(ctx_, names.data(), static_cast<HPy_ssize_t>(count));
    for (const HPy name : names)
        HPy_Close(ctx_, name);
    return tuple;
}

HPy Call::make_dict(std::size_t count) {
    const HPy dict = HPyDict_New(ctx_);
    for (std::size_t i = 0; i < count; ++i)
        HPy_SetItem_s(ctx_, dict, kNames[bytes_.below(kNames.size())], values_[i]);
    return dict;
}

/// A unit may write what it is documented to write, no byte more; and nothing where it is not
/// reached.
void Call::check_targets(const std::string& format, bool parsed) {
    std::size_t unit = 0;
    for (const char letter : format.substr(0, format.find_first_of(":;"))) {
        if (letter == '|' || letter == '$') continue;
        if (unit == kMost) break;
        std::size_t size = 8;
        if (letter == 'b' || letter == 'B') size = 1;
        if (letter == 'h' || letter == 'H') size = 2;
        if (letter == 'i' || letter == 'I' || letter == 'p' || letter == 'f') size = 4;
        const Target& target = targets_[unit++];
        require(std::all_of(target.value.begin() + static_cast<std::ptrdiff_t>(size),
                            target.value.end(), [](unsigned char b) { return b == kUntouched; }),
                "a unit writes no more than its type has");
        if (parsed && letter == 's' && target.value[7] != kUntouched) {
            const char* text = nullptr;
            std::memcpy(&text, target.value.data(), sizeof(text));
            require(std::strlen(text) < 1000, "a text has its end");
        }
    }
    for (const Target& target : targets_) {
        require(std::all_of(target.untouched.begin(), target.untouched.end(),
                            [](unsigned char b) { return b == kUntouched; }),
                "nothing is written behind a variable");
    }
}

void Call::parse(std::size_t which) {
    const std::size_t count = bytes_.below(6);
    const std::size_t named = bytes_.below(4);
    const std::size_t keywords = bytes_.below(8);
    const bool tracked = bytes_.below(2) == 1;
    std::array<const char*, kMost> names{};
    for (std::size_t i = 0; i < keywords; ++i)
        names[i] = kNames[bytes_.below(kNames.size())];
    const HPy tuple = which == 1 && named > 0 ? make_names(named) : HPy_NULL;
    const HPy dict = which == 2 && named > 0 ? make_dict(named) : HPy_NULL;
    const std::string format = bytes_.text(64);
    std::memset(targets_.data(), kUntouched, sizeof(targets_));
    HPyTracker tracker{};
    HPyTracker* const kept = tracked ? &tracker : nullptr;
    const auto units = static_cast<std::size_t>(
        std::count_if(format.begin(), format.end(), [](char c) { return c != '|' && c != '$'; }));
    if (units <= kMost) {
        int parsed = 0;
        std::array<void*, kMost> p{};
        for (std::size_t i = 0; i < kMost; ++i)
            p[i] = &targets_[i];
        if (which == 0) {
            parsed = HPyArg_Parse(ctx_, kept, values_.data(), count, format.c_str(), p[0], p[1],
                                  p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11]);
        } else if (which == 1) {
            parsed = HPyArg_ParseKeywords(ctx_, kept, values_.data(), count, tuple, format.c_str(),
                                          names.data(), p[0], p[1], p[2], p[3], p[4], p[5], p[6],
                                          p[7], p[8], p[9], p[10], p[11]);
        } else {
            parsed = HPyArg_ParseKeywordsDict(ctx_, kept, values_.data(),
                                              static_cast<HPy_ssize_t>(count), dict, format.c_str(),
                                              names.data(), p[0], p[1], p[2], p[3], p[4], p[5],
                                              p[6], p[7], p[8], p[9], p[10], p[11]);
        }
        check_outcome(parsed != 0);
        check_targets(format, parsed != 0);
        if (parsed != 0 && tracked) HPyTracker_Close(ctx_, tracker);
    }
    HPy_Close(ctx_, tuple);
    HPy_Close(ctx_, dict);
}

/// Values for the units of HPy_BuildValue; false where there are too many.
bool Call::choose_for_build(const std::string& format) {
    for (const char letter : format) {
        if (std::strchr("iIlkLKn", letter) != nullptr) whole_.push_back(take_number());
        if (letter == 's') whole_.push_back(take_text());
        if (letter == 'O' || letter == 'S') whole_.push_back(take_object());
        if (letter == 'f' || letter == 'd') floats_.push_back(bytes_.next<double>());
    }
    return fill();
}

/// Values for the units of HPyUnicode_FromFormat; false where there are too many, or a width that
/// would only cost memory.
bool Call::choose_for_text(const std::string& format) {
    const char* at = format.c_str();
    while ((at = std::strchr(at, '%')) != nullptr) {
        ++at;
        if (*at == '%') {
            ++at;
            continue;
        }
        const unsigned long long width = std::strtoull(at, nullptr, 10);
        at += std::strspn(at, "0123456789");
        unsigned long long precision = 0;
        if (*at == '.') {
            precision = std::strtoull(++at, nullptr, 10);
            at += std::strspn(at, "0123456789");
        }
        if (std::max(width, precision) > 10'000 && std::max(width, precision) < LLONG_MAX / 2) {
            return false;
        }
        at += *at == 'z' ? 1 : std::min<std::size_t>(std::strspn(at, "l"), 2);
        if (*at == '\0') break;
        if (std::strchr("diuxcp", *at) != nullptr) whole_.push_back(take_number());
        if (std::strchr("USRAV", *at) != nullptr) whole_.push_back(take_object());
        if (std::strchr("sV", *at) != nullptr) whole_.push_back(take_text());
        ++at;
    }
    return fill();
}

bool Call::fill() {
    const bool fits = whole_.size() <= kMost && floats_.size() <= 8;
    whole_.resize(kMost);
    floats_.resize(8);
    return fits;
}

void Call::build_value() {
    const std::string format = bytes_.text(256);
    if (!choose_for_build(format)) return;
    const auto& w = whole_;
    const auto& f = floats_;
    // The floats have registers of their own, all eight; so the others are taken in their order,
    // however the units are mixed.
    finish(HPy_BuildValue(ctx_, format.c_str(), w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7],
                          w[8], w[9], w[10], w[11], f[0], f[1], f[2], f[3], f[4], f[5], f[6],
                          f[7]));
}

void Call::from_format(bool raise) {
    const std::string format = bytes_.text(64);
    if (!choose_for_text(format)) return;
    const auto& w = whole_;
    if (!raise) {
        finish(HPyUnicode_FromFormat(ctx_, format.c_str(), w[0], w[1], w[2], w[3], w[4], w[5], w[6],
                                     w[7], w[8], w[9], w[10], w[11]));
        return;
    }
    const HPy none = HPyErr_Format(ctx_, ctx_->h_ValueError, format.c_str(), w[0], w[1], w[2], w[3],
                                   w[4], w[5], w[6], w[7], w[8], w[9], w[10], w[11]);
    require(HPy_IsNull(none), "HPyErr_Format gives HPy_NULL");
    check_outcome(false);
}

} // namespace

void formats(Input input) {
    const References unchanged;
    Bytes bytes(input);
    const std::size_t which = bytes.below(6);
    Call call(bytes);
    if (which < 3) {
        call.parse(which);
    } else if (which == 3) {
        call.build_value();
    } else {
        call.from_format(which == 5);
    }
}

} // namespace hpystate::fuzz
