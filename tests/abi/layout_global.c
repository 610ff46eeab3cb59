/* layout_global.c: what hpystate/global.h and the runtime share, as it was published: frozen.
 *
 * A row may be added at the end of a table, with a new minor version. Nothing else here changes,
 * as long as files of major version 1 exist: they have these offsets compiled in.
 */
#include <hpystate/global.h>

#define AT(type, member, offset)                                                                   \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member " was moved")
#define IS(what, value) _Static_assert((what) == (value), #what " was changed")

/* In every version, for ever. */
AT(hpystate_table_header, major, 0);
AT(hpystate_table_header, minor, 4);
AT(hpystate_table_header, previous, 8);
IS(sizeof(struct hpystate_table_header), 16);

/* Major version 1: 1.0, and what 1.1 appended. */
IS(HPYSTATE_GLOBAL_MAJOR, 1);
IS(HPYSTATE_GLOBAL_MINOR, 1);
AT(hpystate_global_table, header, 0);
AT(hpystate_global_table, fast, 16);
AT(hpystate_global_table, enter, 24);
AT(hpystate_global_table, current, 32);
AT(hpystate_global_table, borrow, 40);
AT(hpystate_global_table, get_ref, 48);
AT(hpystate_global_table, store, 56);
AT(hpystate_global_table, get_or_init, 64);
AT(hpystate_global_table, raise_unset, 72);
AT(hpystate_global_table, get_or_init_in_order, 80);
AT(hpystate_global_table, store_in_order, 88);
AT(hpystate_global_table, context, 96);
IS(sizeof(struct hpystate_global_table), 104);

/* What inline code reads. */
AT(hpystate_fast, thread, 0);
AT(hpystate_fast, capsule_pointer, 8);
AT(hpystate_fast, thread_word, 16);
AT(hpystate_fast, seen, 24);
IS(sizeof(struct hpystate_fast), 24 + 65536 * 8);
IS(HPYSTATE_THREAD_KEY, 16);
IS(HPYSTATE_ENTRIES, -2097152);
IS(HPYSTATE_ENTRIES_MASK, 0x1FFFF0);

/* A slot is one word. */
IS(sizeof(hpystate_global), 8);
IS(sizeof(hpystate_pointer), 8);

/* The functions' types. */
extern const struct hpystate_global_table hpystate_signatures;
const struct hpystate_global_table hpystate_signatures = {
    {1, 1, 0},
    (const struct hpystate_fast*)0,
    (int (*)(void))0,
    (const hpystate_interpreter* (*)(const char*))0,
    (PyObject * (*)(const hpystate_global*, const char*))0,
    (int (*)(const hpystate_global*, PyObject**, const char*))0,
    (int (*)(hpystate_global*, PyObject*, int, const char*))0,
    (PyObject * (*)(hpystate_global*, PyObject* (*)(void*), void*, const char*))0,
    (void (*)(const hpystate_global*, const char*))0,
    (PyObject * (*)(hpystate_global*, PyObject* (*)(void*), void*, const char*))0,
    (int (*)(hpystate_global*, PyObject*, const char*))0,
    (struct _HPyContext_s * (*)(const char*))0,
};
