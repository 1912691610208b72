/* The display filter: a parser by recursive descent into an array of nodes, and its evaluation. */
#include "filter_fields.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include "decoders/registry/registry.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <pcre2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define LITERAL_MAX_BYTES 1024
/* Steps of a regular expression over one value: a bound against those that take for ever. */
#define MATCH_STEPS_MAX 200000

enum node_type { NODE_AND, NODE_OR, NODE_NOT, NODE_PRESENT, NODE_COMPARE, NODE_IN };
enum compare { EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, CONTAINS, MATCHES };

struct literal {
    int64_t number;
    char *text; /* owned */
    size_t n;
    uint8_t ip[16];
    uint8_t family, prefix;
    pcre2_code *code;
};

struct node {
    enum node_type type;
    enum compare compare;
    uint16_t left, right; /* AND, OR, NOT (left); IN: literals left to before right */
    const struct filter_kind *kind;
};

struct filter {
    struct node nodes[FILTER_NODES_MAX];
    struct literal literals[FILTER_NODES_MAX];
    size_t n, n_literals;
    int root;       /* -1: takes everything */
    unsigned needs; /* enum filter_need */
    pcre2_match_data *match;
    pcre2_match_context *context;
};

struct parser {
    struct filter *f;
    const char *text;
    size_t at;
    unsigned depth;
    struct filter_error *error;
    bool failed;
};

__attribute__((format(printf, 3, 4))) static int fail(struct parser *p, size_t at,
                                                      const char *format, ...)
{
    if (!p->failed) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(p->error->text, sizeof p->error->text, format, arguments);
        va_end(arguments);
        p->error->at = at;
        p->failed = true;
    }
    return -1;
}

/*--- Words --------------------------------------------------------------------------------------*/

static void skip_blanks(struct parser *p)
{
    while (isspace((unsigned char)p->text[p->at])) {
        p->at++;
    }
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || (c & 0x80);
}

static bool take_sign(struct parser *p, const char *sign)
{
    skip_blanks(p);
    if (strncmp(p->text + p->at, sign, strlen(sign)) != 0) {
        return false;
    }
    p->at += strlen(sign);
    return true;
}

static bool take_word(struct parser *p, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(p);
    if (strncasecmp(p->text + p->at, word, n) != 0 || is_word(p->text[p->at + n])) {
        return false;
    }
    p->at += n;
    return true;
}

static int add_node(struct parser *p, struct node node)
{
    if (p->f->n == FILTER_NODES_MAX) {
        return fail(p, p->at, "this is too long");
    }
    p->f->nodes[p->f->n] = node;
    return (int)p->f->n++;
}

/*--- Literals -----------------------------------------------------------------------------------*/

/* Quoted, with \" and \\ and \n and \xHH, or a bare word. */
static int read_quoted(struct parser *p, char *out, size_t *n)
{
    size_t start = p->at++;
    while (p->text[p->at] != '"') {
        char c = p->text[p->at++];
        if (c == '\0' || *n == LITERAL_MAX_BYTES) {
            p->at -= c == '\0';
            return fail(p, start, c == '\0' ? "the closing \" is missing" : "this is too long");
        }
        if (c == '\\' && (p->text[p->at] == '"' || p->text[p->at] == '\\')) {
            c = p->text[p->at++];
        }
        out[(*n)++] = c;
    }
    p->at++;
    return 0;
}

static bool ends_bare(char c)
{
    return c == '\0' || isspace((unsigned char)c) || strchr("(){},\"", c) != NULL;
}

static int read_literal(struct parser *p, char *out, size_t *n)
{
    *n = 0;
    skip_blanks(p);
    if (p->text[p->at] == '"') {
        return read_quoted(p, out, n);
    }
    while (!ends_bare(p->text[p->at]) && *n < LITERAL_MAX_BYTES) {
        out[(*n)++] = p->text[p->at++];
    }
    return *n > 0 ? 0 : fail(p, p->at, "a value is missing here");
}

