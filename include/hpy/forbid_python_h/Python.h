/* Python.h: in front of the C API's own header when a universal extension is compiled. C11, C++17.
 *
 * The folder of this file is on the list of include folders in universal mode only.
 */
#if defined(HPY_ABI_UNIVERSAL)
#error "It is forbidden to #include <Python.h> when targeting the HPy Universal ABI"
#else
#error "Python.h: hpy/forbid_python_h is an include folder, but HPY_ABI_UNIVERSAL is not defined."
#endif
