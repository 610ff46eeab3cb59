// kept_pybind.cpp: the work of kept_hpy.c with pybind11, which keeps an object for each
// interpreter.
#include <pybind11/gil_safe_call_once.h>
#include <pybind11/pybind11.h>

namespace py = pybind11;

struct Thing {
    long number = 0;
};

PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::dict> cache;
PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> type;
PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::str> key;

PYBIND11_MODULE(kept_pybind, m, py::multiple_interpreters::per_interpreter_gil()) {
    cache.call_once_and_store_result([] { return py::dict(); });
    type.call_once_and_store_result(
        [&] { return py::object(py::class_<Thing>(m, "Thing").def(py::init<>())); });
    key.call_once_and_store_result([] { return py::str("the last thing"); });
    m.def("use", [](long n) {
        for (long i = 0; i < n; ++i) {
            const py::object made = type.get_stored()();
            made.cast<Thing&>().number = i;
            cache.get_stored()[key.get_stored()] = made;
        }
        return cache.get_stored().size();
    });
}
