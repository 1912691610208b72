/* Totals: what sessions add up to. */
#include "totals.h"

#include "decoders/http/fields.h"
#include "texts.h"

#include <stdlib.h>

#define NAME_MAX_BYTES 256

static void add_rtts(struct rtt_counts *into, const struct rtt_counts *from)
{
    if (from->count > 0) {
        into->min = into->count == 0 || from->min < into->min ? from->min : into->min;
        into->max = from->max > into->max ? from->max : into->max;
        into->sum += from->sum;
        into->count += from->count;
    }
}

_Static_assert(sizeof(struct direction_counts) % sizeof(uint64_t) == 0, "only 64-bit counters");

/* n bytes of 64-bit counters. */
static void add_words(void *into, const void *from, size_t n)
{
    uint64_t *a = into;
    const uint64_t *b = from;
    for (size_t i = 0; i < n / sizeof *a; i++) {
        a[i] += b[i];
    }
}

const char *totals_old_code_name(int table, int code)
{
    return version_close_code_name(websocket_version(table == 0 ? 6 : 8), code);
}

static void add_old_closes(struct totals *t, enum dir dir, int code, uint64_t n,
                           const struct websocket_version *v)
{
    if (v->close != VERSION_CLOSE_CODE) {
        t->close_codeless[dir] += n;
    } else if (v->codes != NULL && code >= 1000 && code < 1000 + TOTALS_OLD_CODES) {
        t->close_codes_old[dir][v->number >= 8][code - 1000] += n;
    }
}

void totals_add_closes(struct totals *t, enum dir dir, int code, uint64_t n,
                       const struct websocket_version *v)
{
    if (v != NULL) {
        add_old_closes(t, dir, code, n, v);
    }
    if (code == CLOSE_CODE_NONE) {
        t->close_none[dir] += n;
    } else if (code < TOTALS_CLOSE_CODES) {
        t->close_codes[dir][code] += n;
    } else {
        t->close_other[dir] += n;
    }
}

void totals_add_findings(struct totals *t, enum finding_id id, uint64_t n)
{
    t->findings[id] += n;
    t->findings_by_severity[finding_kind(id)->severity] += n;
}

static struct name_count *count_name(struct totals *t, struct name_counts *names, struct bytes name)
{
    name = bytes_part(name, 0, NAME_MAX_BYTES);
    for (size_t i = 0; i < names->n; i++) {
        if (bytes_equal(names->list[i].name, name)) {
            return &names->list[i];
        }
    }
    if (names->n == TOTALS_NAMES_MAX) {
        return NULL;
    }
    if (names->list == NULL) {
        names->list = calloc(TOTALS_NAMES_MAX, sizeof *names->list);
        if (names->list == NULL) {
            return NULL;
        }
    }
    struct name_count *n = &names->list[names->n++];
    n->name = keep_text(&t->texts, name);
    return n;
}

static void count_chosen(struct totals *t, struct name_counts *names, struct bytes name)
{
    struct name_count *n = count_name(t, names, name);
    if (n != NULL) {
        n->sessions++;
    } else {
        names->others++;
    }
}

static void count_offered(struct totals *t, struct name_counts *names, struct bytes name)
{
    struct name_count *n = count_name(t, names, name);
    if (n != NULL) {
        n->offered++;
    }
}

void totals_add_negotiated(struct totals *t, const struct handshake *h)
{
    struct bytes rest = h->offered_subprotocols, name;
    struct extension x;
    while (list_next(&rest, &name)) {
        count_offered(t, &t->subprotocols, name);
    }
    if (h->subprotocol.n > 0) {
        count_chosen(t, &t->subprotocols, h->subprotocol);
    }
    rest = h->offered_extensions;
    while (extension_list_next(&rest, &x)) {
        count_offered(t, &t->extensions, x.name);
    }
    rest = h->extensions;
    while (extension_list_next(&rest, &x)) {
        count_chosen(t, &t->extensions, x.name);
    }
}

void totals_add_counts(struct totals *t, const struct session *s)
{
    for (int d = 0; s->outcome != OUTCOME_TLS && d < 2; d++) {
        add_words(&t->dir[d], &s->dir[d], sizeof t->dir[d]);
        add_rtts(&t->rtt[d], &s->rtt[d]);
    }
}

void totals_add_session(struct totals *t, const struct session *s)
{
    t->outcomes[s->outcome]++;
    t->going_on[s->outcome] += !s->ended;
    if (s->outcome != OUTCOME_TLS) {
        t->ends[session_close_how(s)]++;
    }
    const struct websocket_version *v = s->handshake.protocol;
    if (v != NULL && (s->outcome == OUTCOME_OPEN || s->outcome == OUTCOME_MIDSTREAM)) {
        t->versions[v->number - VERSION_HIXIE_75]++;
    }
    totals_add_counts(t, s);
}

void totals_add_counters(struct totals *into, const struct totals *from)
{
    into->sessions += from->sessions;
    into->tls_connections += from->tls_connections;
    add_words(into->outcomes, from->outcomes, sizeof into->outcomes);
    add_words(into->dir, from->dir, sizeof into->dir);
    add_words(into->close_codes, from->close_codes, sizeof into->close_codes);
    add_words(into->close_none, from->close_none, sizeof into->close_none);
    add_words(into->close_other, from->close_other, sizeof into->close_other);
    add_words(into->findings, from->findings, sizeof into->findings);
    histogram_merge(&into->rtt_ns, &from->rtt_ns);
}

void totals_keep(struct totals *kept, const struct totals *interval)
{
    totals_add_counters(kept, interval);
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        if (o == OUTCOME_OPEN || o == OUTCOME_MIDSTREAM) { /* the others are told of once */
            kept->sessions -= interval->going_on[o];
            kept->outcomes[o] -= interval->going_on[o];
        }
    }
}

void totals_done(struct totals *t)
{
    free(t->subprotocols.list);
    free(t->extensions.list);
    free_texts(t->texts);
}
