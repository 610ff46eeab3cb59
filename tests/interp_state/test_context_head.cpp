/// tests/interp_state/test_context_head.cpp: every context of this runtime tells what it is.
#include "runtime/context/head.h"
#include "runtime/layers/debug/state.h"
#include "runtime/layers/trace/trace.h"
#include "tests/interp_state/interpreters.h"

#include <array>
#include <cstdint>

using namespace hpystate;
using namespace hpystate::testing;

namespace {

/// A context that another runtime made: its name is ours, its private part is its own.
HPyContext foreign(const char* name, void* part) {
    HPyContext context{};
    context.name = name;
    context._private = part;
    return context;
}

} // namespace

TEST_CASE("a plain context shares its head with those of all interpreters") {
    const Runtime python;
    HPyContext* const first = enter();
    const Subinterpreter other;
    HPyContext* const second = enter();

    const ContextHead* const head = context::head_of(second);
    REQUIRE(head == context::head_of(first));
    CHECK(head == &context::kPlainHead);
    CHECK(head->version == Version::kV09);
    CHECK(head->kind == ContextKind::kPlain);
    CHECK(head->fused == second->_private);
    CHECK(Region::of(first) != Region::of(second));
}

TEST_CASE("a context of debug or trace mode names its kind, its interpreter and its fused calls") {
    const Runtime python;
    const Subinterpreter other;
    HPyContext* const plain = enter();
    const bool debug = GENERATE(true, false);
    const Layer& layer = debug ? layers::debug_layer : layers::trace_layer;

    HPyContext* const context = layer.enter(plain);
    const ContextHead* const head = context::head_of(context);
    REQUIRE(head != nullptr);
    CHECK(head == context->_private);
    CHECK(head->version == Version::kV09);
    CHECK(head->kind == (debug ? ContextKind::kDebug : ContextKind::kTrace));
    CHECK(head->region == Region::of(plain));
    CHECK(head->fused == (debug ? &layers::kDebugFusedCalls : &layers::kTraceFusedCalls));
    layer.leave(context);
}

TEST_CASE("a context of another runtime has no head, whatever its name") {
    const std::array<const char*, 3> names = {layers::kDebugName, layers::kTraceName, "another"};
    for (const char* name : names) {
        const HPyContext without = foreign(name, nullptr);
        CHECK(context::head_of(&without) == nullptr);

        std::uintptr_t one_word = 0xF00BAA5; // all that may be read of it
        const HPyContext with = foreign(name, &one_word);
        CHECK(context::head_of(&with) == nullptr);
    }
}
