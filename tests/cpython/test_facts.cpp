/// tests/cpython/test_facts.cpp: what CPython does not promise, on the CPython at hand, and what we
/// do without it. docs/abi.md has the table.
#include "globals/gil.h"
#include "runtime/cpython/gc_head.h"
#include "runtime/cpython/interpreter_end.h"
#include "runtime/cpython/items.h"
#include "runtime/cpython/managed_dict.h"
#include "runtime/cpython/module_layout.h"
#include "runtime/cpython/private_symbols.h"
#include "runtime/cpython/ref.h"
#include "runtime/cpython/subtype.h"
#include "runtime/cpython/type_words.h"
#include "tests/interp_state/interpreters.h"

#include <cstring>
#include <structmember.h>

using namespace hpystate;
using namespace hpystate::testing;

namespace {

HPyGlobal slot;

PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                          "layout",
                          nullptr,
                          sizeof(long),
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr,
                          nullptr};

/// Without a private symbol, for as long as it lives.
template <typename Function>
class Without {
  public:
    explicit Without(Function& place) : place_(place), before_(std::exchange(place, nullptr)) {}
    Without(const Without&) = delete;
    Without& operator=(const Without&) = delete;
    ~Without() { place_ = before_; }

  private:
    Function& place_;
    Function before_;
};

/// What Python code makes of its name `made`.
Ref made_by(const char* code) {
    const Ref globals(PyDict_New());
    const Ref result(PyRun_String(code, Py_file_input, globals.get(), globals.get()));
    REQUIRE(result);
    return Ref::borrow(PyDict_GetItemString(globals.get(), "made"));
}

} // namespace

TEST_CASE("a module keeps definition and state where the layout has them", "[cpython]") {
    const Runtime runtime;
    const Ref module(PyModule_Create(&definition));
    REQUIRE(module);
    const void* const state = PyModule_GetState(module.get());

    CHECK(check_module_size(PyModule_Type.tp_basicsize));
    CHECK(has_layout(module.get(), &definition, state));
    CHECK(definition_word(module.get()) == &definition);
    CHECK(state_of(module.get()) == state);
    CHECK_FALSE(has_other_module_layout());
}

TEST_CASE("a module that is laid out otherwise is noticed", "[cpython]") {
    ModuleLayout fake;
    std::memset(static_cast<void*>(&fake), 0, sizeof(fake));
    int state = 0;
    fake.definition = &definition;
    fake.state = &state;
    REQUIRE(has_layout(&fake, &definition, &state));

    CHECK_FALSE(has_layout(&fake, &definition, nullptr));
    CHECK_FALSE(has_layout(&fake, nullptr, &state));
}

TEST_CASE("a module that is shorter than the layout is refused before it is read", "[cpython]") {
    const Runtime runtime;
    constexpr auto kSize = static_cast<Py_ssize_t>(sizeof(ModuleLayout));
    CHECK(check_module_size(kSize));
    CHECK_FALSE(check_module_size(kSize - 8));
    const Ref raised(PyErr_GetRaisedException());
    REQUIRE(raised);
    CHECK(PyErr_GivenExceptionMatches(raised.get(), PyExc_SystemError));
}

namespace {

constexpr PyMethodDef mark{nullptr, nullptr, 0, nullptr};
int word;
int released;

Ref counted_capsule() {
    released = 0;
    return Ref(PyCapsule_New(&word, "word", [](PyObject*) { ++released; }));
}

PyTypeObject* as_type(const Ref& object) {
    return reinterpret_cast<PyTypeObject*>(object.get());
}

} // namespace

TEST_CASE("a capsule has its pointer and its context where the layout has them", "[cpython]") {
    const Runtime runtime;
    const Ref capsule = counted_capsule();
    REQUIRE(PyCapsule_SetContext(capsule.get(), &released) == 0);
    CHECK(inside(capsule.get()).pointer == &word);
    CHECK(inside(capsule.get()).context == &released);
}

TEST_CASE("no type of CPython uses the word that a marked type owns", "[cpython]") {
    const Runtime runtime;
    const Ref made = made_by("import asyncio, collections, ctypes, decimal, enum, io, typing\n"
                             "made, new = [], [object]\n"
                             "while new:\n"
                             "    made += new\n"
                             "    new = [s for c in new for s in type.__subclasses__(c)]\n");
    REQUIRE(PyList_GET_SIZE(made.get()) > 100);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(made.get()); ++i) {
        auto* const type = reinterpret_cast<PyTypeObject*>(PyList_GET_ITEM(made.get(), i));
        INFO(type->tp_name);
        CHECK(type->tp_cache == nullptr);
    }
}

TEST_CASE("a marked type keeps its word when it is cleared, and releases it at its end",
          "[cpython]") {
    const Runtime runtime;
    Ref type = made_by("class made: pass");
    mark_type(as_type(type), &mark, counted_capsule(), &word, nullptr);
    REQUIRE(has_mark(as_type(type), &mark));
    CHECK(released == 0);

    PyType_Type.tp_clear(type.get());

    CHECK(has_mark(as_type(type), &mark));
    CHECK(words_of_marked(as_type(type)).pointer == &word);
    type = Ref();
    PyGC_Collect();
    CHECK(released == 1);
}

