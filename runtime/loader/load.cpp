/// runtime/loader/load.cpp: gives the file its context and fused calls, gets its definition, makes
/// the module; in that order.
#include <Python.h>

#include "runtime/loader/load.h"

#include "runtime/cpython/raised.h"
#include "runtime/elf/origin.h"
#include "runtime/elf/placement.h"
#include "runtime/loader/called.h"
#include "runtime/loader/error.h"
#include "runtime/loader/fused_link.h"
#include "runtime/loader/old_module.h"
#include "runtime/loader/sibling.h"

#include <string>

namespace hpystate {

namespace {

/// Throws LoadError if the address that HPyInit_<mod> returned is not that of a definition in the
/// file. Does not read the memory there.
void check_definition(const InspectedFile& file, const HPyModuleDef* definition,
                      const std::string& symbol) {
    const OwnFile own(reinterpret_cast<void*>(file.init));
    if (const auto stranger = own.stranger_at(definition)) {
        throw LoadError(LoadErrorKind::kForeignSymbol,
                        file.path + ": what the function " + symbol + " returned " +
                            stranger->text(),
                        {{"symbol", stranger->symbol}, {"file", stranger->file}});
    }
    const Placement place = place_of(definition);
    if (place == Placement::kMisaligned || place == Placement::kUnmapped) {
        throw LoadError(
            LoadErrorKind::kBadDefinition,
            file.path + ": what the function " + symbol +
                " returned is not the address of a module definition. Return the address of "
                "a static HPyModuleDef, as HPy_MODINIT does.",
            {{"symbol", symbol}});
    }
}

/// What the file's HPyInit_<mod> returns. If that is NULL, an exception that it set is the reason.
/// Throws LoadError and AlreadyRaised.
const HPyModuleDef& definition_of(const InspectedFile& file) {
    const std::string symbol = "HPyInit_" + file.short_name;
    const HPyModuleDef* const definition = call_file(file.init);
    if (definition == nullptr) {
        if (PyErr_Occurred() != nullptr) throw AlreadyRaised();
        throw LoadError(
            LoadErrorKind::kInitNull,
            file.path + ": the function " + symbol +
                " returned NULL; the address of a module definition was expected. Return "
                "the address of a static HPyModuleDef, as HPy_MODINIT does.",
            {{"symbol", symbol}});
    }
    check_no_exception(file.path, symbol);
    check_definition(file, definition, symbol);
    return *definition;
}

/// In which interpreters a module may be made if neither the caller nor the file declared it. The C
/// API's part of a hybrid module has statics of its own.
Interpreters assumed_for(const InspectedFile& file, const ModuleDescription& wanted) noexcept {
    const bool hybrid = file.hybrid || wanted.legacy_methods != nullptr;
    return hybrid ? Interpreters::kSharedGil : Interpreters::kOwnGil;
}

} // namespace

PyObject* create(const InspectedFile& file, const Decision& decision, PyObject* spec) {
    prepare_raised();
    if (file.offer->describe == nullptr) {
        check_unshared(file); // first: a refused file is left as it is
        fill_sibling_link(file);
        return create_old(file, decision.layer, decision.interpreters);
    }
    const bool other_runtime = give_dispatcher(file, decision.sharing);
    check_no_exception(file.path, "HPyInitGlobalContext_" + file.short_name);
    const bool of_trunk = file.offer->layer_in == nullptr;
    if (of_trunk) fill_fused_link(file); // the functions of that table take contexts of kTrunk
    fill_sibling_link(file);
    const ModuleDescription wanted = file.offer->describe(definition_of(file));
    const Interpreters where = decision.interpreters.value_or(assumed_for(file, wanted));
    const Layer* const layer = of_trunk ? decision.layer : &file.offer->layer_in(decision.layer);
    return create_module(wanted, {file.name, file.path, spec, where, layer,
                                  other_runtime || decision.sharing == Sharing::kShare});
}

} // namespace hpystate
