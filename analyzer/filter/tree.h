/* A compiled filter, and its fields: shared by the files of this folder alone. */
#ifndef WSIGHT_FILTER_TREE_H
#define WSIGHT_FILTER_TREE_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include "filter.h"

#include <pcre2.h>

enum filter_type {
    TYPE_NUMBER,
    TYPE_SIZE,     /* bytes */
    TYPE_DURATION, /* ns */
    TYPE_TIME,     /* ns since 1970 UTC */
    TYPE_OPCODE,
    TYPE_CLOSE, /* a close code */
    TYPE_SEVERITY,
    TYPE_TLS, /* a version of TLS as on the wire */
    TYPE_FLAG,
    TYPE_TEXT,
    TYPE_BYTES,
    TYPE_ADDRESS,
    TYPE_COUNT
};

struct filter_address {
    uint8_t ip[16];
    uint8_t family; /* 4 or 6 */
};

/* A value of a field; which member counts follows from the type. */
struct filter_value {
    int64_t number;
    struct bytes text; /* also TYPE_BYTES */
    struct filter_address address;
    struct bytes rest; /* the getter's own, from one value to the next */
    char room[48];     /* for text that is made */
};

struct filter_question {
    const struct filter_subject *subject;
    struct bytes part; /* of http.header.NAME: NAME */
    int64_t origin;
};

/* What getters of fields with one value return. */
static inline bool one_number(unsigned i, struct filter_value *v, int64_t n)
{
    v->number = n;
    return i == 0;
}

static inline bool one_count(unsigned i, struct filter_value *v, uint64_t n)
{
    return one_number(i, v, n < INT64_MAX ? (int64_t)n : INT64_MAX);
}

/* Value i of the field, asked for in order from 0; false: there are no more. */
typedef bool filter_get(const struct filter_question *, unsigned i, struct filter_value *);

struct filter_kind {
    struct filter_field field;
    enum filter_type type;
    unsigned needs; /* enum filter_need */
    filter_get *get;
    bool takes_part; /* its name ends in a dot, and anything may follow */
};

#define FIELD(group, name, type, needs, get, help) filter_get filter_get_##get;
#define ALIAS(name, own)
#include "filter_fields.def"
#undef FIELD
#undef ALIAS

/* The field, and what of the name is its part. NULL when there is none. */
const struct filter_kind *filter_find(const char *name, size_t n, struct bytes *part);
/* The field's name that comes nearest, or NULL. */
const char *filter_suggest(const char *name, size_t n);

enum filter_relation {
    RELATION_EQUAL,
    RELATION_NOT_EQUAL,
    RELATION_LESS,
    RELATION_LESS_EQUAL,
    RELATION_GREATER,
    RELATION_GREATER_EQUAL,
    RELATION_CONTAINS,
    RELATION_MATCHES,
    RELATION_IN,
    RELATION_PRESENT
};

/* What a field is compared with: one value, or a range from the first to the second. */
struct filter_literal {
    int64_t number, to;
    char *text; /* owned */
    size_t n;
    struct filter_address address, address_to;
    uint8_t prefix; /* bits of address that count */
    bool is_range;
    pcre2_code *code; /* owned */
};

enum filter_node_type { NODE_AND, NODE_OR, NODE_NOT, NODE_RELATION };

struct filter_node {
    enum filter_node_type type;
    enum filter_relation relation;
    uint16_t left, right; /* AND, OR, NOT (left): nodes; RELATION: literals left to before right */
    bool all;             /* of the values, and not any */
    int8_t late;          /* the bit of filter_late; -1: none */
    const struct filter_kind *kind;
    struct bytes part; /* in the filter's copy of the text */
};

struct filter {
    struct filter_node nodes[FILTER_NODES_MAX];
    struct filter_literal literals[FILTER_NODES_MAX];
    size_t n, n_literals, n_late;
    int root; /* -1: takes everything */
    unsigned needs;
    int64_t origin;
    char *text;
    pcre2_match_data *match;
    pcre2_match_context *context;
};

/*--- Parsing, shared by parse.c and literal.c ---------------------------------------------------*/

struct filter_parser {
    struct filter *f;
    const char *text;
    size_t at;
    unsigned depth;
    struct filter_error *error;
    bool failed;
};

/* The first thing that is wrong stays. Returns -1. */
__attribute__((format(printf, 3, 4))) int filter_fail(struct filter_parser *, size_t at,
                                                      const char *format, ...);
void filter_skip_blanks(struct filter_parser *);

/* Reads a value for the field at the parser's place. -1: it is none. */
int filter_read_literal(struct filter_parser *, const struct filter_kind *, enum filter_relation);

#endif
