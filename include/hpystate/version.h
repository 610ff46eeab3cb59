/* hpystate/version.h: the one place that holds the version; the build and the package read it. */
#pragma once

#define HPYSTATE_VERSION "0.1.0"
