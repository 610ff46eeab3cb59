/* readings.c: a parser of measurements, an HPy extension: lines `station;12.3` make a summary.
 *
 * Its exception is a static with one value per interpreter: each worker of the service has its own.
 */
#include <hpy.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static HPyGlobal parse_error; /* readings.ParseError, a ValueError */
static HPyGlobal* readings_globals[] = {&parse_error, NULL};

enum { MOST_STATIONS = 1024, LONGEST_NAME = 100, LONGEST_NUMBER = 32 };

typedef struct {
    const char* name; /* in the text that is parsed; not terminated */
    size_t length;
    long count;
    double least, most, sum;
} Station;

typedef struct {
    Station* all; /* MOST_STATIONS, found by a hash of the name; `name` is NULL in a free one */
    size_t used;
    long line;
    const char* wrong; /* what is wrong with the line, or NULL */
} Summary;

HPyDef_SLOT(readings_exec, HPy_mod_exec)
static int readings_exec_impl(HPyContext* ctx, HPy module) {
    HPy made = HPyErr_NewException(ctx, "readings.ParseError", ctx->h_ValueError, HPy_NULL);
    if (HPy_IsNull(made)) return -1;
    HPyGlobal_Store(ctx, &parse_error, made);
    int failed = HPy_SetAttr_s(ctx, module, "ParseError", made);
    HPy_Close(ctx, made);
    return failed;
}

/* The station of that name, made where it is new; NULL if there are too many. */
static Station* station_of(Summary* summary, const char* name, size_t length) {
    size_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 1099511628211u;
    for (size_t i = 0; i < MOST_STATIONS; i++) {
        Station* one = &summary->all[(hash + i) % MOST_STATIONS];
        if (one->name == NULL) {
            if (summary->used == MOST_STATIONS / 2) return NULL;
            summary->used++;
            *one = (Station){name, length, 0, INFINITY, -INFINITY, 0.0};
            return one;
        }
        if (one->length == length && memcmp(one->name, name, length) == 0) return one;
    }
    return NULL;
}

/* A finite number that fills [from, to). */
static int number_of(const char* from, const char* to, double* value) {
    char text[LONGEST_NUMBER + 1];
    size_t length = (size_t)(to - from);
    if (length == 0 || length > LONGEST_NUMBER) return 0;
    if (strspn(from, "+-.0123456789eE") < length) return 0;
    memcpy(text, from, length);
    text[length] = '\0';
    char* end;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static const char* add_line(Summary* summary, const char* from, const char* to) {
    const char* mark = memchr(from, ';', (size_t)(to - from));
    double value;
    if (memchr(from, '\0', (size_t)(to - from)) != NULL) return "a byte 0, which no text has";
    if (mark == NULL) return "`station;number` was expected, and there is no `;`";
    if (mark == from || mark - from > LONGEST_NAME)
        return "a station of 1 to 100 bytes was expected";
    if (!number_of(mark + 1, to, &value)) return "a number was expected after the `;`";
    Station* one = station_of(summary, from, (size_t)(mark - from));
    if (one == NULL) return "more than 512 stations";
    if (!isfinite(one->sum + value)) return "the sum of the station's numbers is too large";
    one->count++;
    one->sum += value;
    if (value < one->least) one->least = value;
    if (value > one->most) one->most = value;
    return NULL;
}

/* Stops at the first line that is wrong. */
static void add_lines(Summary* summary, const char* text, const char* end) {
    while (text < end && summary->wrong == NULL) {
        const char* stop = memchr(text, '\n', (size_t)(end - text));
        if (stop == NULL) stop = end;
        summary->line++;
        if (stop > text) summary->wrong = add_line(summary, text, stop);
        text = stop + 1;
    }
}

static int put_station(HPyContext* ctx, HPy answer, const Station* one) {
    char text[LONGEST_NAME + 1];
    memcpy(text, one->name, one->length);
    text[one->length] = '\0';
    HPy name = HPyUnicode_FromString(ctx, text); /* UnicodeDecodeError if it is not UTF-8 */
    if (HPy_IsNull(name)) return -1;
    HPy row =
        HPy_BuildValue(ctx, "(lddd)", one->count, one->least, one->sum / one->count, one->most);
    int failed = HPy_IsNull(row) ? -1 : HPy_SetItem(ctx, answer, name, row);
    if (!HPy_IsNull(row)) HPy_Close(ctx, row);
    HPy_Close(ctx, name);
    return failed;
}

static HPy answer_of(HPyContext* ctx, const Summary* summary) {
    HPy answer = HPyDict_New(ctx);
    if (HPy_IsNull(answer)) return HPy_NULL;
    for (size_t i = 0; i < MOST_STATIONS; i++) {
        if (summary->all[i].name == NULL || put_station(ctx, answer, &summary->all[i]) == 0)
            continue;
        HPy_Close(ctx, answer);
        return HPy_NULL;
    }
    return answer;
}

static HPy refuse(HPyContext* ctx, const Summary* summary) {
    HPy error = HPyGlobal_Load(ctx, parse_error);
    HPyErr_Format(ctx, error, "line %ld: %s", summary->line, summary->wrong);
    HPy_Close(ctx, error);
    return HPy_NULL;
}

HPyDef_METH(
    summary, "summary", HPyFunc_O,
    .doc = "summary(data): {station: (count, least, mean, most)} of bytes with a line for each "
           "measurement. ParseError names the first wrong line.")
static HPy summary_impl(HPyContext* ctx, HPy self, HPy data) {
    if (!HPyBytes_Check(ctx, data)) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "summary() takes bytes");
        return HPy_NULL;
    }
    Summary made = {.all = calloc(MOST_STATIONS, sizeof(Station))};
    if (made.all == NULL) return HPyErr_NoMemory(ctx);
    const char* text = HPyBytes_AsString(ctx, data);
    add_lines(&made, text, text + HPyBytes_Size(ctx, data));
    HPy answer = made.wrong != NULL ? refuse(ctx, &made) : answer_of(ctx, &made);
    free(made.all);
    return answer;
}

static HPyDef* readings_defines[] = {&readings_exec, &summary, NULL};
static HPyModuleDef readings_def = {.defines = readings_defines, .globals = readings_globals};
HPy_MODINIT(readings, readings_def)
