/// runtime/layers/debug/builders.cpp: builders of lists and tuples, each with a record of whether
/// it was built or cancelled.
#include "runtime/abi/upstream_messages.h"
#include "runtime/layers/debug/call.h"
#include "runtime/layers/debug/own.h"

#include <bit>

namespace hpystate::layers {

namespace {

/// The functions of the plain context for one kind of builder. A builder is a struct of one word.
struct Lists {
    using Builder = HPyListBuilder;
    static constexpr auto kNew = &HPyContext::ctx_ListBuilder_New;
    static constexpr auto kSet = &HPyContext::ctx_ListBuilder_Set;
    static constexpr auto kBuild = &HPyContext::ctx_ListBuilder_Build;
    static constexpr auto kCancel = &HPyContext::ctx_ListBuilder_Cancel;
};

struct Tuples {
    using Builder = HPyTupleBuilder;
    static constexpr auto kNew = &HPyContext::ctx_TupleBuilder_New;
    static constexpr auto kSet = &HPyContext::ctx_TupleBuilder_Set;
    static constexpr auto kBuild = &HPyContext::ctx_TupleBuilder_Build;
    static constexpr auto kCancel = &HPyContext::ctx_TupleBuilder_Cancel;
};

template <typename Builder>
[[nodiscard]] DebugBuilder* record_of_builder(Builder builder) noexcept {
    return reinterpret_cast<DebugBuilder*>(std::bit_cast<std::intptr_t>(builder));
}

/// The plain builder. For a builder that was built or cancelled before it reports that and returns
/// 0, which the plain functions treat as a builder that could not be made.
template <typename Builder>
[[nodiscard]] Builder unwrap(const Call& call, Builder builder) noexcept {
    const DebugBuilder* const record = record_of_builder(builder);
    if (record == nullptr || !record->closed) return Builder{record != nullptr ? record->plain : 0};
    call.state().report(
        Misuse::kBuilder,
        [&] { return std::string(call.where()) + ": the builder was built or cancelled before."; },
        upstream::kClosedBuilder);
    return Builder{0};
}

/// The same, and the builder is closed.
template <typename Builder>
[[nodiscard]] Builder unwrap_and_close(const Call& call, Builder builder) noexcept {
    const Builder plain = unwrap(call, builder);
    if (DebugBuilder* const record = record_of_builder(builder)) record->closed = true;
    return plain;
}

template <typename Kind>
[[nodiscard]] typename Kind::Builder make(const Call& call, HPy_ssize_t size) noexcept {
    const auto plain = (call.plain()->*Kind::kNew)(call.plain(), size);
    DebugBuilder* const record = call.state().open_builder(std::bit_cast<std::intptr_t>(plain));
    if (record == nullptr) (call.plain()->*Kind::kCancel)(call.plain(), plain);
    return {reinterpret_cast<std::intptr_t>(record)};
}

template <typename Kind>
void set(const Call& call, typename Kind::Builder builder, HPy_ssize_t index, HPy item) noexcept {
    (call.plain()->*Kind::kSet)(call.plain(), unwrap(call, builder), index, call.in(item));
}

template <typename Kind>
[[nodiscard]] HPy build(const Call& call, typename Kind::Builder builder) noexcept {
    return call.out((call.plain()->*Kind::kBuild)(call.plain(), unwrap_and_close(call, builder)));
}

template <typename Kind>
void cancel(const Call& call, typename Kind::Builder builder) noexcept {
    (call.plain()->*Kind::kCancel)(call.plain(), unwrap_and_close(call, builder));
}

} // namespace

HPyListBuilder own_ListBuilder_New(HPyContext* context, HPy_ssize_t size) noexcept {
    return make<Lists>(Call(context, ContextFunction::ListBuilder_New), size);
}

void own_ListBuilder_Set(HPyContext* context, HPyListBuilder builder, HPy_ssize_t index,
                         HPy h_item) noexcept {
    set<Lists>(Call(context, ContextFunction::ListBuilder_Set), builder, index, h_item);
}

HPy own_ListBuilder_Build(HPyContext* context, HPyListBuilder builder) noexcept {
    return build<Lists>(Call(context, ContextFunction::ListBuilder_Build), builder);
}

void own_ListBuilder_Cancel(HPyContext* context, HPyListBuilder builder) noexcept {
    cancel<Lists>(Call(context, ContextFunction::ListBuilder_Cancel), builder);
}

HPyTupleBuilder own_TupleBuilder_New(HPyContext* context, HPy_ssize_t size) noexcept {
    return make<Tuples>(Call(context, ContextFunction::TupleBuilder_New), size);
}

void own_TupleBuilder_Set(HPyContext* context, HPyTupleBuilder builder, HPy_ssize_t index,
                          HPy h_item) noexcept {
    set<Tuples>(Call(context, ContextFunction::TupleBuilder_Set), builder, index, h_item);
}

HPy own_TupleBuilder_Build(HPyContext* context, HPyTupleBuilder builder) noexcept {
    return build<Tuples>(Call(context, ContextFunction::TupleBuilder_Build), builder);
}

void own_TupleBuilder_Cancel(HPyContext* context, HPyTupleBuilder builder) noexcept {
    cancel<Tuples>(Call(context, ContextFunction::TupleBuilder_Cancel), builder);
}

} // namespace hpystate::layers
