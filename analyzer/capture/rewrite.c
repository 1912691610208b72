/* Reads captures again and writes the packets of chosen connections as pcapng. */
#include "rewrite.h"

#include "decoders/net/net.h"
#include "source.h"

#include <stdlib.h>

#define PACKETS 64
#define BLOCK_SECTION 0x0a0d0d0aU
#define BLOCK_INTERFACE 1U
#define BLOCK_PACKET 6U
#define BLOCK_SECRETS 10U
#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define OPTION_IF_NAME 2U
#define OPTION_IF_TSRESOL 9U
#define SECRETS_MAX_BYTES (16U << 20)

/* Both ends in the order that both directions share; ports 0: a fragment's key. */
struct ends {
    uint8_t ip[2][16];
    uint16_t port[2];
};

struct wanted {
    struct ends ends;
    int64_t from, to;
};

struct rewrite {
    FILE *out;
    struct source *source;
    struct wanted *wanted; /* sorted by ends once the reading begins */
    size_t n, size;
    bool sorted;
    uint32_t *interfaces; /* by the source's index: number in the section + 1; 0: not written yet */
    size_t interfaces_n, next_interface;
    uint64_t written;
};

/*--- Blocks -------------------------------------------------------------------------------------*/

static void put32(FILE *f, uint32_t v)
{
    fwrite(&v, sizeof v, 1, f);
}

static void put16(FILE *f, uint16_t v)
{
    fwrite(&v, sizeof v, 1, f);
}

static size_t padded(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

static void put_padded(FILE *f, const void *p, size_t n)
{
    static const uint8_t zeros[4] = {0};
    fwrite(p, 1, n, f);
    fwrite(zeros, 1, padded(n) - n, f);
}

static void put_section(FILE *f)
{
    put32(f, BLOCK_SECTION);
    put32(f, 28);
    put32(f, BYTE_ORDER_MAGIC);
    put16(f, 1);
    put16(f, 0);
    put32(f, UINT32_MAX); /* length of the section: not given */
    put32(f, UINT32_MAX);
    put32(f, 28);
}

static void put_interface(FILE *f, const struct source_interface *i)
{
    static const uint8_t nanoseconds[1] = {9};
    size_t name = strlen(i->name);
    uint32_t length = (uint32_t)(20 + (name > 0 ? 4 + padded(name) : 0) + 8 + 4);
    put32(f, BLOCK_INTERFACE);
    put32(f, length);
    put16(f, (uint16_t)i->link);
    put16(f, 0);
    put32(f, i->snaplen);
    if (name > 0) {
        put16(f, OPTION_IF_NAME);
        put16(f, (uint16_t)name);
        put_padded(f, i->name, name);
    }
    put16(f, OPTION_IF_TSRESOL);
    put16(f, 1);
    put_padded(f, nanoseconds, 1);
    put32(f, 0); /* end of options */
    put32(f, length);
}

static void put_packet(FILE *f, uint32_t interface, const struct packet *p)
{
    uint32_t length = (uint32_t)(32 + padded(p->b.n));
    uint64_t ts = (uint64_t)p->ts;
    put32(f, BLOCK_PACKET);
    put32(f, length);
    put32(f, interface);
    put32(f, (uint32_t)(ts >> 32));
    put32(f, (uint32_t)ts);
    put32(f, (uint32_t)p->b.n);
    put32(f, p->wire_len);
    put_padded(f, p->b.p, p->b.n);
    put32(f, length);
}

static void take_secrets(void *context, uint32_t type, struct bytes secrets)
{
    struct rewrite *r = context;
    if (secrets.n <= SECRETS_MAX_BYTES) {
        uint32_t length = (uint32_t)(20 + padded(secrets.n));
        put32(r->out, BLOCK_SECRETS);
        put32(r->out, length);
        put32(r->out, type);
        put32(r->out, (uint32_t)secrets.n);
        put_padded(r->out, secrets.p, secrets.n);
        put32(r->out, length);
    }
}

/*--- Which packets ------------------------------------------------------------------------------*/

static struct ends ends_of(const uint8_t a[16], uint16_t a_port, const uint8_t b[16],
                           uint16_t b_port)
{
    struct ends e;
    int c = memcmp(a, b, 16);
    bool turned = c > 0 || (c == 0 && a_port > b_port);
    memset(&e, 0, sizeof e);
    memcpy(e.ip[turned], a, 16);
    memcpy(e.ip[!turned], b, 16);
    e.port[turned] = a_port;
    e.port[!turned] = b_port;
    return e;
}

static int compare_wanted(const void *a, const void *b)
{
    return memcmp(&((const struct wanted *)a)->ends, &((const struct wanted *)b)->ends,
                  sizeof(struct ends));
}

static bool push(struct rewrite *r, struct wanted w)
{
    if (r->n == r->size) {
        size_t size = r->size == 0 ? 64 : r->size * 2;
        struct wanted *more = realloc(r->wanted, size * sizeof *more);
        if (more == NULL) {
            return false;
        }
        r->wanted = more;
        r->size = size;
    }
    r->wanted[r->n++] = w;
    return true;
}

bool rewrite_take(struct rewrite *r, const struct session *s)
{
    const struct connection *c = &s->connection;
    struct wanted w = {.from = c->started < s->started ? c->started : s->started, .to = s->last_ts};
    w.ends = ends_of(c->client.ip, c->client.port, c->server.ip, c->server.port);
    if (!push(r, w)) {
        return false;
    }
    w.ends = ends_of(c->client.ip, 0, c->server.ip, 0); /* its fragments have no ports */
    return push(r, w);
}

static bool is_wanted(const struct rewrite *r, const struct ends *e, int64_t ts)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(&r->wanted[middle].ends, e, sizeof *e) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < r->n && memcmp(&r->wanted[low].ends, e, sizeof *e) == 0; low++) {
        if (ts >= r->wanted[low].from && ts <= r->wanted[low].to) {
            return true;
        }
    }
    return false;
}

