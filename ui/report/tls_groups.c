/* TLS connections that cannot be read, counted by server name and address. */
#include "ui/report/tls_groups.h"

static bool is_same(const struct tls_group *g, const struct session *s, struct bytes name)
{
    return bytes_equal((struct bytes){g->name, g->name_n}, name) &&
           g->family == s->connection.family &&
           memcmp(&g->server.ip, &s->connection.server.ip, sizeof g->server.ip) == 0 &&
           g->server.port == s->connection.server.port;
}

static struct tls_group *find(struct tls_groups *g, const struct session *s, struct bytes name)
{
    for (size_t i = 0; i < g->n; i++) {
        if (is_same(&g->list[i], s, name)) {
            return &g->list[i];
        }
    }
    if (g->n == TLS_GROUPS_MAX) {
        return NULL;
    }
    struct tls_group *group = &g->list[g->n++];
    *group = (struct tls_group){
        .name_n = name.n, .server = s->connection.server, .family = s->connection.family};
    if (name.n > 0) {
        memcpy(group->name, name.p, name.n);
    }
    return group;
}

void tls_groups_add(struct tls_groups *g, const struct session *s)
{
    struct tls_group *group = find(g, s, bytes_part(s->tls.sni, 0, TLS_NAME_MAX_BYTES));
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
