/* part.c: one Python as the host uses it. Compiled once per version, with its headers and linked
 * with its libpython, since PyConfig differs between versions. See part.h for the contracts. */
#include <Python.h>

#include "part.h"

static PyThreadState* first_thread; /* of the thread that called start(), while it is detached */

static int fail(PyConfig* config, PyStatus status) {
    fprintf(stderr, "two_pythons: Python %s does not start: %s: %s\n", Py_GetVersion(),
            status.func != NULL ? status.func : "", status.err_msg != NULL ? status.err_msg : "");
    PyConfig_Clear(config);
    return -1;
}

/* Every folder of `path` becomes an entry of sys.path, and nothing else does. */
static PyStatus set_path(PyConfig* config, const char* path) {
    PyStatus status = PyStatus_Ok();
    config->module_search_paths_set = 1;
    while (*path != '\0' && !PyStatus_Exception(status)) {
        size_t length = strcspn(path, "\n");
        char* folder = strndup(path, length);
        wchar_t* wide = folder != NULL ? Py_DecodeLocale(folder, NULL) : NULL;
        if (wide == NULL)
            status = PyStatus_NoMemory();
        else
            status = PyWideStringList_Append(&config->module_search_paths, wide);
        PyMem_RawFree(wide);
        free(folder);
        path += length + (path[length] == '\n');
    }
    return status;
}

static PyStatus set_config(PyConfig* config, const char* home, const char* program,
                           const char* path) {
    PyStatus status = PyConfig_SetBytesString(config, &config->home, home);
    if (!PyStatus_Exception(status))
        status = PyConfig_SetBytesString(config, &config->program_name, program);
    if (!PyStatus_Exception(status)) status = set_path(config, path);
    config->site_import = 0;             /* each has modules of its own */
    config->install_signal_handlers = 0; /* there is one set per process, which is the host's */
    return status;
}

static int start(const char* home, const char* program, const char* path) {
    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1; /* the locale is the process's: neither Python sets it for the other */
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    PyStatus status = Py_PreInitialize(&before);
    if (!PyStatus_Exception(status)) status = set_config(&config, home, program, path);
    if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
    if (PyStatus_Exception(status)) return fail(&config, status);
    PyConfig_Clear(&config);
    first_thread = PyEval_SaveThread();
    return 0;
}

static _Thread_local PyGILState_STATE entered;

static void enter(void) {
    entered = PyGILState_Ensure();
}

static void leave(void) {
    PyGILState_Release(entered);
}

static int execute(const char* code) {
    return PyRun_SimpleString(code);
}

static int run(const char* code) {
    enter();
    int result = execute(code);
    leave();
    return result;
}

static int finish(void) {
    PyEval_RestoreThread(first_thread);
    return Py_FinalizeEx();
}

const struct part* two_pythons_part(void) {
    static struct part self = {NULL, start, run, enter, execute, leave, finish};
    self.version = Py_GetVersion();
    return &self;
}
