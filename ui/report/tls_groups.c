/* TLS connections that cannot be read, counted by what is known of them. */
#include "ui/report/tls_groups.h"

static bool is_text(const struct tls_text *text, struct bytes b)
{
    return bytes_equal((struct bytes){text->bytes, text->n}, bytes_part(b, 0, TLS_TEXT_MAX_BYTES));
}

static void take_text(struct tls_text *text, struct bytes b)
{
    text->n = b.n < TLS_TEXT_MAX_BYTES ? b.n : TLS_TEXT_MAX_BYTES;
    if (text->n > 0) {
        memcpy(text->bytes, b.p, text->n);
    }
}

static bool is_same(const struct tls_group *g, const struct session *s)
{
    const struct tls_hello *t = &s->tls;
    return g->version == t->version && g->cipher == t->cipher && g->why == t->why_not &&
           is_text(&g->name, t->sni) && is_text(&g->alpn, t->alpn) && is_text(&g->ja4, t->ja4) &&
           g->family == s->connection.family &&
           memcmp(&g->server.ip, &s->connection.server.ip, sizeof g->server.ip) == 0 &&
           g->server.port == s->connection.server.port;
}

static struct tls_group *find(struct tls_groups *g, const struct session *s)
{
    for (size_t i = 0; i < g->n; i++) {
        if (is_same(&g->list[i], s)) {
            return &g->list[i];
        }
    }
    if (g->n == TLS_GROUPS_MAX) {
        return NULL;
    }
    struct tls_group *group = &g->list[g->n++];
    *group = (struct tls_group){.version = s->tls.version,
                                .cipher = s->tls.cipher,
                                .why = s->tls.why_not,
                                .server = s->connection.server,
                                .family = s->connection.family};
    take_text(&group->name, s->tls.sni);
    take_text(&group->alpn, s->tls.alpn);
    take_text(&group->ja4, s->tls.ja4);
    take_text(&group->certificate, s->tls.certificate);
    return group;
}

void tls_groups_add(struct tls_groups *g, const struct session *s)
{
    struct tls_group *group = find(g, s);
    if (group == NULL) {
        g->others++;
        return;
    }
    group->connections++;
    group->bytes += s->end.tcp[0].bytes + s->end.tcp[1].bytes;
}

void tls_groups_sort(struct tls_groups *g)
{
    for (size_t i = 1; i < g->n; i++) {
        struct tls_group moved = g->list[i];
        size_t at = i;
        for (; at > 0 && g->list[at - 1].connections < moved.connections; at--) {
            g->list[at] = g->list[at - 1];
        }
        g->list[at] = moved;
    }
}
