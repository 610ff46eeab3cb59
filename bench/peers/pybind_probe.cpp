// pybind_probe.cpp: state kept as pybind11 keeps it.
#include <pybind11/gil_safe_call_once.h>
#include <pybind11/pybind11.h>

namespace py = pybind11;

PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> storage;

PYBIND11_MODULE(pybind_probe, m) {
    m.def("store", [](const py::object& value) {
        storage.call_once_and_store_result([&] { return value; });
    });
    m.def("load", [](long n) {
        for (long i = 0; i < n; i++) {
            py::object value = storage.get_stored();
            __asm__ volatile("" : : "r"(value.ptr()), "r"(i) : "memory");
        }
    });
}
