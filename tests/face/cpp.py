"""cpp.py: a module in C++ that uses hpystate/global.hpp: objects that tell what happens to them.

What they tell is kept for the process, so that it can be read when their interpreter is gone.
"""

from __future__ import annotations

from pathlib import Path

from tests.face.plain import compile_module

BODY = """
    #include <hpystate/global.hpp>
    #include <cstdio>
    #include <cstdint>
    #include <mutex>
    #include <string>
    #include <vector>

    using hpystate::global;
    using hpystate::per_interpreter;
    using hpystate::ref;

    // ---- what happened, of all interpreters ----

    static std::mutex mutex;
    static std::vector<std::string> history;
    static bool prints;  /* at once: for the main interpreter, whose end nobody survives */

    static long here() {
        return static_cast<long>(PyInterpreterState_GetID(PyInterpreterState_Get()));
    }
    static void note(const std::string &what) {
        const std::lock_guard<std::mutex> lock(mutex);
        const std::string line = std::to_string(here()) + " " + what;
        if (prints) std::fprintf(stderr, "%s\\n", line.c_str()), std::fflush(stderr);
        history.push_back(line);
    }
    static PyObject *take_history(PyObject *, PyObject *) {
        std::vector<std::string> taken;
        {
            const std::lock_guard<std::mutex> lock(mutex);
            taken.swap(history);
        }
        ref<> list = ref<>::steal(PyList_New(0));
        for (const std::string &line : taken) {
            ref<> text = ref<>::steal(PyUnicode_FromString(line.c_str()));
            if (!list || !text || PyList_Append(list.get(), text.get()) < 0) return nullptr;
        }
        return list.release();
    }
    static PyObject *print_history(PyObject *, PyObject *) { prints = true; Py_RETURN_NONE; }

    // ---- objects whose ends have an order ----

    static global<> kept;      /* a list */
    static global<> function;  /* called with the list by a destructor */

    static std::string in_list() {
        PyObject *list = kept.borrow();
        return list != nullptr ? std::to_string(PyList_Size(list)) + " kept" : "nothing kept";
    }
    static std::string error() {  /* takes the exception */
        ref<> raised = ref<>::steal(PyErr_GetRaisedException());
        if (!raised) return "no error";
        ref<> text = ref<>::steal(PyObject_Str(raised.get()));
        const char *utf8 = text ? PyUnicode_AsUTF8AndSize(text.get(), nullptr) : nullptr;
        ref<> type = ref<>::borrow(reinterpret_cast<PyObject *>(Py_TYPE(raised.get())));
        ref<> name = ref<>::steal(PyObject_GetAttrString(type.get(), "__name__"));
        return std::string(PyUnicode_AsUTF8AndSize(name.get(), nullptr)) + ": " + utf8;
    }

    struct Base;
    struct User;
    static per_interpreter<Base> base;
    static per_interpreter<User> user;

    struct Base {
        long interpreter = here();
        std::string text = "base";
        ~Base() {
            note(text + " ends; " + (user.find() != nullptr ? "user is there" : "no user") + "; " +
                 in_list() + (interpreter == here() ? "" : "; elsewhere"));
            if (user.get() == nullptr) note(error());
        }
    };
    struct User {
        Base *uses = base.get();  /* made before this object is complete */
        ~User() {
            note("user ends; uses " + (uses == base.find() ? uses->text : "nothing") + "; " +
                 in_list());
        }
    };

    struct Late {
        Late() { note("late is made"); }
        ~Late() { note("late ends; " + in_list()); }
    };
    static per_interpreter<Late> late;

    struct Caller {  /* a destructor that runs Python code, and makes another object */
        explicit Caller(int number) : number(number) {}
        int number;
        ~Caller() {
            ref<> result = function.call(kept.borrow());
            note("caller " + std::to_string(number) + " ends; called: " +
                 (result ? "good" : error()) + "; " + in_list());
            if (late.get() == nullptr) note(error());
            if (!kept.store(ref<>::steal(PyList_New(0)))) note(error());
        }
    };
    static per_interpreter<Caller> caller;

    static PyObject *use_user(PyObject *, PyObject *list) {
        if (!kept.store(list)) return nullptr;
        User *found = user.get();
        return found != nullptr ? PyLong_FromLong(found->uses->interpreter) : nullptr;
    }
    static PyObject *use_caller(PyObject *, PyObject *callable) {
        if (!function.store(callable)) return nullptr;
        if (!kept.store(ref<>::steal(PyList_New(0)))) return nullptr;
        Caller *found = caller.get(7);
        if (found == nullptr || caller.get(8) != found) return nullptr;
        return PyLong_FromLong(found->number);
    }
    static PyObject *rename_base(PyObject *, PyObject *text) {
        Base *found = base.get();
        if (found == nullptr) return nullptr;
        found->text = PyUnicode_AsUTF8AndSize(text, nullptr);
        Py_RETURN_NONE;
    }
    static PyObject *name_of_base(PyObject *, PyObject *) {
        const Base *found = base.get();
        return found != nullptr ? PyUnicode_FromString(found->text.c_str()) : nullptr;
    }

    // ---- constructors that fail ----

    struct Failing {
        explicit Failing(const std::string &how) {
            if (how == "python_error") {
                PyErr_SetString(PyExc_KeyError, "a key");
                throw hpystate::python_error();
            }
            if (how == "nothing set") throw hpystate::python_error();
            if (how == "left") PyErr_SetString(PyExc_KeyError, "left behind");
            if (how == "bad_alloc") throw std::bad_alloc();
            if (how == "out_of_range") throw std::out_of_range("too far");
            if (how == "invalid_argument") throw std::invalid_argument("not that");
            if (how == "domain_error") throw std::domain_error("outside");
            if (how == "length_error") throw std::length_error("too long");
            if (how == "overflow_error") throw std::overflow_error("too large");
            if (how == "runtime_error") throw std::runtime_error("cannot");
            if (how == "latin 1") throw std::runtime_error("caf\\xe9");
            if (how == "both") {
                PyErr_SetString(PyExc_KeyError, "a key");
                throw std::runtime_error("cannot");
            }
            if (how == "int") throw 5;
        }
        ~Failing() { note("failing ends"); }
        char content[64] = {};
    };
    static per_interpreter<Failing> failing;
    static PyObject *make_failing(PyObject *, PyObject *how) {
        Failing *made = failing.get(PyUnicode_AsUTF8AndSize(how, nullptr));
        if (made == nullptr) return nullptr;
        Py_RETURN_NONE;
    }
    static PyObject *make_failing_again(PyObject *, PyObject *how) {
        PyErr_SetString(PyExc_LookupError, "before");
        Failing *made = failing.get(PyUnicode_AsUTF8AndSize(how, nullptr));
        if (made == nullptr) return nullptr;
        if (!PyErr_ExceptionMatches(PyExc_LookupError)) return nullptr;
        PyErr_Clear();
        Py_RETURN_NONE;
    }

    struct Itself { Itself(); };
    static per_interpreter<Itself> itself;
    Itself::Itself() { if (itself.get() == nullptr) throw hpystate::python_error(); }
    static PyObject *make_itself(PyObject *, PyObject *) {
        return itself.get() != nullptr ? PyLong_FromLong(1) : nullptr;
    }

    // ---- threads ----

    static long slow_made;
    struct alignas(64) Slow {
        Slow() {
            __atomic_add_fetch(&slow_made, 1, __ATOMIC_RELAXED);
            ref<> own = ref<>::steal(PyDict_New()); /* dies with this frame */
            ref<> time = ref<>::steal(PyImport_ImportModule("time"));
            ref<> slept = ref<>::steal(PyObject_CallMethod(time.get(), "sleep", "d", 0.05));
            if (!slept) throw hpystate::python_error();
        }
    };
    static per_interpreter<Slow> slow;
    static PyObject *address_of_slow(PyObject *, PyObject *) {
        Slow *found = slow.get();
        return found != nullptr ? PyLong_FromVoidPtr(found) : nullptr;
    }
    static PyObject *count_slow(PyObject *, PyObject *) { return PyLong_FromLong(slow_made); }

    // ---- typed globals ----

    static global<PyTypeObject> type;
    static PyObject *put_type(PyObject *, PyObject *object) {
        if (!type.store(reinterpret_cast<PyTypeObject *>(object))) return nullptr;
        Py_RETURN_NONE;
    }
    static PyObject *clear_type(PyObject *, PyObject *) {
        if (!type.clear()) return nullptr;
        Py_RETURN_NONE;
    }
    static PyObject *get_type(PyObject *, PyObject *) {
        hpystate::result<PyTypeObject> found = type.get();
        if (found.failed()) return nullptr;
        if (found.unset()) return PyUnicode_FromString("unset");
        if (found.get() != type.borrow() || found.get() != type.borrow_in(hpystate_current()))
            return nullptr;
        return found.take().release_object();
    }
    static PyObject *call_type(PyObject *, PyObject *arg) { return type.call(arg).release(); }
    static PyObject *make_value(PyObject *, PyObject *how) {
        static global<> made;
        return made.get_or_init([how] {
            if (PyUnicode_GetLength(how) == 0) throw std::invalid_argument("an empty word");
            return ref<>::borrow(how);
        }).release();
    }
    static PyObject *import_value(PyObject *, PyObject *) {
        static global<PyTypeObject> imported;
        return imported.import("collections", "OrderedDict").release_object();
    }
    static PyObject *store_failed(PyObject *, PyObject *) {  /* what a failed call returned */
        ref<> failed = ref<>::steal(PyObject_GetAttrString(Py_None, "nothing"));
        return kept.store(failed) ? PyLong_FromLong(0) : nullptr;
    }
    static PyObject *move_refs(PyObject *, PyObject *object) {
        const Py_ssize_t before = Py_REFCNT(object);
        ref<> one = ref<>::borrow(object), two = one.copy(), three(std::move(two)), four;
        if (Py_REFCNT(object) != before + 2 || two) return nullptr;
        four = std::move(three);
        one = std::move(four);
        ref<> &same = one;
        one = std::move(same);
        if (Py_REFCNT(object) != before + 1 || one.get() != object) return nullptr;
        one = nullptr;
        return PyLong_FromLong(static_cast<long>(Py_REFCNT(object) - before));
    }

    static int on_exec(PyObject *) { return IMPORT; }
"""
ONE = (
    "use_user use_caller rename_base make_failing make_failing_again put_type call_type make_value "
    "move_refs"
).split()
NONE = (
    "take_history print_history name_of_base make_itself address_of_slow count_slow clear_type "
    "get_type import_value store_failed"
).split()


def compile_objects(flags: tuple[str, ...] = (), on_import: str = "hpystate_import()") -> Path:
    flags = ("-std=c++17", *flags)
    body = BODY.replace("IMPORT", on_import)
    return compile_module("objects", body, ONE, noargs=NONE, flags=flags, cxx=True)
