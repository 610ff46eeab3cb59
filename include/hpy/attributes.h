/* hpy/attributes.h: attributes and macros for compilers, beyond C11. C11, C++17. */
#pragma once

/* ---- of a declaration ---- */

#if defined(__GNUC__)
#define _HPy_HIDDEN __attribute__((visibility("hidden")))
#define _HPy_UNUSED __attribute__((unused))
#else
#define _HPy_HIDDEN
#define _HPy_UNUSED
#endif

/** A parameter that the function does not use: the name it is given cannot be used by accident. */
#define _HPy_UNUSED_ARG(x) (__HPy_UNUSED_TAGGED##x) _HPy_UNUSED

#if defined(__GNUC__)
#define _HPy_NO_RETURN __attribute__((__noreturn__))
#elif defined(_MSC_VER)
#define _HPy_NO_RETURN __declspec(noreturn)
#else
#define _HPy_NO_RETURN
#endif

#if defined(__has_attribute)
#define _HPY_compiler_has_attribute(x) __has_attribute(x)
#else
#define _HPY_compiler_has_attribute(x) 0
#endif

/** In front of a function that only the hybrid ABI has: calling it in universal mode is an error of
 * the compiler, if the compiler supports that. */
#if defined(HPY_ABI_UNIVERSAL) && _HPY_compiler_has_attribute(error)
#define _HPY_LEGACY                                                                                \
    __attribute__((error("Cannot use legacy functions when targeting the HPy Universal ABI; "      \
                         "compile with HPY_ABI_HYBRID")))
#else
#define _HPY_LEGACY
#endif

/** In front of a function that the loader looks up in the file. */
#if !defined(HPy_EXPORTED_SYMBOL)
#if defined(_WIN32) || defined(__CYGWIN__)
#define HPy_EXPORTED_SYMBOL __declspec(dllexport)
#else
#define HPy_EXPORTED_SYMBOL __attribute__((visibility("default")))
#endif
#endif

#if defined(__cplusplus)
#define HPy_EXPORTED_FUNC extern "C" HPy_EXPORTED_SYMBOL
#else
#define HPy_EXPORTED_FUNC HPy_EXPORTED_SYMBOL
#endif

/* ---- kinds of function ---- */

#define HPyAPI_UNUSED _HPy_UNUSED static inline /* made by a macro; perhaps never called */
#define HPyAPI_FUNC HPyAPI_UNUSED               /* a function of the API */
#define HPyAPI_INLINE_HELPER HPyAPI_UNUSED      /* made of functions of the API */
#define HPyAPI_HELPER _HPy_HIDDEN               /* compiled into every extension: hpy/src/ */
#define HPyAPI_IMPL _HPy_HIDDEN                 /* behind a function of the API */

/* ---- in expressions and lists of arguments ---- */

/** A function under another function type. Through void (*)(void), which compilers accept for any
 * function. */
#define _HPy_FUNCTION_AS(type, function) ((type)(void (*)(void))(function))

/* The first of a macro's arguments, which are followed by a comma: _HPY_FIRST(__VA_ARGS__, ). */
#define _HPY_FIRST(first, ...) first
#define _HPY_REST(first, ...) __VA_ARGS__
