/* hpystate/global.hpp: hpystate/global.h for C++: typed globals, and C++ objects with one value per
 * interpreter. C++17, with or without exceptions and RTTI.
 *
 * Long: one file to copy into a project, with a contract for each function.
 *
 *     static hpystate::global<> cache;                  one static, one object per interpreter
 *     static hpystate::per_interpreter<Pool> pool;      one Pool per interpreter
 *
 *     static int exec(PyObject *module) {               the module's Py_mod_exec slot
 *         if (hpystate_import() < 0) return -1;         once in each interpreter
 *         return cache.store(hpystate::ref<>::steal(PyDict_New())) ? 0 : -1;
 *     }
 *     static PyObject *use(PyObject *, PyObject *) {
 *         Pool *own = pool.get();                       made at its first use
 *         if (own == nullptr) return nullptr;
 *         ...
 *
 * A second file to copy, beside global.h, which it includes. Errors are Python's: a function
 * returns nullptr or false, and an exception of Python is set. No function here throws; an
 * exception of C++ that leaves a maker or a constructor becomes one of Python. docs/global.md has
 * an example.
 */
#ifndef HPYSTATE_GLOBAL_HPP
#define HPYSTATE_GLOBAL_HPP

#include "global.h"

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#if defined(__cpp_exceptions)
#include <exception>
#include <stdexcept>
#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif
#endif

#if __cplusplus < 201703L
#error "hpystate/global.hpp needs C++17: -std=c++17 or later."
#endif

/* On functions that use this file's link: two extensions must not share one by accident. */
#define HPYSTATE_UNSTABLE_HIDDEN __attribute__((visibility("hidden")))

