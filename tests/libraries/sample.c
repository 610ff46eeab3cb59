/* tests/libraries/sample.c: a good shared object with something of all that linkers write. */
#include <stdlib.h>

int sample_zeroed[1000];
int sample_counter = 7;
static int* const addresses[] = {&sample_counter, sample_zeroed};
static __thread int per_thread = 5;

__attribute__((constructor)) static void began(void) {
    sample_counter = 8;
}
__attribute__((destructor)) static void ended(void) {
    sample_counter = 0;
}

/* Calls into another library, so that there is a table of imported functions too. */
int sample_answer(const char* text) {
    return atoi(text) + *addresses[0] + per_thread++;
}
