/*
 * The scripts of decoder tests (decode_text.h has the language): what the two sides send, a step a
 * line.
 */
#ifndef WSIGHT_TEST_DECODE_SCRIPT_H
#define WSIGHT_TEST_DECODE_SCRIPT_H

#include "decoders/decoder.h"

#define MS_NS INT64_C(1000000)
#define SCRIPT_START_NS (INT64_C(1700000000) * 1000 * MS_NS)

enum step_kind { STEP_DATA, STEP_GAP, STEP_END };

struct step {
    enum step_kind kind;
    enum dir dir;
    uint64_t gap;
    int64_t ts;
    uint64_t line;
    uint8_t *bytes; /* owned */
    size_t n;
};

struct script {
    struct step *steps;
    size_t count;
    int how; /* enum end_how; -1 when the script does not say */
};

/* The word of each enum end_how. */
extern const char *const script_end_names[];

/* Fails the running test when the text is no script. */
struct script script_read(const char *text);
void script_free(struct script *);

#endif
