/* The grammar of the display filter: recursive descent into an array of nodes. */
#include "tree.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Bounds for a regular expression over one value: what is matched may be made to take for ever. */
#define MATCH_STEPS_MAX 200000
#define MATCH_DEPTH_MAX 20000
#define MATCH_HEAP_KIB 4096

int filter_fail(struct filter_parser *p, size_t at, const char *format, ...)
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

void filter_skip_blanks(struct filter_parser *p)
{
    while (isspace((unsigned char)p->text[p->at])) {
        p->at++;
    }
}

/* With a hyphen, as http.header.user-agent has. */
static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-' || (c & 0x80);
}

static bool take_sign(struct filter_parser *p, const char *sign)
{
    filter_skip_blanks(p);
    if (strncmp(p->text + p->at, sign, strlen(sign)) != 0) {
        return false;
    }
    p->at += strlen(sign);
    return true;
}

static bool take_word(struct filter_parser *p, const char *word)
{
    size_t n = strlen(word);
    filter_skip_blanks(p);
    if (strncasecmp(p->text + p->at, word, n) != 0 || is_word(p->text[p->at + n])) {
        return false;
    }
    p->at += n;
    return true;
}

static int add_node(struct filter_parser *p, struct filter_node node)
{
    if (p->f->n == FILTER_NODES_MAX) {
        return filter_fail(p, p->at, "this is too long");
    }
    p->f->nodes[p->f->n] = node;
    return (int)p->f->n++;
}

/*--- Relations ----------------------------------------------------------------------------------*/

static bool take_relation(struct filter_parser *p, struct filter_node *node)
{
    /* Longer signs first. all: of the values, unless "any" stands before the field. */
    static const struct {
        const char *sign;
        enum filter_relation relation;
        bool all;
    } relations[] = {{"===", RELATION_EQUAL, true},
                     {"!==", RELATION_NOT_EQUAL, false},
                     {"==", RELATION_EQUAL, false},
                     {"!=", RELATION_NOT_EQUAL, true},
                     {"<=", RELATION_LESS_EQUAL, false},
                     {">=", RELATION_GREATER_EQUAL, false},
                     {"<", RELATION_LESS, false},
                     {">", RELATION_GREATER, false},
                     {"~", RELATION_MATCHES, false},
                     {"=", RELATION_EQUAL, false},
                     {"contains", RELATION_CONTAINS, false},
                     {"matches", RELATION_MATCHES, false},
                     {"in", RELATION_IN, false},
                     {"eq", RELATION_EQUAL, false},
                     {"ne", RELATION_NOT_EQUAL, true},
                     {"lt", RELATION_LESS, false},
                     {"gt", RELATION_GREATER, false},
                     {"le", RELATION_LESS_EQUAL, false},
                     {"ge", RELATION_GREATER_EQUAL, false}};
    for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
        const char *sign = relations[i].sign;
        if (isalpha((unsigned char)*sign) ? take_word(p, sign) : take_sign(p, sign)) {
            node->relation = relations[i].relation;
            node->all = relations[i].all;
            return true;
        }
    }
    node->relation = RELATION_PRESENT;
    return false;
}

static int check_relation(struct filter_parser *p, size_t at, const struct filter_node *node)
{
    enum filter_type type = node->kind->type;
    const char *name = node->kind->field.name;
    bool of_text = node->relation == RELATION_CONTAINS || node->relation == RELATION_MATCHES;
    bool of_order = node->relation >= RELATION_LESS && node->relation <= RELATION_GREATER_EQUAL;
    bool is_text = type == TYPE_TEXT || type == TYPE_BYTES;
    bool has_order = !is_text && type != TYPE_ADDRESS && type != TYPE_FLAG;
    if (of_text && !is_text) {
        return filter_fail(p, at, "%s is no text: it takes == != %sin", name,
                           has_order ? "< <= > >= " : "");
    }
    if (of_order && !has_order) {
        return filter_fail(p, at, "%s is no number: it takes == != %sin", name,
                           is_text ? "contains matches " : "");
    }
    return 0;
}

static int read_literals(struct filter_parser *p, struct filter_node *node)
{
    bool more = node->relation == RELATION_IN && take_sign(p, "{");
    node->left = (uint16_t)p->f->n_literals;
    do {
        if (filter_read_literal(p, node->kind, node->relation) != 0) {
            return -1;
        }
        more = more && !take_sign(p, "}");
        if (more) {
            take_sign(p, ",");
        }
    } while (more);
    node->right = (uint16_t)p->f->n_literals;
    return 0;
}

static int unknown_field(struct filter_parser *p, size_t at, size_t n)
{
    const char *name = p->text + at, *near = filter_suggest(name, n);
    int shown = n < 60 ? (int)n : 60;
    if (n == 0) {
        return filter_fail(p, at, "a field is missing here");
    }
    if (name[n] == '(') {
        return filter_fail(p, at, "there are no functions, such as %.*s()", shown, name);
    }
    if (near == NULL) {
        return filter_fail(p, at, "there is no field '%.*s'", shown, name);
    }
    if (strlen(near) == n && strncasecmp(near, name, n) == 0) {
        return filter_fail(p, at, "behind %s stands a name", near);
    }
    return filter_fail(p, at, "there is no field '%.*s': did you mean '%s'?", shown, name, near);
}

