/* A compiled filter, asked. */
#include "tree.h"

#include <ctype.h>

static struct bytes literal_text(const struct filter_literal *l)
{
    return (struct bytes){(const uint8_t *)l->text, l->n};
}

static bool contains_nocase(struct bytes hay, struct bytes needle)
{
    if (needle.n == 0) {
        return true;
    }
    uint8_t low = (uint8_t)tolower(needle.p[0]), high = (uint8_t)toupper(needle.p[0]);
    for (size_t i = 0; i < hay.n && needle.n <= hay.n - i; i++) {
        if ((hay.p[i] == low || hay.p[i] == high) &&
            bytes_equal_nocase(bytes_part(hay, i, needle.n), needle)) {
            return true;
        }
    }
    return false;
}

static bool contains(enum filter_type type, struct bytes hay, struct bytes needle)
{
    if (type == TYPE_TEXT) {
        return contains_nocase(hay, needle);
    }
    return needle.n == 0 || (hay.n > 0 && memmem(hay.p, hay.n, needle.p, needle.n) != NULL);
}

static bool matches(struct filter *f, const struct filter_literal *l, struct bytes text)
{
    const uint8_t *p = text.n > 0 ? text.p : (const uint8_t *)"";
    return pcre2_match(l->code, p, text.n, 0, 0, f->match, f->context) >= 0;
}

static bool address_in(const struct filter_address *a, const struct filter_literal *l)
{
    if (a->family != l->address.family) {
        return false;
    }
    size_t length = a->family == 4 ? 4 : 16;
    if (l->is_range) {
        return memcmp(a->ip, l->address.ip, length) >= 0 &&
               memcmp(a->ip, l->address_to.ip, length) <= 0;
    }
    size_t whole = l->prefix / 8, rest = l->prefix % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return memcmp(a->ip, l->address.ip, whole) == 0 &&
           (rest == 0 || (a->ip[whole] & mask) == (l->address.ip[whole] & mask));
}

/* Equal to it, or within it when it is a range. */
static bool equals(enum filter_type type, const struct filter_value *v,
                   const struct filter_literal *l)
{
    switch (type) {
    case TYPE_ADDRESS:
        return address_in(&v->address, l);
    case TYPE_TEXT:
        return bytes_equal_nocase(v->text, literal_text(l));
    case TYPE_BYTES:
        return bytes_equal(v->text, literal_text(l));
    default:
        return l->is_range ? v->number >= l->number && v->number <= l->to : v->number == l->number;
    }
}

static bool is_among(const struct filter *f, const struct filter_node *node,
                     const struct filter_value *v)
{
    for (size_t i = node->left; i < node->right; i++) {
        if (equals(node->kind->type, v, &f->literals[i])) {
            return true;
        }
    }
    return false;
}

/* Whether the relation is true of one value. */
static bool is_true(struct filter *f, const struct filter_node *node, const struct filter_value *v)
{
    const struct filter_literal *l = &f->literals[node->left];
    enum filter_type type = node->kind->type;
    switch (node->relation) {
    case RELATION_EQUAL:
        return equals(type, v, l);
    case RELATION_NOT_EQUAL:
        return !equals(type, v, l);
    case RELATION_LESS:
        return v->number < l->number;
    case RELATION_LESS_EQUAL:
        return v->number <= l->number;
    case RELATION_GREATER:
        return v->number > l->number;
    case RELATION_GREATER_EQUAL:
        return v->number >= l->number;
    case RELATION_CONTAINS:
        return contains(type, v->text, literal_text(l));
    case RELATION_MATCHES:
        return matches(f, l, v->text);
    case RELATION_IN:
        return is_among(f, node, v);
    case RELATION_PRESENT:
        return type != TYPE_FLAG || v->number != 0;
    }
    return false;
}

/* Of any value, or of all and at least one. */
static bool relation_holds(struct filter *f, const struct filter_node *node,
                           const struct filter_subject *s)
{
    struct filter_question q = {s, node->part, f->origin};
    struct filter_value v = {0};
    unsigned i = 0;
    if (s->message == NULL && node->kind->needs & FILTER_MESSAGES) {
        return false;
    }
    for (; node->kind->get(&q, i, &v); i++) {
        if (is_true(f, node, &v) != node->all) {
            return !node->all;
        }
    }
    return node->all && i > 0;
}

static bool node_holds(struct filter *f, size_t at, const struct filter_subject *s)
{
    const struct filter_node *node = &f->nodes[at];
    switch (node->type) {
    case NODE_AND:
        return node_holds(f, node->left, s) && node_holds(f, node->right, s);
    case NODE_OR:
        return node_holds(f, node->left, s) || node_holds(f, node->right, s);
    case NODE_NOT:
        return !node_holds(f, node->left, s);
    case NODE_RELATION:
        break;
    }
    if (node->late >= 0 && s->late != NULL) {
        return *s->late >> node->late & 1;
    }
    return relation_holds(f, node, s);
}

bool filter_holds(struct filter *f, const struct filter_subject *s)
{
    return f->root < 0 || node_holds(f, (size_t)f->root, s);
}

uint64_t filter_late(struct filter *f, const struct session *session)
{
    struct filter_subject s = {.session = session};
    uint64_t late = 0;
    for (size_t i = 0; i < f->n; i++) {
        const struct filter_node *node = &f->nodes[i];
        if (node->type == NODE_RELATION && node->late >= 0) {
            late |= (uint64_t)relation_holds(f, node, &s) << node->late;
        }
    }
    return late;
}
