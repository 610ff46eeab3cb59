/* hpy/field.h: references in an object's struct. C11, C++17.
 *
 * HPyField_NULL and HPyField_IsNull are in hpy/handle.h.
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Makes a field refer to an object, and releases the one that it referred to. HPy_tp_traverse of
 * the type must visit every field.
 *
 *  ctx            the caller's context
 *  target_object  the object whose struct the field is in, borrowed
 *  target_field   the field's address
 *  h              borrowed; HPy_NULL for none
 *  returns        nothing
 *  raises         MemoryError, on a Python without the GIL; the field has its old value then
 *  thread         attached to ctx's interpreter
 *  since          HPy 0.9
 *  source         HPy docs, HPyField
 */
static inline void HPyField_Store(HPyContext* ctx, HPy target_object, HPyField* target_field,
                                  HPy h) {
    HPY_FUNCTION(ctx, Field_Store)(ctx, target_object, target_field, h);
}

/** Returns the object that a field refers to.
 *
 *  ctx            the caller's context
 *  source_object  the object whose struct the field is in, borrowed
 *  source_field   by value
 *  returns        new handle, close it; HPy_NULL for a field that refers to none
 *  raises         nothing
 *  thread         attached to ctx's interpreter
 *  since          HPy 0.9
 *  source         HPy docs, HPyField
 */
static inline HPy HPyField_Load(HPyContext* ctx, HPy source_object, HPyField source_field) {
    return HPY_FUNCTION(ctx, Field_Load)(ctx, source_object, source_field);
}

#ifdef __cplusplus
}
#endif
