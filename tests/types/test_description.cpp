/// tests/types/test_description.cpp: a type and a module of a version of the ABI that does not
/// exist. It lays out its definitions in its own way, and nothing but its reader knows how.
#include "runtime/loader/module.h"
#include "runtime/types/check.h"
#include "runtime/types/description.h"
#include "runtime/types/type.h"
#include "tests/interp_state/interpreters.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

using namespace hpystate;
using namespace hpystate::testing;

namespace {

// ---- the invented version: arrays with a count, names in front, no kinds, no trampolines ----

struct InventedMethod {
    const char* name;
    HPy (*takes_one)(HPyContext*, HPy, HPy);
};

struct InventedType {
    const char* module;
    const char* name;
    std::size_t bytes;
    const InventedMethod* methods;
    std::size_t method_count;
    std::size_t number_at; ///< where the struct has the field that Python sees as `number`
};

/// Any function under one type; by way of void(), which compilers take as "on purpose".
template <typename Function>
HPyCFunction any(Function* function) {
    return reinterpret_cast<HPyCFunction>(reinterpret_cast<void (*)()>(function));
}

TypeDescription read(const InventedType& type, std::string& name) {
    name = std::string(type.module) + "." + type.name;
    TypeDescription wanted;
    wanted.name = name.c_str();
    wanted.basicsize = static_cast<int>(type.bytes);
    wanted.flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE;
    for (std::size_t i = 0; i < type.method_count; ++i) {
        const InventedMethod& method = type.methods[i];
        wanted.definitions.emplace_back(
            MethodDescription{method.name, HPyFunc_O, any(method.takes_one), nullptr, nullptr});
    }
    const auto offset = static_cast<Py_ssize_t>(type.number_at);
    wanted.definitions.emplace_back(
        MemberDescription{"number", HPyMember_LONG, offset, false, nullptr});
    return wanted;
}

// ---- what an extension of that version has ----

struct Struct {
    long unused;
    long number;
};

/// self.number + to, and a reference to the first argument's context: it must be ours.
HPyContext* seen = nullptr;

HPy add(HPyContext* ctx, HPy self, HPy to) {
    seen = ctx;
    const auto* const data = static_cast<Struct*>(ctx->ctx_AsStruct_Object(ctx, self));
    const HPy number = ctx->ctx_Long_FromInt64_t(ctx, data->number);
    const HPy sum = ctx->ctx_Add(ctx, number, to);
    ctx->ctx_Close(ctx, number);
    return sum;
}

constexpr std::array<InventedMethod, 1> kMethods{{{"add", &add}}};
constexpr InventedType kType{"invented",      "Adder",         sizeof(Struct),
                             kMethods.data(), kMethods.size(), offsetof(Struct, number)};

HPyGlobal kept;

int keep(HPyContext* ctx, HPy module) {
    const HPy name = ctx->ctx_GetAttr_s(ctx, module, "__name__");
    ctx->ctx_Global_Store(ctx, &kept, name);
    ctx->ctx_Close(ctx, name);
    return 0;
}

HPy give(HPyContext* ctx, HPy, HPy) {
    return ctx->ctx_Global_Load(ctx, kept);
}

constexpr char kIdentity = 0; ///< its address is the module's

ModuleDescription invented_module() {
    ModuleDescription wanted;
    wanted.source = &kIdentity;
    wanted.definitions.emplace_back(SlotDescription{HPy_mod_exec, any(&keep), nullptr});
    wanted.definitions.emplace_back(
        MethodDescription{"give", HPyFunc_O, any(&give), nullptr, nullptr});
    wanted.globals.push_back(reinterpret_cast<std::uintptr_t*>(&kept));
    wanted.lists_globals = true;
    return wanted;
}

/// The text of the exception that is set, which is cleared.
std::string raised(PyObject* type) {
    REQUIRE(PyErr_ExceptionMatches(type));
    const Ref exception(PyErr_GetRaisedException());
    const Ref text(PyObject_Str(exception.get()));
    return PyUnicode_AsUTF8(text.get());
}

} // namespace

TEST_CASE("a type of an invented version is made without a struct of HPy's ABI", "[types]") {
    const Runtime runtime;
    HPyContext* const ctx = enter();
    std::string name;

    const Ref type(make_type(read(kType, name), Site{false, nullptr, ctx}));
    REQUIRE(type);
    const Ref instance(PyObject_CallNoArgs(type.get()));
    REQUIRE(instance);
    const Ref number(PyLong_FromLong(40));
    REQUIRE(PyObject_SetAttrString(instance.get(), "number", number.get()) == 0);
    const Ref sum(PyObject_CallMethod(instance.get(), "add", "i", 2));
    REQUIRE(sum);

    CHECK(PyLong_AsLong(sum.get()) == 42);
    CHECK(seen == ctx);
    CHECK(std::string(reinterpret_cast<PyTypeObject*>(type.get())->tp_name) == "invented.Adder");
}

TEST_CASE("its types are told apart by interpreter, as all are", "[types]") {
    const Runtime runtime;
    Subinterpreter other;
    HPyContext* const ctx = enter();
    std::string name;

    const Ref type(make_type(read(kType, name), Site{false, nullptr, ctx}));
    REQUIRE(type);
    const Ref instance(PyObject_CallNoArgs(type.get()));
    const Ref sum(PyObject_CallMethod(instance.get(), "add", "i", 2));

    CHECK(PyLong_AsLong(sum.get()) == 2);
    CHECK(seen == ctx);
}

TEST_CASE("what is wrong with its description is refused as in every version", "[types]") {
    const Runtime runtime;
    HPyContext* const ctx = enter();
    const Site site{false, nullptr, ctx};
    std::string name;

    TypeDescription wanted = read(kType, name);
    wanted.definitions.emplace_back(UnknownDescription{9});
    CHECK(make_type(wanted, site) == nullptr);
    CHECK(raised(PyExc_SystemError) == "type 'invented.Adder': a definition has the unknown kind "
                                       "9. Define it with the HPyDef macros.");

    wanted.parameters.push_back({ParameterKind::kBase, Py_None}); // of two problems the first one
    CHECK_FALSE(check_type(wanted));
    CHECK(raised(PyExc_TypeError) ==
          "type 'invented.Adder': a base is of type 'NoneType', a type was expected.");
}

TEST_CASE("a module of an invented version is made, and its global is an interpreter's own",
          "[types][module]") {
    const Runtime runtime;
    HPyContext* const ctx = enter();
    const Ref types(PyImport_ImportModule("types"));
    const Ref empty(PyTuple_New(0));
    const Ref keywords(Py_BuildValue("{s:s}", "name", "invented"));
    const Ref space(PyObject_GetAttrString(types.get(), "SimpleNamespace"));
    const Ref spec(PyObject_Call(space.get(), empty.get(), keywords.get()));
    REQUIRE(spec);
    const ModuleRequest request{"invented", "no file", spec.get(), Interpreters::kOwnGil, nullptr};

    const Ref module(create_module(invented_module(), request));
    REQUIRE(module);
    CHECK(load(ctx, kept) == nullptr); // nothing of it has run
    REQUIRE(execute_module(module.get()));
    const Ref given(PyObject_CallMethod(module.get(), "give", "O", Py_None));

    REQUIRE(given);
    CHECK(std::string(PyUnicode_AsUTF8(given.get())) == "invented");
}
