/* python_memory.h: CPython's memory under failing_malloc.c, where it does not come from malloc.
 *
 * A Python without the GIL has one allocator, its own mimalloc, whose heaps the collector walks: it
 * refuses PYTHONMALLOC=malloc. So a hook is set in front of it, which may fail and otherwise calls
 * it.
 */
#pragma once

/* From here on allocations of CPython's domains of memory and objects are counted, and may fail, as
 * those of malloc, to which its raw memory belongs. With the GIL, nothing to do: all is malloc's.
 * Called in the main interpreter, attached, before there is another thread. */
#ifdef __cplusplus
extern "C" {
#endif
void stand_in_front(void);

/* Without the GIL, PyList_New(n) releases a list whose array there was no memory for, with what the
 * list's memory held before as its array: an array that was freed is freed again, and the next
 * walk through the heap never ends (gh-152125). Where this Python does so its arrays are always
 * had. Returns 1 there, 0 where it does not, -1 with an exception set where it cannot be found out.
 */
int spare_arrays_of_lists(void);
#ifdef __cplusplus
}
#endif