TEST_CASE("a class that derives from a marked type has no mark", "[cpython]") {
    const Runtime runtime;
    const Ref type = made_by("class made:\n    def method(self): pass");
    mark_type(as_type(type), &mark, counted_capsule(), &word, nullptr);
    PyType_Slot slots[] = {{0, nullptr}};
    PyType_Spec spec{"derived", 0, 0, Py_TPFLAGS_DEFAULT, slots};

    const Ref derived(PyType_FromSpecWithBases(&spec, type.get()));

    REQUIRE(derived);
    CHECK_FALSE(has_mark(as_type(derived), &mark));
    CHECK(as_type(derived)->tp_cache == nullptr);
}

TEST_CASE("a type whose word is in use gets no mark", "[cpython]") {
    const Runtime runtime;
    const Ref type = made_by("class made: pass");
    as_type(type)->tp_cache = Py_NewRef(Py_None);

    mark_type(as_type(type), &mark, counted_capsule(), &word, nullptr);

    CHECK_FALSE(has_mark(as_type(type), &mark));
    CHECK(as_type(type)->tp_cache == Py_None);
    CHECK(released == 1);
}

#if !defined(Py_GIL_DISABLED)
TEST_CASE("the collector keeps two words in front of an object", "[cpython]") {
    const Runtime runtime;
    CHECK(check_gc_head() == GcHead::kExpected);
}
#endif

TEST_CASE("a head of the collector's that is another is noticed", "[cpython]") {
    CHECK(is_gc_head({16, 32}, {0, 0}));
    CHECK_FALSE(is_gc_head({0, 32}, {0, 0}));  // a word that is not the collector's
    CHECK_FALSE(is_gc_head({16, 32}, {0, 4})); // a flag that would stay
    CHECK_FALSE(is_gc_head({16, 32}, {16, 32}));
}

TEST_CASE("CPython tells a living interpreter's id from one that is gone", "[cpython]") {
    const Runtime runtime;
    REQUIRE(can_look_up_interpreters());
    std::int64_t id = 0;
    {
        const Subinterpreter other;
        id = PyInterpreterState_GetID(other.interpreter());
        CHECK(interpreter_with_id(id) == other.interpreter());
    }
    CHECK(interpreter_with_id(id) == nullptr);
    CHECK(PyErr_Occurred() == nullptr);
}

TEST_CASE("without a look-up by id a value of a dead interpreter is not found", "[cpython]") {
    const Without without(private_symbols.look_up_interpreter);
    const Runtime runtime;
    enter();
    for (int i = 0; i < 8; ++i) {
        Subinterpreter other;
        HPyContext* const ctx = enter();
        CHECK(load(ctx, slot) == nullptr);
        store(ctx, slot, Py_Ellipsis);
        CHECK(load(ctx, slot) == Py_Ellipsis);
    }
}

TEST_CASE("without the question, an interpreter's threads stop where Python's do", "[cpython]") {
    const Runtime runtime;
    CHECK_FALSE(has_stopped_threads());
    const Without without(private_symbols.is_interpreter_finalizing);
    CHECK_FALSE(has_stopped_threads());
}

TEST_CASE("an exit callback runs attached, after sys.modules is gone", "[cpython]") {
    struct Seen {
        bool attached = false;
        bool ending = false;
    } seen;
    const Runtime runtime;
    {
        const Subinterpreter other;
        CHECK_FALSE(is_ending());
        REQUIRE(add_exit_callback(
                    [](void* data) {
                        auto* const found = static_cast<Seen*>(data);
                        found->attached = current_interpreter() != nullptr;
                        found->ending = is_ending();
                    },
                    &seen) == 0);
    }
    CHECK(seen.attached);
    CHECK(seen.ending);
}

TEST_CASE("all classes made in Python have one tp_dealloc", "[cpython]") {
    const Runtime runtime;
    const Ref classes = made_by("class A: __slots__ = 'x',\nclass B(A): pass\nclass C(int): pass\n"
                                "made = (A, B, C)");
    const auto dealloc_of = [&](Py_ssize_t i) {
        return reinterpret_cast<PyTypeObject*>(items_of(classes.get())[i])->tp_dealloc;
    };
    CHECK(dealloc_of(0) == dealloc_of(1));
    CHECK(dealloc_of(0) == dealloc_of(2));
    CHECK(dealloc_of(0) != PyBaseObject_Type.tp_dealloc);
}

TEST_CASE("a class's __slots__ are members in its tp_members", "[cpython]") {
    const Runtime runtime;
    const Ref made = made_by("class A: __slots__ = 'x',\nmade = A()\nmade.x = ...");
    const PyMemberDef* const member = Py_TYPE(made.get())->tp_members;
    REQUIRE(member != nullptr);
    CHECK(member->type == T_OBJECT_EX);
    CHECK(member->flags == 0);
    const char* const place = reinterpret_cast<char*>(made.get()) + member->offset;
    CHECK(*reinterpret_cast<PyObject* const*>(place) == Py_Ellipsis);
}