static bool close_by_name(const char *text, int64_t *number)
{
    const struct registry_table *t = &registry_builtin()->table[REGISTRY_CLOSE_CODES];
    for (size_t i = 0; i < t->n; i++) {
        const char *a = t->entries[i].name, *b = text;
        while (*a != '\0' && *b != '\0' &&
               (tolower((unsigned char)*a) == tolower((unsigned char)*b) ||
                (strchr(" .", *a) != NULL && strchr("_-", *b) != NULL))) {
            a++;
            b++;
        }
        if ((*a == '\0' || strcmp(a, ".") == 0) && *b == '\0' &&
            t->entries[i].low == t->entries[i].high) {
            *number = t->entries[i].low;
            return true;
        }
    }
    return false;
}

static bool word_of(const char *text, const char *const *words, size_t n, int64_t *number)
{
    for (size_t i = 0; i < n; i++) {
        if (words[i] != NULL && strcasecmp(text, words[i]) == 0) {
            *number = (int64_t)i;
            return true;
        }
    }
    return false;
}

static bool named_number(enum field_type type, const char *text, int64_t *number)
{
    static const char *const opcodes[16] = {"continuation", "text", "binary", NULL,   NULL,  NULL,
                                            NULL,           NULL,   "close",  "ping", "pong"};
    static const char *const severities[] = {"note", "warning", "error"};
    return (type == FIELD_OPCODE && word_of(text, opcodes, 16, number)) ||
           (type == FIELD_SEVERITY && word_of(text, severities, 3, number)) ||
           (type == FIELD_CLOSE && close_by_name(text, number));
}

/* What a unit stands for; 0: it is none of the type. */
static double unit_of(enum field_type type, const char *unit)
{
    static const struct {
        const char *name;
        double factor;
        enum field_type type;
    } units[] = {{"b", 1, FIELD_SIZE},           {"k", 1024, FIELD_SIZE},
                 {"kb", 1024, FIELD_SIZE},       {"m", 1048576, FIELD_SIZE},
                 {"mb", 1048576, FIELD_SIZE},    {"g", 1073741824, FIELD_SIZE},
                 {"gb", 1073741824, FIELD_SIZE}, {"ns", 1, FIELD_DURATION},
                 {"us", 1e3, FIELD_DURATION},    {"ms", 1e6, FIELD_DURATION},
                 {"s", 1e9, FIELD_DURATION},     {"m", 60e9, FIELD_DURATION},
                 {"min", 60e9, FIELD_DURATION},  {"h", 3600e9, FIELD_DURATION},
                 {"d", 86400e9, FIELD_DURATION}};
    if (*unit == '\0') {
        return type == FIELD_DURATION ? 1e9 : 1;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].type == type && strcasecmp(units[i].name, unit) == 0) {
            return units[i].factor;
        }
    }
    return 0;
}

static int number_literal(struct parser *p, size_t at, enum field_type type, const char *text,
                          int64_t *number)
{
    char *end;
    if (named_number(type, text, number)) {
        return 0;
    }
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    double v = hex ? (double)strtoull(text, &end, 16) : strtod(text, &end);
    double unit = end != text ? unit_of(type, end) : 0;
    if (!isdigit((unsigned char)text[0]) || unit <= 0 || v * unit > 9e18) {
        return fail(p, at, "'%.40s' is no %s", text,
                    type == FIELD_SIZE       ? "size, such as 64KB"
                    : type == FIELD_DURATION ? "time, such as 2s or 150ms"
                    : type == FIELD_OPCODE ? "opcode: text, binary, close, ping, pong, or a number"
                    : type == FIELD_CLOSE  ? "close code, such as 1000 or going_away"
                    : type == FIELD_SEVERITY ? "severity: note, warning or error"
                                             : "number");
    }
    *number = (int64_t)(v * unit);
    return 0;
}

static int address_literal(struct parser *p, size_t at, const char *text, struct literal *l)
{
    char address[64];
    const char *slash = strchr(text, '/');
    size_t n = slash != NULL ? (size_t)(slash - text) : strlen(text);
    snprintf(address, sizeof address, "%.*s", n < sizeof address ? (int)n : 0, text);
    l->family = inet_pton(AF_INET, address, l->ip) == 1    ? 4
                : inet_pton(AF_INET6, address, l->ip) == 1 ? 6
                                                           : 0;
    unsigned long most = l->family == 4 ? 32 : 128, prefix = most;
    if (slash != NULL) {
        char *end;
        prefix = strtoul(slash + 1, &end, 10);
        prefix = *end != '\0' || slash[1] < '0' || slash[1] > '9' ? most + 1 : prefix;
    }
    if (l->family == 0 || prefix > most) {
        return fail(p, at, "'%.40s' is no address, such as 10.0.0.1, 10.0.0.0/8 or fd00::/8", text);
    }
    l->prefix = (uint8_t)prefix;
    return 0;
}

