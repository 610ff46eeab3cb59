/* part.h: what the host asks of one Python. It names no type of Python's, so the host needs no
 * header of any. part.c implements it, compiled once with the headers of each version. */
#ifndef TWO_PYTHONS_PART_H
#define TWO_PYTHONS_PART_H

struct part {
    const char* version; /* "3.12.1 (main, ...", of the Python that is linked with the part */

    /* Starts the Python and detaches the calling thread from it. home, program and the path of
     * modules are text in UTF-8; the path has one folder per line. 0: done; -1: the reason was
     * printed. */
    int (*start)(const char* home, const char* program, const char* path);

    /* Runs Python code in __main__, on any thread, which is attached meanwhile. 0: done; -1: it
     * raised, and the traceback was printed. */
    int (*run)(const char* code);

    /* The three steps of run(): a thread may stay attached between them, to both Pythons at once.
     */
    void (*enter)(void);
    int (*execute)(const char* code);
    void (*leave)(void);

    /* Ends it, on the thread that started it. Returns what Py_FinalizeEx returns. */
    int (*finish)(void);
};

/* The one symbol of a part: const struct part *two_pythons_part(void); */
typedef const struct part* (*two_pythons_part_function)(void);

#endif
