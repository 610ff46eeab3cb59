/* hpy/version.h: the version of HPy's API that these headers give. C11, C++17.
 *
 * hpystate has a version of its own: hpystate/version.h.
 */
#pragma once

#define HPY_VERSION "0.9.0"
