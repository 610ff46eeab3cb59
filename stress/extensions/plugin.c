/* plugin.c: not an extension, but a shared object with slots, which a program opens and closes. */
#include <hpy.h>

__attribute__((visibility("default"))) HPyGlobal plugin_slots[64];
