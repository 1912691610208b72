/* Reads captures again and writes the packets of chosen connections as pcapng. */
#include "rewrite.h"

#include "connections.h"
#include "decoders/base/buffer.h"
#include "decoders/net/net.h"
#include "pcapng_write.h"
#include "source.h"

#include <stdlib.h>

#define PACKETS 64
#define COMMENTS_PER_PACKET 16
#define SORT_PIECE 256 /* wanted ones that find their place at once */
#define SECRETS_MAX_BYTES (16U << 20)
#define BLOCK_MAX_BYTES (32U << 20) /* more than secrets, and a packet with all its comments */

/* Both ends in the order that both directions share; ports 0: a fragment's key. */
struct ends {
    uint8_t ip[2][16];
    uint16_t port[2];
};

struct wanted {
    struct ends ends;
    int64_t from, to;
};

struct comment {
    uint64_t packet;
    uint32_t at, n; /* in the texts */
};

struct rewrite {
    FILE *out;
    struct source *source;
    struct wanted *wanted; /* sorted by ends and beginning before the first packet */
    size_t n, size, sorted;
    struct buffer comments; /* struct comment, sorted by packet once the captures are open */
    struct buffer texts;
    size_t next_comment;
    struct buffer block;
    uint32_t *interfaces; /* by the source's index: number in the section + 1; 0: not written yet */
    size_t interfaces_n, next_interface;
    uint64_t written;
    bool begun; /* the section's header is written */
    bool copies_secrets;
    const struct tls_secrets *secrets;
    struct connections with_secrets; /* of which they are written already */
};

/*--- Blocks -------------------------------------------------------------------------------------*/

/* Room for a block of n bytes and its frame. NULL: out of memory. */
static uint8_t *room(struct rewrite *r, size_t n)
{
    buffer_clear(&r->block);
    return buffer_reserve(&r->block, n + PCAPNG_BLOCK_MAX_BYTES);
}

static void begin_section(struct rewrite *r)
{
    uint8_t section[PCAPNG_BLOCK_MAX_BYTES];
    if (!r->begun) {
        size_t n = pcapng_section(section, "wsight");
        fwrite(section, 1, n, r->out);
        r->begun = true;
    }
}

static void write_secrets(struct rewrite *r, uint32_t type, struct bytes secrets)
{
    uint8_t *block = secrets.n <= SECRETS_MAX_BYTES ? room(r, secrets.n) : NULL;
    begin_section(r);
    if (block != NULL) {
        fwrite(block, 1, pcapng_secrets(block, type, secrets), r->out);
    }
}

static void copy_secrets(void *context, uint32_t type, struct bytes secrets)
{
    write_secrets(context, type, secrets);
}

/* Sessions of one HTTP/2 connection share them. When there are too many connections to remember,
 * some stand there twice. */
static void write_secrets_of(struct rewrite *r, const struct session *s)
{
    char log[TLS_SESSION_LOG_MAX_BYTES];
    uint64_t connection = s->connection.first_pkt;
    if (r->secrets == NULL || s->tls.client_random.n == 0 ||
        connections_has(&r->with_secrets, connection)) {
        return;
    }
    size_t n = tls_secrets_write(r->secrets, s->tls.client_random.p, log);
    if (n > 0) {
        write_secrets(r, PCAPNG_SECRETS_TLS_KEY_LOG, (struct bytes){(const uint8_t *)log, n});
        (void)connections_add(&r->with_secrets, connection);
    }
}

static void write_interface(struct rewrite *r, const struct source_interface *interface)
{
    uint8_t block[PCAPNG_BLOCK_MAX_BYTES];
    size_t n = pcapng_interface(block, interface);
    fwrite(block, 1, n, r->out);
}

/*--- Comments -----------------------------------------------------------------------------------*/

