/* The fields a filter can ask for, and their values. For filter.c. */
#ifndef WSIGHT_FILTER_FIELDS_H
#define WSIGHT_FILTER_FIELDS_H

#include "filter.h"

enum field_type {
    FIELD_NUMBER,
    FIELD_SIZE,     /* bytes */
    FIELD_DURATION, /* ns */
    FIELD_OPCODE,
    FIELD_CLOSE, /* a close code */
    FIELD_SEVERITY,
    FIELD_FLAG, /* there or not */
    FIELD_TEXT,
    FIELD_ADDRESS
};

struct filter_value {
    int64_t number;
    struct bytes text;
    const uint8_t *ip;
    uint8_t family;
};

struct filter_kind {
    struct filter_field field;
    enum field_type type;
    /* Value i of the field: there may be several, any of which may match. false: no more. */
    bool (*get)(const struct filter_subject *, unsigned i, struct filter_value *);
    unsigned needs; /* enum filter_need */
};

/* NULL when there is none; Wireshark's names are known too. */
const struct filter_kind *filter_find(const char *name, size_t n);

#endif