static int read_field(struct filter_parser *p, struct filter_node *node)
{
    filter_skip_blanks(p);
    size_t start = p->at;
    while (is_word(p->text[p->at])) {
        p->at++;
    }
    node->kind = filter_find(p->text + start, p->at - start, &node->part);
    if (node->kind == NULL) {
        return unknown_field(p, start, p->at - start);
    }
    p->f->needs |= node->kind->needs;
    if (node->kind->needs & FILTER_LATE) {
        if (p->f->n_late == FILTER_LATE_MAX) {
            return filter_fail(p, start, "this asks too often what only a session's end tells");
        }
        node->late = (int8_t)p->f->n_late++;
    }
    return 0;
}

static int parse_relation(struct filter_parser *p)
{
    struct filter_node node = {.type = NODE_RELATION, .late = -1};
    bool any = take_word(p, "any"), all = !any && take_word(p, "all");
    if (read_field(p, &node) != 0) {
        return -1;
    }
    filter_skip_blanks(p);
    size_t at = p->at;
    if (take_relation(p, &node) &&
        (check_relation(p, at, &node) != 0 || read_literals(p, &node) != 0)) {
        return -1;
    }
    node.all = all || (node.all && !any);
    return add_node(p, node);
}

/*--- Expressions --------------------------------------------------------------------------------*/

static int add_two(struct filter_parser *p, enum filter_node_type type, int left, int right)
{
    if (left < 0 || right < 0) {
        return -1;
    }
    return add_node(
        p, (struct filter_node){.type = type, .left = (uint16_t)left, .right = (uint16_t)right});
}

static int parse_or(struct filter_parser *p);

/* What stands behind "not" or between parentheses, with a bound on how deep that goes. */
static int parse_deeper(struct filter_parser *p, int (*parse)(struct filter_parser *))
{
    if (p->depth == FILTER_DEPTH_MAX) {
        return filter_fail(p, p->at, "this is nested too deep");
    }
    p->depth++;
    int inner = parse(p);
    p->depth--;
    return inner;
}

static int parse_not(struct filter_parser *p)
{
    filter_skip_blanks(p);
    size_t open = p->at;
    bool bang = p->text[p->at] == '!' && p->text[p->at + 1] != '=' && take_sign(p, "!");
    if (bang || take_word(p, "not")) {
        int inner = parse_deeper(p, parse_not);
        return add_two(p, NODE_NOT, inner, 0);
    }
    if (!take_sign(p, "(")) {
        return parse_relation(p);
    }
    int inner = parse_deeper(p, parse_or);
    if (inner >= 0 && !take_sign(p, ")")) {
        return filter_fail(p, open, "the closing ) is missing");
    }
    return inner;
}

static int parse_and(struct filter_parser *p)
{
    int left = parse_not(p);
    while (left >= 0 && (take_word(p, "and") || take_sign(p, "&&"))) {
        left = add_two(p, NODE_AND, left, parse_not(p));
    }
    return left;
}

static int parse_or(struct filter_parser *p)
{
    int left = parse_and(p);
    while (left >= 0 && (take_word(p, "or") || take_sign(p, "||"))) {
        left = add_two(p, NODE_OR, left, parse_and(p));
    }
    return left;
}

/*--- A filter -----------------------------------------------------------------------------------*/

static void parse_all(struct filter_parser *p)
{
    filter_skip_blanks(p);
    if (p->text[p->at] == '\0') {
        return; /* it takes everything */
    }
    p->f->root = parse_or(p);
    filter_skip_blanks(p);
    char next = p->text[p->at];
    if (p->f->root >= 0 && next != '\0') {
        filter_fail(p, p->at,
                    next == '('   ? "there are no functions: what stands before this is a field"
                    : next == '[' ? "there are no slices: 'matches' compares parts"
                    : next == ')' ? "the ( for this is missing"
                                  : "'and' or 'or' is missing here");
    }
}

static bool prepare_matching(struct filter *f)
{
    f->match = pcre2_match_data_create(1, NULL);
    f->context = pcre2_match_context_create(NULL);
    if (f->match == NULL || f->context == NULL) {
        return false;
    }
    pcre2_set_match_limit(f->context, MATCH_STEPS_MAX);
    pcre2_set_depth_limit(f->context, MATCH_DEPTH_MAX);
    pcre2_set_heap_limit(f->context, MATCH_HEAP_KIB);
    return true;
}

struct filter *filter_compile(const char *text, struct filter_error *error)
{
    struct filter *f = calloc(1, sizeof *f);
    char *own = strdup(text);
    struct filter_parser p = {.f = f, .text = own, .error = error};
    if (f == NULL || own == NULL) {
        free(f);
        free(own);
        *error = (struct filter_error){.text = "out of memory"};
        return NULL;
    }
    f->text = own;
    f->root = -1;
    parse_all(&p);
    if (!p.failed && !prepare_matching(f)) {
        filter_fail(&p, 0, "out of memory");
    }
    if (p.failed) {
        filter_free(f);
        return NULL;
    }
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
    free(f->text);
    free(f);
}

void filter_set_origin(struct filter *f, int64_t ts)
{
    f->origin = ts;
}

unsigned filter_needs(const struct filter *f)
{
    return f->needs;
}
