// loads_pybind.cpp: a loop that reads an object which pybind11 keeps, one for each interpreter.
#include <pybind11/gil_safe_call_once.h>
#include <pybind11/pybind11.h>

namespace py = pybind11;

PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> storage;

PYBIND11_MODULE(loads_pybind, m, py::multiple_interpreters::per_interpreter_gil()) {
    storage.call_once_and_store_result([] { return py::object(py::str("a value")); });
    m.def("load", [](long n) {
        for (long i = 0; i < n; i++) {
            const py::object& value = storage.get_stored();
            __asm__ volatile("" : : "r"(value.ptr()), "r"(i) : "memory");
        }
        return storage.get_stored();
    });
}
