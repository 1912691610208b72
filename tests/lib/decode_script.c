/* The scripts of decoder tests: what the two sides send, from text. */
#include "decode_script.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define STEPS_MAX 4096

struct line {
    const char *p;
    uint64_t number;
};

static void script_error(const struct line *l, const char *what)
{
    fail_msg("decode_text: line %llu: %s: %.40s", (unsigned long long)l->number, what, l->p);
}

static void skip_blanks(struct line *l)
{
    while (*l->p == ' ' || *l->p == '\t') {
        l->p++;
    }
    if (*l->p == '#') {
        l->p += strcspn(l->p, "\n");
    }
}

static bool line_over(struct line *l)
{
    skip_blanks(l);
    return *l->p == '\n' || *l->p == '\0';
}

static bool take_word(struct line *l, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(l);
    if (strncmp(l->p, word, n) != 0) {
        return false;
    }
    l->p += n;
    return true;
}

static uint64_t take_number(struct line *l)
{
    skip_blanks(l);
    char *end;
    uint64_t n = strtoull(l->p, &end, 10);
    if (end == l->p) {
        script_error(l, "a number is missing");
    }
    l->p = end;
    return n;
}

static enum dir take_dir(struct line *l)
{
    if (take_word(l, ">")) {
        return DIR_CLIENT_TO_SERVER;
    }
    if (!take_word(l, "<")) {
        script_error(l, "a direction is missing");
    }
    return DIR_SERVER_TO_CLIENT;
}

static uint8_t take_hex(struct line *l)
{
    char pair[3] = {0};
    for (int i = 0; i < 2; i++) {
        if (!isxdigit((unsigned char)l->p[0])) {
            script_error(l, "not a hex pair");
        }
        pair[i] = *l->p++;
    }
    return (uint8_t)strtoul(pair, NULL, 16);
}

static void push_byte(struct step *s, uint8_t byte)
{
    if ((s->n & (s->n - 1)) == 0) { /* at each power of two: room for twice as many */
        s->bytes = realloc(s->bytes, s->n == 0 ? 1 : 2 * s->n);
        assert_non_null(s->bytes);
    }
    s->bytes[s->n++] = byte;
}

static uint8_t take_escape(struct line *l)
{
    char c = *l->p++;
    switch (c) {
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'x':
        return take_hex(l);
    case '\\':
    case '"':
        return (uint8_t)c;
    default:
        script_error(l, "unknown escape");
        return 0;
    }
}

static void take_text(struct line *l, struct step *s)
{
    l->p++;
    while (*l->p != '"') {
        if (*l->p == '\0') {
            script_error(l, "a text does not end");
        }
        uint8_t c = (uint8_t)*l->p++;
        push_byte(s, c == '\\' ? take_escape(l) : c);
    }
    l->p++;
}

static void apply_mask(struct step *s, size_t from, const uint8_t key[4])
{
    for (size_t i = from; i < s->n; i++) {
        s->bytes[i] ^= key[(i - from) % 4];
    }
}

static void take_bytes(struct line *l, struct step *s)
{
    uint8_t key[4] = {0};
    size_t masked_from = SIZE_MAX;
    while (!line_over(l)) {
        if (take_word(l, "mask:")) {
            apply_mask(s, masked_from, key);
            for (int i = 0; i < 4; i++) {
                key[i] = take_hex(l);
            }
            masked_from = s->n;
            continue;
        }
        if (take_word(l, "|")) {
            apply_mask(s, masked_from, key);
            masked_from = SIZE_MAX;
            continue;
        }
        size_t from = s->n;
        if (*l->p == '"') {
            take_text(l, s);
        } else {
            push_byte(s, take_hex(l));
        }
        size_t to = s->n;
        if (*l->p == '*') {
            l->p++;
            for (uint64_t count = take_number(l); count > 1; count--) {
                for (size_t i = from; i < to; i++) {
                    push_byte(s, s->bytes[i]);
                }
            }
        }
    }
    apply_mask(s, masked_from, key);
}

const char *const script_end_names[] = {"open", "fin", "reset", "idle", "replaced", "evicted"};

static void take_close(struct line *l, struct script *s)
{
    for (int i = 0; i < 6; i++) {
        if (take_word(l, script_end_names[i])) {
            s->how = i;
            return;
        }
    }
    script_error(l, "unknown end");
}

static void take_line(struct line *l, struct script *s, int64_t *ts)
{
    struct step step = {.line = l->number, .ts = *ts};
    if (take_word(l, "gap")) {
        step.kind = STEP_GAP;
        step.dir = take_dir(l);
        step.gap = take_number(l);
    } else if (take_word(l, "end")) {
        step.kind = STEP_END;
        step.dir = take_dir(l);
    } else if (take_word(l, "time")) {
        *ts = SCRIPT_START_NS + (int64_t)take_number(l) * MS_NS;
        return;
    } else if (take_word(l, "close")) {
        take_close(l, s);
        return;
    } else {
        step.kind = STEP_DATA;
        step.dir = take_dir(l);
        take_bytes(l, &step);
    }
    if (s->count == STEPS_MAX) {
        script_error(l, "too many lines");
    }
    s->steps[s->count++] = step;
    *ts += MS_NS;
}

struct script script_read(const char *input)
{
    struct script s = {.how = -1, .steps = calloc(STEPS_MAX, sizeof *s.steps)};
    assert_non_null(s.steps);
    int64_t ts = SCRIPT_START_NS;
    struct line l = {input, 1};
    for (; *l.p != '\0'; l.number++) {
        if (!line_over(&l)) {
            take_line(&l, &s, &ts);
        }
        if (!line_over(&l)) {
            script_error(&l, "more than a line should hold");
        }
        l.p += *l.p == '\n';
    }
    return s;
}

void script_free(struct script *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->steps[i].bytes);
    }
    free(s->steps);
}