static int regex_literal(struct parser *p, size_t at, struct literal *l)
{
    int number;
    size_t where;
    l->code = pcre2_compile((PCRE2_SPTR)l->text, l->n, 0, &number, &where, NULL);
    if (l->code == NULL) {
        char why[120];
        pcre2_get_error_message(number, (PCRE2_UCHAR *)why, sizeof why);
        return fail(p, at, "regular expression: %s", why);
    }
    return 0;
}

static int add_literal(struct parser *p, const struct filter_kind *kind, enum compare compare)
{
    char text[LITERAL_MAX_BYTES + 1];
    size_t n;
    skip_blanks(p);
    size_t at = p->at;
    if (read_literal(p, text, &n) != 0) {
        return -1;
    }
    text[n] = '\0';
    if (p->f->n_literals == FILTER_NODES_MAX) {
        return fail(p, at, "this is too long");
    }
    struct literal *l = &p->f->literals[p->f->n_literals++];
    l->text = strdup(text);
    l->n = n;
    if (l->text == NULL) {
        return fail(p, at, "out of memory");
    }
    if (compare == MATCHES) {
        return regex_literal(p, at, l);
    }
    if (kind->type == FIELD_ADDRESS) {
        return address_literal(p, at, text, l);
    }
    return kind->type == FIELD_TEXT ? 0 : number_literal(p, at, kind->type, text, &l->number);
}

/*--- Expressions --------------------------------------------------------------------------------*/

