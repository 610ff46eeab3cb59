/* hpy/typehelpers.h: adding a type to a module, and packing arguments. C11, C++17. */
#pragma once

#include "hpy/attributes.h"
#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Makes a type and sets it as an attribute of an object, usually a module.
 *
 *  ctx      the caller's context
 *  obj      the object that gets the attribute, borrowed
 *  name     the attribute's name, UTF-8
 *  hpyspec  as for HPyType_FromSpec
 *  params   as for HPyType_FromSpec; or NULL
 *  returns  1; 0 with an exception set
 *  raises   as HPyType_FromSpec and HPy_SetAttr_s
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, helpers
 */
HPyAPI_HELPER int HPyHelpers_AddType(HPyContext* ctx, HPy obj, const char* name,
                                     HPyType_Spec* hpyspec, HPyType_SpecParam* params);

/** Makes a tuple and a dict from the arguments of a function of signature HPyFunc_KEYWORDS.
 *
 *  ctx             the caller's context
 *  args            handles[nargs + len(kwnames)], borrowed; positional first
 *  nargs           how many of `args` are positional
 *  kwnames         tuple of str, borrowed; or HPy_NULL
 *  out_args_tuple  out: new handle, close it; HPy_NULL where there are no positional arguments
 *  out_kwd         out: new handle to a dict, close it; HPy_NULL where there are no names
 *  returns         1; 0 with an exception set, and both HPy_NULL
 *  raises          SystemError if an out-parameter is NULL; TypeError if `kwnames` is not a tuple;
 *                  MemoryError
 *  thread          attached to ctx's interpreter
 *  since           HPy 0.9
 *  source          HPy docs, helpers
 */
HPyAPI_HELPER int HPyHelpers_PackArgsAndKeywords(HPyContext* ctx, const HPy* args, size_t nargs,
                                                 HPy kwnames, HPy* out_args_tuple, HPy* out_kwd);

#ifdef __cplusplus
}
#endif
