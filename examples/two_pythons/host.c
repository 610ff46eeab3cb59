/* host.c: a program with two Pythons. It has no header of Python's and calls each by its part
 * (part.h).
 *
 *     host PART PART < commands
 *
 * Each line is a command; its words are separated by tabs. N is 0 or 1, a part by its place.
 *
 *     start N HOME PROGRAM FOLDER...    run N FILE           finish N
 *     enter N                           execute N FILE       leave N
 *     at-once FILE FILE                 runs a file in each, on two threads
 *
 * RTLD_LOCAL keeps the two libpythons apart: their symbols have the same names. The program ends
 * with status 1 at the first command that fails. */
#define _GNU_SOURCE
#include "part.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct part* parts[2];

__attribute__((noreturn)) static void stop(const char* what, const char* why) {
    fprintf(stderr, "host: %s: %s\n", what, why);
    exit(1);
}

static const struct part* open_part(const char* path) {
    void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) stop(path, dlerror());
    two_pythons_part_function part = (two_pythons_part_function)dlsym(handle, "two_pythons_part");
    if (part == NULL) stop(path, "has no function two_pythons_part; compile part.c for it");
    return part();
}

static const char* next_word(char** rest, const char* command) {
    char* word = strsep(rest, "\t");
    if (word == NULL || *word == '\0') stop(command, "a word is missing");
    return word;
}

static const struct part* next_part(char** rest, const char* command) {
    const char* word = next_word(rest, command);
    if (strcmp(word, "0") != 0 && strcmp(word, "1") != 0) stop(word, "0 or 1 was expected");
    return parts[word[0] - '0'];
}

static int with_file(int (*run)(const char*), const char* file) {
    char code[4096];
    int length = snprintf(code, sizeof(code), "exec(compile(open(r'%s').read(), r'%s', 'exec'))",
                          file, file);
    if (length < 0 || (size_t)length >= sizeof(code)) stop(file, "the path is too long");
    return run(code);
}

struct job {
    const struct part* part;
    const char* file;
    int result;
};

static void* work(void* data) {
    struct job* job = data;
    job->result = with_file(job->part->run, job->file);
    return NULL;
}

static int at_once(char** rest) {
    struct job jobs[2] = {{parts[0], next_word(rest, "at-once"), -1},
                          {parts[1], next_word(rest, "at-once"), -1}};
    pthread_t threads[2];
    for (int i = 0; i < 2; ++i)
        if (pthread_create(&threads[i], NULL, work, &jobs[i]) != 0) stop("at-once", "no thread");
    for (int i = 0; i < 2; ++i)
        pthread_join(threads[i], NULL);
    return jobs[0].result | jobs[1].result;
}

static int start(char** rest) {
    const struct part* part = next_part(rest, "start");
    const char* home = next_word(rest, "start");
    const char* program = next_word(rest, "start");
    if (*rest == NULL) stop("start", "the folders of modules are missing");
    for (char* at = *rest; *at != '\0'; ++at)
        if (*at == '\t') *at = '\n';
    return part->start(home, program, *rest);
}

static int obey(const char* command, char* rest) {
    if (strcmp(command, "at-once") == 0) return at_once(&rest);
    if (strcmp(command, "start") == 0) return start(&rest);
    const struct part* part = next_part(&rest, command);
    if (strcmp(command, "run") == 0) return with_file(part->run, next_word(&rest, command));
    if (strcmp(command, "execute") == 0) return with_file(part->execute, next_word(&rest, command));
    if (strcmp(command, "finish") == 0) return part->finish();
    if (strcmp(command, "enter") == 0) return part->enter(), 0;
    if (strcmp(command, "leave") == 0) return part->leave(), 0;
    stop(command, "start, run, finish, enter, execute, leave or at-once was expected");
}

int main(int argc, char** argv) {
    if (argc != 3) stop("usage", "host PART PART < commands");
    for (int i = 0; i < 2; ++i)
        parts[i] = open_part(argv[i + 1]);
    char* line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char* rest = line;
        const char* command = strsep(&rest, "\t");
        if (obey(command, rest) != 0) stop(command, "failed");
    }
    free(line);
    return 0;
}