TEST_CASE("a managed dict is visited by its own function", "[cpython]") {
    const Runtime runtime;
    const Ref made = made_by("class A: pass\nmade = A()\nmade.x = ...\nmade.__dict__");
    REQUIRE(PyType_HasFeature(Py_TYPE(made.get()), Py_TPFLAGS_MANAGED_DICT));
    int visited = 0;
    visit_managed_dict(
        made.get(),
        [](PyObject*, void* count) {
            ++*static_cast<int*>(count);
            return 0;
        },
        &visited);
    CHECK(visited > 0);
    clear_managed_dict(made.get());
    CHECK_FALSE(PyObject_HasAttrString(made.get(), "x"));
}

TEST_CASE("tp_dictoffset leads to a dict", "[cpython]") {
    const Runtime runtime;
    const Ref function = made_by("def made(): pass\nmade.x = ...");
    PyObject** const place = place_of_dict(function.get());
    REQUIRE(place != nullptr);
    CHECK(PyDict_Check(*place));
    CHECK(place_of_dict(Py_None) == nullptr);
}

TEST_CASE("an int counts its digits above three bits of its tag", "[cpython]") {
    const Runtime runtime;
    const auto tag_of = [](const Ref& number) {
        return reinterpret_cast<PyLongObject*>(number.get())->long_value.lv_tag;
    };
    // Instances of a class: the tag of a small int has one more bit from 3.14 on.
    const Ref zero = made_by("class I(int): pass\nmade = I(0)");
    const Ref large = made_by("import sys\nclass I(int): pass\n"
                              "made = I(1 << 3 * sys.int_info.bits_per_digit)");
    CHECK(tag_of(zero) == 1);
    CHECK(tag_of(large) >> 3U == 4);
}

TEST_CASE("a type's MRO and flags tell what PyType_IsSubtype does", "[cpython]") {
    const Runtime runtime;
    const Ref made = made_by("import collections, datetime, enum, numbers, types\n"
                             "class Mixin: __slots__ = ()\n"
                             "class Odd(type):\n"
                             "    def mro(cls): return [cls, Mixin, object]\n"
                             "class Told(metaclass=Odd): pass\n"
                             "class Number(Mixin, int): pass\n"
                             "class Error(Mixin, KeyError): pass\n"
                             "class Text(str, enum.Enum): pass\n"
                             "class Pair(Mixin, collections.namedtuple('P', 'a b')): pass\n"
                             "made, seen = [object], set()\n"
                             "while len(seen) < len(made):\n"
                             "    cls = made[len(seen)]\n"
                             "    seen.add(cls)\n"
                             "    for each in type.__subclasses__(cls):\n"
                             "        if each not in made: made.append(each)\n");
    const Py_ssize_t count = PyList_GET_SIZE(made.get());
    REQUIRE(count > 150);
    for (Py_ssize_t i = 0; i < count; ++i) {
        auto* const type = reinterpret_cast<PyTypeObject*>(PyList_GET_ITEM(made.get(), i));
        for (Py_ssize_t k = 0; k < count; ++k) {
            auto* const of = reinterpret_cast<PyTypeObject*>(PyList_GET_ITEM(made.get(), k));
            if (is_subtype(type, of) != (PyType_IsSubtype(type, of) != 0))
                FAIL(type->tp_name << " and " << of->tp_name);
        }
    }
}

TEST_CASE("items of lists and tuples are read where they lie", "[cpython]") {
    const Runtime runtime;
    const Ref list = made_by("made = [1, ...]");
    const Ref sub = made_by("class L(list): pass\nmade = L((1, ...))");
    const Ref tuple = made_by("class T(tuple): pass\nmade = T((1, ...))");
    CHECK(has_list_item(list.get(), 1) == !kNoGil);
    CHECK_FALSE(has_list_item(list.get(), 2));
    CHECK_FALSE(has_list_item(list.get(), -1));
    CHECK_FALSE(has_list_item(sub.get(), 0));
    CHECK_FALSE(has_list_item(tuple.get(), 0));
    CHECK(items_of(tuple.get())[1] == Py_Ellipsis);
}

TEST_CASE("a list with room takes an item where it lies", "[cpython]") {
    const Runtime runtime;
    const Ref list = made_by("made = []\nmade.append(1)"); // makes room for more than one
    const Ref full = made_by("made = [None] * 3");
    const Ref sub = made_by("class made(list): pass\nmade = made()\nmade.append(1)");
    CHECK(append_to_exact(list.get(), Py_Ellipsis) == !kNoGil);
    CHECK(PyList_GET_SIZE(list.get()) == (kNoGil ? 1 : 2));
    CHECK_FALSE(append_to_exact(full.get(), Py_Ellipsis));
    CHECK_FALSE(append_to_exact(sub.get(), Py_Ellipsis));
}
