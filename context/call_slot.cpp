/// context/call_slot.cpp: the array is copied only where there are keywords.
#include "context/call_slot.h"

#include "context/handle.h"

#include <new>
#include <vector>

namespace hpystate {

namespace {

/// The positional arguments and, behind them, the values of the keywords; owned, since the callee
/// may change the dict. Fills `names`. Empty with an exception set where memory is missing.
struct Arguments {
    std::vector<Ref> owned;
    Ref names;

    [[nodiscard]] bool collect(PyObject* args, PyObject* kwargs) noexcept;
};

bool Arguments::collect(PyObject* args, PyObject* kwargs) noexcept try {
    const Py_ssize_t positional = PyTuple_GET_SIZE(args);
    const Py_ssize_t keywords = PyDict_GET_SIZE(kwargs);
    owned.reserve(static_cast<std::size_t>(positional + keywords));
    for (Py_ssize_t i = 0; i < positional; ++i) {
        owned.push_back(Ref::borrow(PyTuple_GET_ITEM(args, i)));
    }
    names = Ref(PyTuple_New(keywords));
    if (!names) return false;
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; PyDict_Next(kwargs, &at, &key, &value) != 0; ++i) {
        owned.push_back(Ref::borrow(value));
        PyTuple_SET_ITEM(names.get(), i, Py_NewRef(key));
    }
    return true;
} catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
}

static_assert(sizeof(Ref) == sizeof(HPy), "an array of references is an array of handles");

} // namespace

PyObject* call_with_tuple_and_dict(HPyContext* ctx, HPyFunc_KEYWORDS_t impl, PyObject* self,
                                   PyObject* args, PyObject* kwargs) noexcept {
    const auto nargs = static_cast<std::size_t>(PyTuple_GET_SIZE(args));
    if (kwargs == nullptr || PyDict_GET_SIZE(kwargs) == 0) {
        const HPy* const items = as_handles(reinterpret_cast<PyTupleObject*>(args)->ob_item);
        return as_object(impl(ctx, as_handle(self), items, nargs, kNullHandle));
    }
    Arguments arguments;
    if (!arguments.collect(args, kwargs)) return nullptr;
    const auto* const handles = reinterpret_cast<const HPy*>(arguments.owned.data());
    return as_object(impl(ctx, as_handle(self), handles, nargs, as_handle(arguments.names.get())));
}

} // namespace hpystate
