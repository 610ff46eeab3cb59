/// tests/limits/stacks.h: when a test takes too long, the process prints the stacks of all its
/// threads.
///
/// Nothing here needs the GIL, a lock of ours or a thread: a timer of the kernel sends a signal,
/// and the thread that gets it looks at all others. So a test may hang wherever it likes. The
/// handlers allocate nothing; a guard ends the process where they get stuck themselves, as they
/// would if a thread hangs while it loads a library.
///
/// Under ThreadSanitizer a signal waits until its thread calls a function that the sanitizer knows:
/// there a loop without any call is not ended.
#pragma once

#define HPYSTATE_SEEN [[gnu::visibility("default")]]

extern "C" {

/// Both are called by the thread that runs the tests, one test at a time.
///
/// After `seconds`: the name of the test and the stacks of all threads are written to `fd`. After
/// `grace` seconds more the process ends with status 124, like that of timeout(1); 0: at once.
/// `python`: a signal for which faulthandler is registered, that prints Python's stacks; 0: none.
/// 0, or -1 with errno where the kernel refuses the timer.
HPYSTATE_SEEN int hpystate_limit_begin(const char* test, double seconds, double grace, int fd,
                                       int python);

/// The test has ended.
HPYSTATE_SEEN void hpystate_limit_end();
}
#undef HPYSTATE_SEEN