static bool wants(const struct rewrite *r, const struct packet *p)
{
    struct net_parsed parsed;
    enum net_result result = net_parse(p, &parsed);
    struct ends e;
    if (result == NET_SEGMENT) {
        const struct flow_key *k = &parsed.segment.key;
        e = ends_of(k->ip[0], k->port[0], k->ip[1], k->port[1]);
    } else if (result == NET_FRAGMENT) {
        e = ends_of(parsed.fragment.key.ip[0], 0, parsed.fragment.key.ip[1], 0);
    } else {
        return false;
    }
    return is_wanted(r, &e, p->ts);
}

/*--- Reading and writing ------------------------------------------------------------------------*/

/* The interface's number in the section; its block is written when it is first needed. */
static bool interface_of(struct rewrite *r, uint32_t index, uint32_t *number)
{
    struct source_info info;
    if (index >= r->interfaces_n) {
        size_t n = (size_t)index + 16;
        uint32_t *more = realloc(r->interfaces, n * sizeof *more);
        if (more == NULL) {
            return false;
        }
        memset(more + r->interfaces_n, 0, (n - r->interfaces_n) * sizeof *more);
        r->interfaces = more;
        r->interfaces_n = n;
    }
    if (r->interfaces[index] == 0) {
        source_info(r->source, &info);
        put_interface(r->out, &info.interfaces[index]);
        r->interfaces[index] = (uint32_t)++r->next_interface;
    }
    *number = r->interfaces[index] - 1;
    return true;
}

bool rewrite_step(struct rewrite *r)
{
    struct packet packets[PACKETS];
    uint32_t number;
    if (!r->sorted) {
        qsort(r->wanted, r->n, sizeof *r->wanted, compare_wanted);
        r->sorted = true;
    }
    size_t n = source_batch(r->source, packets, PACKETS);
    for (size_t i = 0; i < n; i++) {
        if (wants(r, &packets[i]) && interface_of(r, packets[i].interface, &number)) {
            put_packet(r->out, number, &packets[i]);
            r->written++;
        }
    }
    return n > 0 || source_state(r->source) != SOURCE_ENDED;
}

void rewrite_progress(const struct rewrite *r, uint64_t *read, uint64_t *total, uint64_t *written)
{
    struct source_info info;
    source_info(r->source, &info);
    *read = info.read_bytes;
    *total = info.total_bytes;
    *written = r->written;
}

struct rewrite *rewrite_new(const char *const *paths, size_t n, const char *filter, FILE *out,
                            struct err *err)
{
    struct rewrite *r = calloc(1, sizeof *r);
    if (r == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    struct source_options options = {.filter = filter, .secrets = take_secrets, .context = r};
    r->out = out;
    put_section(out);
    r->source = source_open(paths, n, &options, err);
    if (r->source == NULL) {
        rewrite_free(r);
        return NULL;
    }
    return r;
}

void rewrite_free(struct rewrite *r)
{
    if (r != NULL) {
        source_free(r->source);
        free(r->wanted);
        free(r->interfaces);
        free(r);
    }
}