namespace hpystate {

namespace unstable {

/* CPython before 3.14 ends a daemon thread that wants to attach while the process ends: its stack
 * is unwound, through C++ too. It is attached to nothing then and must leave its objects alone. */
[[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN inline bool may_release() noexcept {
#if defined(HPYSTATE_GLOBAL_STATIC) || (!defined(Py_LIMITED_API) && PY_VERSION_HEX >= 0x030E0000)
    return true;
#else
    /* Before the first import nothing is known. */
    return hpystate_unstable_functions() == nullptr ||
           hpystate_unstable_thread(hpystate_unstable_fast()) != nullptr;
#endif
}

} // namespace unstable

/** A reference to an object, which it releases at its end; or nullptr. `T` is PyObject, or a struct
 * that begins with one: PyTypeObject, or that of an extension's type. Moved, not copied.
 *
 * A thread that CPython ends for good while it is detached releases nothing.
 *
 *  thread   attached to the object's interpreter, wherever a reference is taken or released
 */
template <typename T = PyObject>
class ref {
  public:
    constexpr ref() noexcept = default;
    constexpr ref(std::nullptr_t) noexcept {}

    /** Takes over a new reference, as a function of the C API returns it; nullptr for none. */
    [[nodiscard]] static ref steal(T* object) noexcept { return ref(object); }
    [[nodiscard]] static ref steal_object(PyObject* object) noexcept {
        return ref(reinterpret_cast<T*>(object));
    }

    /** Takes a reference of its own; nullptr for none. */
    [[nodiscard]] static ref borrow(T* object) noexcept {
        Py_XINCREF(reinterpret_cast<PyObject*>(object));
        return ref(object);
    }

    ref(const ref&) = delete;
    ref& operator=(const ref&) = delete;
    ref(ref&& other) noexcept : object_(other.release()) {}
    ref& operator=(ref&& other) noexcept {
        ref before(std::move(other)); /* released last: its destructor may run any code */
        std::swap(object_, before.object_);
        return *this;
    }
    HPYSTATE_UNSTABLE_HIDDEN ~ref() {
        if (object_ != nullptr && unstable::may_release())
            Py_DECREF(reinterpret_cast<PyObject*>(object_));
    }

    [[nodiscard]] T* get() const noexcept { return object_; }
    [[nodiscard]] PyObject* object() const noexcept { return reinterpret_cast<PyObject*>(object_); }
    [[nodiscard]] T* operator->() const noexcept { return object_; }
    [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }

    /** Another reference to the same object. */
    [[nodiscard]] ref copy() const noexcept { return borrow(object_); }

    /** Hands the reference out: the caller releases it, or returns it to Python. */
    [[nodiscard]] T* release() noexcept { return std::exchange(object_, nullptr); }
    [[nodiscard]] PyObject* release_object() noexcept {
        return reinterpret_cast<PyObject*>(release());
    }

  private:
    explicit constexpr ref(T* object) noexcept : object_(object) {}

    T* object_ = nullptr;
};

/** What global<T>::get() returns: an owned reference, nothing, or an error. */
template <typename T = PyObject>
class [[nodiscard]] result {
  public:
    /** For the functions of this file. */
    result(int code, ref<T> value) noexcept : value_(std::move(value)), code_(code) {}

    /** There is an object. The same in a condition: `if (auto found = cache.get())`. */
    [[nodiscard]] bool found() const noexcept { return code_ > 0; }
    [[nodiscard]] explicit operator bool() const noexcept { return found(); }
    /** Nothing is stored, or the interpreter has ended. No exception is set. */
    [[nodiscard]] bool unset() const noexcept { return code_ == 0; }
    /** An exception is set: return nullptr to Python. */
    [[nodiscard]] bool failed() const noexcept { return code_ < 0; }

    /** The object, which this result owns; nullptr unless found(). */
    [[nodiscard]] T* get() const noexcept { return value_.get(); }
    [[nodiscard]] PyObject* object() const noexcept { return value_.object(); }
    [[nodiscard]] T* operator->() const noexcept { return value_.get(); }

    /** Moves the reference out; null unless found(). */
    [[nodiscard]] ref<T> take() noexcept { return std::move(value_); }

  private:
    ref<T> value_;
    int code_;
};

#if defined(__cpp_exceptions)
/** Throw this from a maker or a constructor to tell that an exception of Python is set. */
class python_error {};
#endif

namespace unstable {

/* Sets an exception; `before`, or nullptr, becomes its context. Takes both references. */
HPYSTATE_UNSTABLE_COLD void set_raised(PyObject* raised, PyObject* before) noexcept {
    if (raised != before) {
        PyException_SetContext(raised, before); /* takes the reference */
    } else {
        Py_DECREF(before);
    }
    PyErr_SetRaisedException(raised);
}

#if defined(__cpp_exceptions)
/* Sets an exception with a text that may be in another encoding than UTF-8, as one with a path. */
HPYSTATE_UNSTABLE_COLD void raise_text(PyObject* type, const char* text) noexcept {
    PyObject* const message =
        PyUnicode_DecodeUTF8(text, static_cast<Py_ssize_t>(std::strlen(text)), "backslashreplace");
    if (message == nullptr) return; /* a MemoryError is set */
    PyErr_SetObject(type, message);
    Py_DECREF(message);
}

/* Makes the exception of C++ that is being handled one of Python. One of Python that is set is its
 * context. */
HPYSTATE_UNSTABLE_COLD void raise_current() noexcept {
    PyObject* const before = PyErr_GetRaisedException();
    try {
        throw;
    } catch (const python_error&) {
        if (before != nullptr) return PyErr_SetRaisedException(before);
        PyErr_SetString(PyExc_SystemError,
                        "hpystate::python_error was thrown, and no exception of Python is set. Set "
                        "one before it is thrown.");
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::out_of_range& error) {
        raise_text(PyExc_IndexError, error.what());
    } catch (const std::invalid_argument& error) {
        raise_text(PyExc_ValueError, error.what());
    } catch (const std::domain_error& error) {
        raise_text(PyExc_ValueError, error.what());
    } catch (const std::length_error& error) {
        raise_text(PyExc_ValueError, error.what());
    } catch (const std::overflow_error& error) {
        raise_text(PyExc_OverflowError, error.what());
    } catch (const std::exception& error) {
        raise_text(PyExc_RuntimeError, error.what());
    } catch (...) {
        PyErr_SetString(PyExc_RuntimeError,
                        "an exception of C++ that is not a std::exception was thrown");
    }
    if (before != nullptr) set_raised(PyErr_GetRaisedException(), before);
}
#endif

} // namespace unstable

/** Calls `body` where an exception of C++ must go no further: in a function that Python calls.
 *
 *  body     returns a pointer, as a function of Python does
 *  returns  what `body` returns; nullptr with an exception of Python set if it throws, as
 *           per_interpreter<T>::get() has it
 *  thread   attached to an interpreter
 *  since    global 1.1
 *  source   ours
 */
template <typename Body>
HPYSTATE_UNSTABLE_HIDDEN auto* guarded(Body&& body) {
#if defined(__cpp_exceptions)
    try {
        return body();
    }
#if defined(__GLIBCXX__)
    catch (abi::__forced_unwind&) {
        throw; /* the thread is being ended by pthread_exit */
    }
#endif
    catch (...) {
        unstable::raise_current();
        return static_cast<decltype(body())>(nullptr);
    }
#else
    return body();
#endif
}

namespace unstable {

/* Makes an object by `construct`, which returns what `new` does. nullptr with an exception of
 * Python set, also where the constructor has left one. One that was set before stays, or is the
 * context. */
template <typename T, typename Construct>
HPYSTATE_UNSTABLE_HIDDEN T* constructed(Construct& construct) {
    PyObject* const before = PyErr_GetRaisedException();
    T* object = guarded(construct);
    PyObject* raised = PyErr_GetRaisedException();
    if (object != nullptr && raised != nullptr) {
        ::delete object;
        if (PyErr_Occurred()) PyErr_WriteUnraisable(nullptr);
        object = nullptr;
    } else if (object == nullptr && raised == nullptr) {
        PyErr_NoMemory();
        raised = PyErr_GetRaisedException();
    }
    if (raised != nullptr && before != nullptr) {
        set_raised(raised, before);
    } else {
        PyErr_SetRaisedException(raised != nullptr ? raised : before);
    }
    return object;
}

template <typename T>
HPYSTATE_UNSTABLE_HIDDEN void destroy(void* object) noexcept {
    ::delete static_cast<T*>(object);
}

} // namespace unstable

/** A static that holds one object per interpreter. `T` is as for ref; nothing checks that what is
 * stored has this type. It is constant-initialized and has no destructor. The functions are those
 * of global.h, which has their contracts in full. */
template <typename T = PyObject>
class global {
  public:
    constexpr global() noexcept = default;
    global(const global&) = delete;
    global& operator=(const global&) = delete;

    /** Returns an owned reference, nothing, or an error: hpystate_global_get_ref(). */
    HPYSTATE_UNSTABLE_HIDDEN result<T> get() const noexcept {
        PyObject* object;
        const int code = hpystate_unstable_load(&slot_, &object, "hpystate::global::get");
        return result<T>(code, ref<T>::steal_object(object));
    }

    /** Returns the object without a reference: hpystate_global_borrow(). nullptr: nothing is
     * stored, without an exception; or one is set. */
    [[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN T* borrow() const noexcept {
        return reinterpret_cast<T*>(hpystate_global_borrow(&slot_));
    }

    /** The same for loops: hpystate_global_borrow_in(). */
    [[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN T*
    borrow_in(const hpystate_interpreter* here) const noexcept {
        return reinterpret_cast<T*>(hpystate_global_borrow_in(here, &slot_));
    }

    /** Stores an object, of which it takes a reference: hpystate_global_store(). False: an
     * exception is set. */
    [[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN bool store(T* object) noexcept {
        return hpystate_unstable_store(&slot_, reinterpret_cast<PyObject*>(object),
                                       "hpystate::global::store") == 0;
    }

    /** The same for what a function of the C API returned. False with the exception that is set, if
     * it is null: so a call that failed need not be checked before. */
    [[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN bool store(const ref<T>& object) noexcept {
        if (!object && PyErr_Occurred() != nullptr) return false;
        return store(object.get());
    }

    /** Releases the object of the calling interpreter. False: an exception is set. */
    [[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN bool clear() noexcept {
        return hpystate_unstable_store(&slot_, nullptr, "hpystate::global::clear") == 0;
    }

    /** Returns the object, and makes it first if nothing is stored: hpystate_global_get_or_init().
     *
     *  make     `ref<T> make()`; it may throw. Null with an exception set: there is none
     *  returns  null with an exception set: what `make` set, or RuntimeError where it asks for the
     *           value that it makes
     */
    template <typename Make>
    [[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN ref<T> get_or_init(Make&& make) {
        static_assert(std::is_convertible_v<std::invoke_result_t<Make&>, ref<T>>,
                      "hpystate::global<T>::get_or_init: the maker returns a hpystate::ref<T>");
        PyObject* const object = hpystate_unstable_peek_here(&slot_);
        if (__builtin_expect(object != nullptr, 1)) {
            Py_INCREF(object);
            return ref<T>::steal_object(object);
        }
        auto body = [&make]() -> PyObject* { return ref<T>(make()).release_object(); };
        hpystate_global_maker const maker = [](void* arg) -> PyObject* {
            return guarded(*static_cast<decltype(body)*>(arg));
        };
        return ref<T>::steal_object(
            hpystate_unstable_first(&slot_, maker, &body, "hpystate::global::get_or_init"));
    }

    /** Returns an imported object, which is kept from its first use on: hpystate_global_import().
     * Without an attribute it is the module itself. Null with an exception set. */
    [[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN ref<T> import(const char* module,
                                                         const char* attribute = nullptr) noexcept {
        return ref<T>::steal_object(hpystate_global_import(&slot_, module, attribute));
    }

    /** Calls the object with `args`, pointers to objects, borrowed: hpystate_call(). Null with an
     * exception set. */
    template <typename... Args>
    [[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN ref<> call(Args*... args) const noexcept {
        PyObject* given[] = {nullptr, reinterpret_cast<PyObject*>(args)...};
        return ref<>::steal(hpystate_call(
            &slot_, given + 1, sizeof...(args) | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr));
    }

    /** For all other functions of global.h: hpystate_is(object, type.c()). */
    [[nodiscard]] hpystate_global* c() noexcept { return &slot_; }
    [[nodiscard]] const hpystate_global* c() const noexcept { return &slot_; }

  private:
    hpystate_global slot_{};
};

/** A static that stands for one C++ object per interpreter, of any type. An object is made at its
 * first use in an interpreter. When the interpreter ends it is destroyed, with the thread attached:
 * the last one that was made first, and before the values of globals are released. So a destructor
 * may use globals, and objects that its own constructor used. The modules are gone by then: imports
 * fail. An object may be made while others are destroyed, and is destroyed next; one that was
 * destroyed is not made again.
 *
 * With -DHPYSTATE_GLOBAL_STATIC there is one object, which is never destroyed. */
template <typename T>
class per_interpreter {
  public:
    constexpr per_interpreter() noexcept = default;
    per_interpreter(const per_interpreter&) = delete;
    per_interpreter& operator=(const per_interpreter&) = delete;

    /** Returns the object of the calling interpreter, and makes it first if there is none.
     *
     *  args     for the constructor, if this call makes it
     *  returns  borrowed: valid until the interpreter ends. nullptr with an exception set
     *  raises   what the constructor throws, or leaves as an exception of Python: MemoryError for
     *           std::bad_alloc, IndexError for std::out_of_range, OverflowError for
     *           std::overflow_error, ValueError for other kinds of bad input, RuntimeError for all
     *           else; the next call tries again. RuntimeError if the constructor asks for this very
     *           object, a wait would never end, or the object was destroyed. SystemError if
     *           hpystate_import() was not called in this interpreter, or it has ended
     *  thread   attached to an interpreter; others that want the object wait, detached, while it is
     *           being made. The constructor runs without a lock
     *  since    global 1.1
     *  source   ours
     */
    template <typename... Args>
    [[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN T* get(Args&&... args) {
        static_assert(std::is_object_v<T> && !std::is_array_v<T> && !std::is_const_v<T> &&
                          !std::is_volatile_v<T>,
                      "hpystate::per_interpreter<T>: T is the type of an object that can be "
                      "changed; put an array into a struct");
        static_assert(!std::is_same_v<T, PyObject>,
                      "hpystate::per_interpreter<T>: objects of Python go into a hpystate::global");
        static_assert(std::is_nothrow_destructible_v<T>,
                      "hpystate::per_interpreter<T>: the destructor of T must be public, and "
                      "noexcept: nobody could catch what it throws");
        void* const there = hpystate_unstable_peek_pointer(&pointer_.slot);
        if (__builtin_expect(there != nullptr, 1)) return static_cast<T*>(there);
        auto construct = [&]() -> T* {
            if constexpr (std::is_constructible_v<T, Args...>) {
                return ::new (std::nothrow) T(std::forward<Args>(args)...);
            } else {
                return ::new (std::nothrow) T{std::forward<Args>(args)...};
            }
        };
        hpystate_unstable_pointer wanted{};
        wanted.make = [](void* arg) -> void* {
            return unstable::constructed<T>(*static_cast<decltype(construct)*>(arg));
        };
        wanted.arg = &construct;
        wanted.destroy = &unstable::destroy<T>;
        return static_cast<T*>(first(&pointer_.slot, &wanted));
    }

    /** Returns the object of the calling interpreter; nullptr, without an exception: there is none
     * yet, or not any more. SystemError, with nullptr, if hpystate_import() was not called. */
    [[nodiscard]] HPYSTATE_UNSTABLE_HIDDEN T* find() const noexcept {
        void* const there = hpystate_unstable_peek_pointer(&pointer_.slot);
        if (__builtin_expect(there != nullptr, 1)) return static_cast<T*>(there);
        return static_cast<T*>(
            hpystate_unstable_unwrap(&pointer_.slot, "hpystate::per_interpreter::find"));
    }

  private:
    HPYSTATE_UNSTABLE_HIDDEN static void* first(hpystate_global* slot,
                                                hpystate_unstable_pointer* wanted) {
        PyObject* const capsule = hpystate_unstable_first_in_order(
            slot, hpystate_unstable_make_pointer, wanted, "hpystate::per_interpreter::get");
        if (capsule == nullptr) return nullptr;
        void* const pointer = PyCapsule_GetPointer(capsule, HPYSTATE_UNSTABLE_POINTER);
        Py_DECREF(capsule); /* the slot keeps it */
        return pointer;
    }

    hpystate_pointer pointer_{};
};

static_assert(sizeof(global<>) == sizeof(hpystate_global) && std::is_standard_layout_v<global<>> &&
                  std::is_trivially_destructible_v<global<>>,
              "a global is a slot and nothing else");
static_assert(std::is_trivially_destructible_v<per_interpreter<int>>,
              "a static of it ends with the process, without code that runs");

} // namespace hpystate

#endif /* HPYSTATE_GLOBAL_HPP */
