/* hpy/structseq.h: tuples whose items have names, like os.stat_result. C11, C++17. */
#pragma once

#include "hpy/attributes.h"
#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A field. A list of them ends with one whose name is NULL. */
typedef struct {
    const char* name; /* UTF-8; HPyStructSequence_UnnamedField for an item without a name */
    const char* doc;  /* UTF-8; or NULL */
} HPyStructSequence_Field;

/** What a type of tuples is made of. */
typedef struct {
    const char* name; /* UTF-8, "module.Name" */
    const char* doc;  /* UTF-8; or NULL */
    HPyStructSequence_Field* fields;
} HPyStructSequence_Desc;

/** The name of a field without one: it is reached by its index only. Compared by address. */
HPyAPI_HELPER extern const char* const HPyStructSequence_UnnamedField;

/** Makes a type: a subclass of tuple whose items are attributes too.
 *
 *  ctx      the caller's context
 *  desc     borrowed for the call
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   SystemError where the description has no name or no fields; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyStructSequence_NewType of the C API
 */
HPyAPI_HELPER HPy HPyStructSequence_NewType(HPyContext* ctx, HPyStructSequence_Desc* desc);

/** Makes an instance of such a type.
 *
 *  ctx      the caller's context
 *  type     a type of HPyStructSequence_NewType, borrowed
 *  nargs    count of `args`: as many as the type has fields
 *  args     handles[nargs], borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   TypeError where `type` is another one, or has another count of fields; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyStructSequence_New of the C API
 */
HPyAPI_HELPER HPy HPyStructSequence_New(HPyContext* ctx, HPy type, HPy_ssize_t nargs, HPy* args);

#ifdef __cplusplus
}
#endif