static bool take_compare(struct parser *p, enum compare *compare)
{
    static const struct {
        const char *sign;
        enum compare compare;
    } signs[] = {{"==", EQUAL}, {"!=", NOT_EQUAL}, {"<=", LESS_EQUAL}, {">=", GREATER_EQUAL},
                 {"<", LESS},   {">", GREATER},    {"~", MATCHES},     {"=", EQUAL}};
    static const struct {
        const char *word;
        enum compare compare;
    } words[] = {{"contains", CONTAINS}, {"matches", MATCHES}, {"eq", EQUAL},
                 {"ne", NOT_EQUAL},      {"lt", LESS},         {"gt", GREATER},
                 {"le", LESS_EQUAL},     {"ge", GREATER_EQUAL}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (take_sign(p, signs[i].sign)) {
            *compare = signs[i].compare;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (take_word(p, words[i].word)) {
            *compare = words[i].compare;
            return true;
        }
    }
    return false;
}

static int check_compare(struct parser *p, size_t at, const struct filter_kind *kind,
                         enum compare compare)
{
    bool of_text = compare == CONTAINS || compare == MATCHES;
    bool of_order = compare >= LESS && compare <= GREATER_EQUAL;
    if (of_text && kind->type != FIELD_TEXT) {
        return fail(p, at, "%s is no text: it takes == != < <= > >= or in", kind->field.name);
    }
    if (of_order && (kind->type == FIELD_TEXT || kind->type == FIELD_ADDRESS)) {
        return fail(p, at, "%s is no number: it takes == != in%s", kind->field.name,
                    kind->type == FIELD_TEXT ? " contains matches" : "");
    }
    if (kind->type == FIELD_FLAG) {
        return fail(p, at, "%s is there or not: it takes no value", kind->field.name);
    }
    return 0;
}

static int parse_in(struct parser *p, const struct filter_kind *kind)
{
    struct node node = {.type = NODE_IN, .kind = kind, .left = (uint16_t)p->f->n_literals};
    bool list = take_sign(p, "{");
    do {
        if (add_literal(p, kind, EQUAL) != 0) {
            return -1;
        }
        if (list && take_sign(p, "}")) {
            list = false;
            break;
        }
        if (list) {
            take_sign(p, ",");
        }
    } while (list);
    node.right = (uint16_t)p->f->n_literals;
    return add_node(p, node);
}

static int parse_comparison(struct parser *p)
{
    skip_blanks(p);
    size_t start = p->at;
    enum compare compare;
    while (is_word(p->text[p->at])) {
        p->at++;
    }
    size_t n = p->at - start;
    const struct filter_kind *kind = filter_find(p->text + start, n);
    if (kind == NULL) {
        return n == 0 ? fail(p, start, "a field is missing here")
                      : fail(p, start, "there is no field '%.*s'", n < 60 ? (int)n : 60,
                             p->text + start);
    }
    p->f->needs |= kind->needs;
    size_t at = p->at;
    if (take_word(p, "in")) {
        return check_compare(p, at, kind, EQUAL) == 0 ? parse_in(p, kind) : -1;
    }
    if (!take_compare(p, &compare)) {
        return add_node(p, (struct node){.type = NODE_PRESENT, .kind = kind});
    }
    struct node node = {
        .type = NODE_COMPARE, .compare = compare, .kind = kind, .left = (uint16_t)p->f->n_literals};
    if (check_compare(p, at, kind, compare) != 0 || add_literal(p, kind, compare) != 0) {
        return -1;
    }
    return add_node(p, node);
}

static int parse_or(struct parser *p);

static int parse_not(struct parser *p)
{
    if (p->depth == FILTER_DEPTH_MAX) {
        return fail(p, p->at, "this is nested too deep");
    }
    skip_blanks(p);
    size_t open = p->at;
    bool bang = p->text[p->at] == '!' && p->text[p->at + 1] != '=' && take_sign(p, "!");
    if (bang || take_word(p, "not")) {
        p->depth++;
        int inner = parse_not(p);
        p->depth--;
        return inner < 0 ? -1
                         : add_node(p, (struct node){.type = NODE_NOT, .left = (uint16_t)inner});
    }
    if (!take_sign(p, "(")) {
        return parse_comparison(p);
    }
    p->depth++;
    int inner = parse_or(p);
    p->depth--;
    if (inner >= 0 && !take_sign(p, ")")) {
        return fail(p, open, "the closing ) is missing");
    }
    return inner;
}

static int parse_and(struct parser *p)
{
    int left = parse_not(p);
    while (left >= 0 && (take_word(p, "and") || take_sign(p, "&&"))) {
        int right = parse_not(p);
        left = right < 0 ? -1
                         : add_node(p, (struct node){.type = NODE_AND,
                                                     .left = (uint16_t)left,
                                                     .right = (uint16_t)right});
    }
    return left;
}

static int parse_or(struct parser *p)
{
    int left = parse_and(p);
    while (left >= 0 && (take_word(p, "or") || take_sign(p, "||"))) {
        int right = parse_and(p);
        left = right < 0 ? -1
                         : add_node(p, (struct node){.type = NODE_OR,
                                                     .left = (uint16_t)left,
                                                     .right = (uint16_t)right});
    }
    return left;
}

struct filter *filter_compile(const char *text, struct filter_error *error)
{
    struct filter *f = calloc(1, sizeof *f);
    struct parser p = {.f = f, .text = text, .error = error};
    if (f == NULL) {
        snprintf(error->text, sizeof error->text, "out of memory");
        error->at = 0;
        return NULL;
    }
    f->root = -1;
    skip_blanks(&p);
    if (text[p.at] == '\0') {
        return f;
    }
    f->root = parse_or(&p);
    skip_blanks(&p);
    if (f->root >= 0 && text[p.at] != '\0') {
        fail(&p, p.at, "'and' or 'or' is missing here");
    }
    f->match = p.failed ? NULL : pcre2_match_data_create(1, NULL);
    f->context = p.failed ? NULL : pcre2_match_context_create(NULL);
    if (f->match == NULL || f->context == NULL) {
        fail(&p, 0, "out of memory");
        filter_free(f);
        return NULL;
    }
    pcre2_set_match_limit(f->context, MATCH_STEPS_MAX);
    return f;
}

void filter_free(struct filter *f)
{
    if (f == NULL) {
        return;
    }
    for (size_t i = 0; i < f->n_literals; i++) {
        free(f->literals[i].text);
        pcre2_code_free(f->literals[i].code);
    }
    pcre2_match_data_free(f->match);
    pcre2_match_context_free(f->context);
    free(f);
}

unsigned filter_needs(const struct filter *f)
{
    return f->needs;
}

/*--- Evaluation ---------------------------------------------------------------------------------*/

static bool contains_nocase(struct bytes hay, struct bytes needle)
{
    if (needle.n == 0) {
        return true;
    }
    uint8_t low = (uint8_t)tolower(needle.p[0]), high = (uint8_t)toupper(needle.p[0]);
    for (size_t i = 0; needle.n <= hay.n - i; i++) {
        if ((hay.p[i] == low || hay.p[i] == high) &&
            bytes_equal_nocase(bytes_part(hay, i, needle.n), needle)) {
            return true;
        }
        if (i == hay.n) {
            break;
        }
    }
    return false;
}

static bool address_in(const struct filter_value *v, const struct literal *l)
{
    if (v->family != l->family) {
        return false;
    }
    size_t whole = l->prefix / 8, rest = l->prefix % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return memcmp(v->ip, l->ip, whole) == 0 &&
           (rest == 0 || (v->ip[whole] & mask) == (l->ip[whole] & mask));
}

static bool equals(const struct filter_kind *k, const struct filter_value *v,
                   const struct literal *l)
{
    if (k->type == FIELD_ADDRESS) {
        return address_in(v, l);
    }
    if (k->type == FIELD_TEXT) {
        return bytes_equal_nocase(v->text, (struct bytes){(const uint8_t *)l->text, l->n});
    }
    return v->number == l->number;
}

static bool compares(struct filter *f, const struct node *node, const struct filter_value *v)
{
    const struct literal *l = &f->literals[node->left];
    switch (node->compare) {
    case EQUAL:
    case NOT_EQUAL: /* see below: not equal is that no value is equal */
        return equals(node->kind, v, l);
    case LESS:
        return v->number < l->number;
    case LESS_EQUAL:
        return v->number <= l->number;
    case GREATER:
        return v->number > l->number;
    case GREATER_EQUAL:
        return v->number >= l->number;
    case CONTAINS:
        return contains_nocase(v->text, (struct bytes){(const uint8_t *)l->text, l->n});
    case MATCHES:
        return pcre2_match(l->code, v->text.n > 0 ? v->text.p : (const uint8_t *)"", v->text.n, 0,
                           0, f->match, f->context) >= 0;
    }
    return false;
}

static bool any_value(struct filter *f, const struct node *node, const struct filter_subject *item)
{
    struct filter_value v = {0};
    if (item->message == NULL && node->kind->needs & FILTER_MESSAGES) {
        return false;
    }
    for (unsigned i = 0; node->kind->get(item, i, &v); i++) {
        if (node->type == NODE_PRESENT) {
            return true;
        }
        if (node->type == NODE_COMPARE && compares(f, node, &v)) {
            return true;
        }
        for (size_t l = node->left; node->type == NODE_IN && l < node->right; l++) {
            if (equals(node->kind, &v, &f->literals[l])) {
                return true;
            }
        }
    }
    return false;
}

/* There is a value, and none is equal. */
static bool no_value_equal(struct filter *f, const struct node *node,
                           const struct filter_subject *item)
{
    struct node present = *node;
    present.type = NODE_PRESENT;
    return any_value(f, &present, item) && !any_value(f, node, item);
}

static bool holds(struct filter *f, size_t at, const struct filter_subject *item)
{
    const struct node *node = &f->nodes[at];
    switch (node->type) {
    case NODE_AND:
        return holds(f, node->left, item) && holds(f, node->right, item);
    case NODE_OR:
        return holds(f, node->left, item) || holds(f, node->right, item);
    case NODE_NOT:
        return !holds(f, node->left, item);
    default:
        break;
    }
    return node->type == NODE_COMPARE && node->compare == NOT_EQUAL ? no_value_equal(f, node, item)
                                                                    : any_value(f, node, item);
}

bool filter_holds(struct filter *f, const struct filter_subject *subject)
{
    return f->root < 0 || holds(f, (size_t)f->root, subject);
}