static int compare_comments(const void *a, const void *b)
{
    const struct comment *x = a;
    const struct comment *y = b;
    int order = (x->packet > y->packet) - (x->packet < y->packet);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

bool rewrite_comment(struct rewrite *r, uint64_t packet, struct bytes text)
{
    struct comment comment = {packet, (uint32_t)buffer_bytes(&r->texts).n, (uint32_t)text.n};
    return buffer_append(&r->texts, text) &&
           buffer_append(&r->comments, (struct bytes){(const uint8_t *)&comment, sizeof comment});
}

/* The packet's own comment and those that it gets. Packets come in the order of their numbers. */
static size_t comments_of(struct rewrite *r, const struct packet *p,
                          struct bytes comments[COMMENTS_PER_PACKET])
{
    size_t n = 0;
    size_t all = buffer_bytes(&r->comments).n / sizeof(struct comment);
    if (p->comment_n > 0) {
        comments[n++] = (struct bytes){p->b.p + p->b.n + p->comment_at, p->comment_n};
    }
    for (; r->next_comment < all; r->next_comment++) {
        const struct comment *c =
            (const struct comment *)buffer_bytes(&r->comments).p + r->next_comment;
        if (c->packet > p->no) {
            break;
        }
        if (c->packet == p->no && n < COMMENTS_PER_PACKET) {
            comments[n++] = bytes_part(buffer_bytes(&r->texts), c->at, c->n);
        }
    }
    return n;
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

static int compare_wanted(const struct ends *a, int64_t a_from, const struct wanted *b)
{
    int order = memcmp(a, &b->ends, sizeof *a);
    return order != 0 ? order : (a_from > b->from) - (a_from < b->from);
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
    write_secrets_of(r, s);
    return push(r, w);
}

/* Puts `w` at i or beneath, where it is not before what stands below it (a heap). */
static void sift(struct rewrite *r, size_t i, size_t n, struct wanted w)
{
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        const struct wanted *c = &r->wanted[child];
        if (child + 1 < n && compare_wanted(&c->ends, c->from, c + 1) < 0) {
            c = &r->wanted[++child];
        }
        if (compare_wanted(&w.ends, w.from, c) >= 0) {
            break;
        }
        r->wanted[i] = *c;
    }
    r->wanted[i] = w;
}

/* One step of a heap sort, which needs no memory and no long piece of work; then `to` becomes the
 * latest of all that begin no later at the same ends. */
static void sort_step(struct rewrite *r, size_t step)
{
    size_t half = r->n / 2;
    if (step < half) {
        size_t i = half - 1 - step;
        sift(r, i, r->n, r->wanted[i]);
    } else if (step < half + r->n) {
        size_t last = r->n - 1 - (step - half);
        struct wanted w = r->wanted[last];
        r->wanted[last] = r->wanted[0];
        if (last > 0) {
            sift(r, 0, last, w);
        }
    } else {
        struct wanted *w = &r->wanted[step - half - r->n];
        bool first = w == r->wanted || memcmp(&w->ends, &w[-1].ends, sizeof w->ends) != 0;
        w->to = !first && w[-1].to > w->to ? w[-1].to : w->to;
    }
}

/* true: everything stands in its place. */
static bool sort_piece(struct rewrite *r)
{
    size_t steps = r->n / 2 + r->n + r->n;
    for (unsigned i = 0; i < SORT_PIECE && r->sorted < steps; i++) {
        sort_step(r, r->sorted++);
    }
    return r->sorted == steps;
}

static bool is_wanted(const struct rewrite *r, const struct ends *e, int64_t ts)
{
    size_t low = 0, high = r->n; /* behind the last that begins no later */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare_wanted(e, ts, &r->wanted[middle]) >= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct wanted *w = low > 0 ? &r->wanted[low - 1] : NULL;
    return w != NULL && memcmp(&w->ends, e, sizeof *e) == 0 && ts <= w->to;
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
        write_interface(r, &info.interfaces[index]);
        r->interfaces[index] = (uint32_t)++r->next_interface;
    }
    *number = r->interfaces[index] - 1;
    return true;
}

static void write_packet(struct rewrite *r, const struct packet *p)
{
    struct bytes comments[COMMENTS_PER_PACKET];
    struct packet numbered = *p;
    size_t n = comments_of(r, p, comments);
    size_t length = p->b.n;
    for (size_t i = 0; i < n; i++) {
        length += comments[i].n + 8;
    }
    if (!interface_of(r, p->interface, &numbered.interface)) {
        return;
    }
    uint8_t *block = room(r, length);
    if (block != NULL) {
        fwrite(block, 1, pcapng_commented_packet(block, &numbered, comments, n), r->out);
        r->written++;
    }
}

bool rewrite_step(struct rewrite *r)
{
    struct packet packets[PACKETS];
    if (!sort_piece(r)) {
        return true;
    }
    size_t n = source_batch(r->source, packets, PACKETS);
    for (size_t i = 0; i < n; i++) {
        if (wants(r, &packets[i])) {
            write_packet(r, &packets[i]);
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

void rewrite_copy_secrets(struct rewrite *r)
{
    r->copies_secrets = true;
}

void rewrite_with_secrets(struct rewrite *r, const struct tls_secrets *secrets)
{
    r->secrets = secrets;
}

struct rewrite *rewrite_new(FILE *out)
{
    struct rewrite *r = calloc(1, sizeof *r);
    if (r != NULL) {
        r->out = out;
        buffer_init(&r->comments, REWRITE_COMMENTS_MAX_BYTES);
        buffer_init(&r->texts, REWRITE_COMMENTS_MAX_BYTES);
        buffer_init(&r->block, BLOCK_MAX_BYTES);
    }
    return r;
}

/* What the captures are opened with; after it nothing more is taken. */
static struct source_options ready(struct rewrite *r, const char *filter)
{
    size_t comments = buffer_bytes(&r->comments).n / sizeof(struct comment);
    begin_section(r);
    if (comments > 0) {
        qsort(r->comments.p, comments, sizeof(struct comment), compare_comments);
    }
    return (struct source_options){
        .filter = filter, .secrets = r->copies_secrets ? copy_secrets : NULL, .context = r};
}

int rewrite_open(struct rewrite *r, const char *const *paths, size_t n, const char *filter,
                 struct err *err)
{
    struct source_options options = ready(r, filter);
    r->source = source_open(paths, n, &options, err);
    return r->source != NULL ? 0 : -1;
}

int rewrite_open_kept(struct rewrite *r, const int *fds, size_t n, struct err *err)
{
    struct source_options options = ready(r, NULL);
    r->source = source_open_kept(fds, n, &options, err);
    return r->source != NULL ? 0 : -1;
}

void rewrite_free(struct rewrite *r)
{
    if (r != NULL) {
        source_free(r->source);
        connections_done(&r->with_secrets);
        free(r->wanted);
        buffer_done(&r->comments);
        buffer_done(&r->texts);
        buffer_done(&r->block);
        free(r->interfaces);
        free(r);
    }
}
