/* The flow table. */
#include "flow.h"

#include "analyzer/limits.h"
#include "decoders/base/pool.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_SLOTS 4096
#define WHEEL_SLOTS 2048 /* seconds; a flow that expires later is looked at again then */

/* No time stamp of a pcap file passes the year 2106; this is 2116. */
#define CLOCK_MAX_NS (INT64_MAX / 2)

/* So many packets in a row that are a jump behind: the clock was set back. */
#define CLOCK_BACK_PACKETS 256

_Static_assert(TCP_IDLE_NS / SECOND_NS < WHEEL_SLOTS, "the wheel spans the longest time-out");
_Static_assert(sizeof(struct flow_key) == 48, "keys have no padding");
_Static_assert(offsetof(struct flow_key, tunnel) == offsetof(struct flow_key, vlan) + 4,
               "VLAN and tunnel are hashed as one word");

struct slot {
    uint32_t hash;
    uint32_t used; /* 0: free; so that a zeroed table is empty */
    struct flow *flow;
};

/* The flows to be looked at in one second, in the order in which they were put there. */
struct wheel_slot {
    struct flow *first;
    struct flow **end; /* where the next one is put; NULL before there was any */
};

struct flow_table {
    struct slot *slots;
    size_t mask;
    size_t count, peak, max;
    uint64_t seed;
    struct pool pool;
    flow_gone_fn gone;
    void *ctx;
    int64_t now;                 /* packet time and shift */
    int64_t shift;               /* makes up for steps of the capture's clock */
    int64_t jump;                /* a time stamp far ahead that waits for a second one */
    unsigned behind;             /* packets in a row that were far behind */
    int64_t steady, steady_then; /* flow_steady_clock, and when `now` last moved; 0: not told */
    int64_t wheel_second;
    struct wheel_slot wheel[WHEEL_SLOTS];
};

struct flow_table *flow_table_new(uint64_t seed, size_t max_flows, struct slab_heap *heap,
                                  flow_gone_fn gone, void *ctx)
{
    struct flow_table *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    t->slots = calloc(FIRST_SLOTS, sizeof *t->slots);
    if (t->slots == NULL) {
        free(t);
        return NULL;
    }
    pool_init(&t->pool, heap, sizeof(struct flow));
    t->mask = FIRST_SLOTS - 1;
    t->seed = seed | 1;
    t->max = max_flows;
    t->gone = gone;
    t->ctx = ctx;
    return t;
}

void flow_table_free(struct flow_table *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i <= t->mask; i++) {
        pool_free(&t->pool, t->slots[i].flow);
    }
    free(t->slots);
    free(t);
}

/* ---- Keys ---- */

#define SECOND_SEED UINT64_C(0x9e3779b97f4a7c15)
#define THIRD_SEED UINT64_C(0xd6e8feb86659fd93)

static inline uint64_t load64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
    __uint128_t m = (__uint128_t)a * b;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* No two addresses can be made to collide by who does not know the seed. */
static inline uint64_t address_hash(const struct flow_key *k, int i, uint64_t seed)
{
    return mix(load64(k->ip[i]) ^ seed, load64(k->ip[i] + 8) ^ (seed * SECOND_SEED));
}

/* The same for both directions: sum and product of two numbers tell which they are. */
static inline uint64_t port_word(const struct flow_key *k)
{
    uint32_t sum = (uint32_t)k->port[0] + k->port[1];
    uint32_t product = (uint32_t)k->port[0] * k->port[1];
    return (uint64_t)sum << 32 | product;
}

uint32_t flow_hash(const struct flow_table *t, const struct flow_key *k)
{
    uint64_t scope = load64((const uint8_t *)k + offsetof(struct flow_key, vlan)); /* and tunnel */
    uint64_t both = address_hash(k, 0, t->seed) + address_hash(k, 1, t->seed);
    uint64_t h = mix(both ^ port_word(k) * SECOND_SEED, scope ^ (t->seed * THIRD_SEED));
    return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

static inline bool same_scope(const struct flow_key *a, const struct flow_key *b)
{
    return memcmp(a->vlan, b->vlan, sizeof *a - offsetof(struct flow_key, vlan)) == 0;
}

static inline bool same_end(const struct flow_key *a, int i, const struct flow_key *b, int j)
{
    return a->port[i] == b->port[j] && memcmp(a->ip[i], b->ip[j], 16) == 0;
}

/* -1: another connection; else the direction of a segment with key k. */
static inline int key_direction(const struct flow_key *flow, const struct flow_key *k)
{
    if (!same_scope(flow, k)) {
        return -1;
    }
    if (same_end(flow, 0, k, 0) && same_end(flow, 1, k, 1)) {
        return DIR_CLIENT_TO_SERVER;
    }
    if (same_end(flow, 0, k, 1) && same_end(flow, 1, k, 0)) {
        return DIR_SERVER_TO_CLIENT;
    }
    return -1;
}

/* ---- The table ---- */

void flow_prefetch_slot(const struct flow_table *t, uint32_t hash)
{
    __builtin_prefetch(&t->slots[hash & t->mask]);
}

void flow_prefetch_flow(const struct flow_table *t, uint32_t hash)
{
    const struct slot *s = &t->slots[hash & t->mask];
    if (s->hash == hash && s->used) {
        const struct flow *f = s->flow;
        __builtin_prefetch(f, 1);
        __builtin_prefetch(&f->last_ts, 1);
        __builtin_prefetch(&f->side[0], 1);
        __builtin_prefetch(&f->side[1], 1);
    }
}

const struct flow *flow_guess(const struct flow_table *t, uint32_t hash)
{
    const struct slot *s = &t->slots[hash & t->mask];
    return s->used && s->hash == hash ? s->flow : NULL;
}

struct flow *flow_find(const struct flow_table *t, const struct flow_key *k, uint32_t hash,
                       enum dir *dir)
{
    for (size_t i = hash & t->mask; t->slots[i].used; i = (i + 1) & t->mask) {
        if (t->slots[i].hash == hash) {
            int d = key_direction(&t->slots[i].flow->key, k);
            if (d >= 0) {
                *dir = (enum dir)d;
                return t->slots[i].flow;
            }
        }
    }
    return NULL;
}

static void slot_insert(struct slot *slots, size_t mask, uint32_t hash, struct flow *f)
{
    size_t i = hash & mask;
    while (slots[i].used) {
        i = (i + 1) & mask;
    }
    slots[i] = (struct slot){hash, 1, f};
}

static bool table_grow(struct flow_table *t)
{
    size_t n = (t->mask + 1) * 2;
    struct slot *slots = calloc(n, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i <= t->mask; i++) {
        if (t->slots[i].used) {
            slot_insert(slots, n - 1, t->slots[i].hash, t->slots[i].flow);
        }
    }
    free(t->slots);
    t->slots = slots;
    t->mask = n - 1;
    return true;
}

/* Takes a flow's slot out, moving up those behind it that would not be found over the hole. */
static void slot_remove(struct flow_table *t, const struct flow *f)
{
    size_t i = f->hash & t->mask;
    while (t->slots[i].flow != f) {
        i = (i + 1) & t->mask;
    }
    for (size_t j = (i + 1) & t->mask; t->slots[j].used; j = (j + 1) & t->mask) {
        size_t home = t->slots[j].hash & t->mask;
        if (((j - home) & t->mask) >= ((j - i) & t->mask)) {
            t->slots[i] = t->slots[j];
            i = j;
        }
    }
    t->slots[i] = (struct slot){0};
}

/* ---- Time ---- */

static int64_t idle_limit(const struct flow *f)
{
    return f->had_data ? TCP_IDLE_NS : TCP_IDLE_EMPTY_NS;
}

static struct wheel_slot *wheel_slot(struct flow_table *t, int64_t expires)
{
    return &t->wheel[(expires / SECOND_NS) % WHEEL_SLOTS];
}

static void wheel_insert(struct flow_table *t, struct flow *f, int64_t expires)
{
    struct wheel_slot *slot = wheel_slot(t, expires);
    f->expires = expires;
    f->wheel_next = NULL;
    f->wheel_link = slot->first == NULL ? &slot->first : slot->end;
    *f->wheel_link = f;
    slot->end = &f->wheel_next;
}

static void wheel_remove(struct flow_table *t, struct flow *f)
{
    *f->wheel_link = f->wheel_next;
    if (f->wheel_next != NULL) {
        f->wheel_next->wheel_link = f->wheel_link;
    } else {
        wheel_slot(t, f->expires)->end = f->wheel_link;
    }
}

/* Looks at the flows of a slot: those truly due are gone, the others move to where they belong.
 * With `any`, one flow at the most is given up, whether it is due or not, and those that had a
 * packet since they were put there move behind the others of their second: who floods the table
 * within a second is to lose his own connections. true: one was given up. */
static bool wheel_look(struct flow_table *t, struct wheel_slot *slot, bool any)
{
    bool gave_up = false;
    struct flow *next;
    for (struct flow *f = slot->first; f != NULL && !(any && gave_up); f = next) {
        next = f->wheel_next;
        int64_t due = f->last_ts + idle_limit(f);
        bool same_second = due / SECOND_NS <= f->expires / SECOND_NS;
        if (!same_second || (any && due > f->expires)) {
            wheel_remove(t, f);
            wheel_insert(t, f, due);
            next = next == NULL && same_second ? f : next;
        } else if (any || due <= t->now) {
            t->gone(t->ctx, f, any ? FLOW_GONE_EVICTED : FLOW_GONE_IDLE);
            flow_remove(t, f);
            gave_up = true;
        }
    }
    return gave_up;
}

/* The flow that is due next is the one idle longest, for its kind. */
static void evict_one(struct flow_table *t)
{
    for (int round = 0; round < 2; round++) {
        for (int64_t i = 0; i < WHEEL_SLOTS; i++) {
            if (wheel_look(t, &t->wheel[(t->wheel_second + i) % WHEEL_SLOTS], true)) {
                return;
            }
        }
    }
}

/* A time far ahead is believed, by table time. Beyond what the steady clock has seen pass it is a
 * step of the capture's clock: table time leaves that out. */
static int64_t without_step(struct flow_table *t, int64_t ts)
{
    int64_t passed = t->steady - t->steady_then;
    int64_t step = ts - t->now - passed;
    if (t->steady_then == 0 || step <= CLOCK_JUMP_NS) {
        return ts;
    }
    t->shift -= step;
    return ts - step;
}

/* A time far ahead, by table time. One alone is not believed. */
static int64_t time_ahead(struct flow_table *t, int64_t ts)
{
    if (t->jump == 0) {
        t->jump = ts;
        return t->now;
    }
    int64_t both = ts < t->jump ? ts : t->jump;
    t->jump = 0;
    return without_step(t, both);
}

/* A time far behind: once the clock has surely been set back, table time goes on from where it is.
 */
static void time_behind(struct flow_table *t, int64_t ts)
{
    if (++t->behind >= CLOCK_BACK_PACKETS) {
        t->shift += t->now - ts;
        t->behind = 0;
    }
}

void flow_clock(struct flow_table *t, int64_t ts)
{
    int64_t now = 0;
    if (ts < 0 || __builtin_add_overflow(ts, t->shift, &now) || now > CLOCK_MAX_NS) {
        return;
    }
    if (now - t->now < -CLOCK_JUMP_NS) {
        time_behind(t, now);
        return;
    }
    t->behind = 0;
    if (t->now != 0 && now - t->now > CLOCK_JUMP_NS) {
        now = time_ahead(t, now);
    } else {
        t->jump = 0;
    }
    if (now <= t->now) {
        return;
    }
    t->now = now;
    t->steady_then = t->steady;
    int64_t second = now / SECOND_NS;
    if (second - t->wheel_second > WHEEL_SLOTS) {
        t->wheel_second = second - WHEEL_SLOTS;
    }
    for (; t->wheel_second < second; t->wheel_second++) {
        wheel_look(t, &t->wheel[t->wheel_second % WHEEL_SLOTS], false);
    }
}

void flow_steady_clock(struct flow_table *t, int64_t ns)
{
    t->steady = ns;
}

int64_t flow_now(const struct flow_table *t)
{
    return t->now;
}

/* ---- Coming and going ---- */

struct flow *flow_add(struct flow_table *t, const struct flow_key *k, uint32_t hash)
{
    if (t->count >= t->max) {
        evict_one(t);
    }
    if (t->count * 2 > t->mask && !table_grow(t) && t->count >= t->mask) {
        return NULL;
    }
    struct flow *f = pool_alloc(&t->pool);
    if (f == NULL) {
        return NULL;
    }
    f->key = *k;
    f->hash = hash;
    f->last_ts = t->now;
    f->first_fin = -1;
    f->syn_rtt = -1;
    slot_insert(t->slots, t->mask, hash, f);
    wheel_insert(t, f, t->now + idle_limit(f));
    t->count++;
    t->peak = t->count > t->peak ? t->count : t->peak;
    return f;
}

void flow_remove(struct flow_table *t, struct flow *f)
{
    slot_remove(t, f);
    wheel_remove(t, f);
    pool_free(&t->pool, f);
    t->count--;
}

bool flow_evict(struct flow_table *t)
{
    size_t before = t->count;
    if (before > 0) {
        evict_one(t);
    }
    return t->count < before;
}

void flow_limit(struct flow_table *t, size_t max_flows)
{
    t->max = max_flows > 0 ? max_flows : 1;
}

size_t flow_count(const struct flow_table *t)
{
    return t->count;
}

size_t flow_peak(const struct flow_table *t)
{
    return t->peak;
}

static int by_first_packet(const void *a, const void *b)
{
    const struct flow *fa = *(struct flow *const *)a;
    const struct flow *fb = *(struct flow *const *)b;
    return (fa->first_pkt > fb->first_pkt) - (fa->first_pkt < fb->first_pkt);
}

void flow_each(struct flow_table *t, void (*fn)(void *ctx, struct flow *), void *ctx)
{
    size_t n = 0;
    struct flow **all = malloc((t->count + 1) * sizeof(struct flow *));
    for (size_t i = 0; i <= t->mask; i++) {
        if (t->slots[i].used && all != NULL) {
            all[n++] = t->slots[i].flow;
        }
    }
    if (all == NULL) {
        for (size_t i = 0; i <= t->mask; i++) {
            while (t->slots[i].used) {
                struct flow *f = t->slots[i].flow;
                fn(ctx, f);
                if (t->slots[i].flow == f) {
                    break;
                }
            }
        }
        return;
    }
    qsort(all, n, sizeof(struct flow *), by_first_packet);
    for (size_t i = 0; i < n; i++) {
        fn(ctx, all[i]);
    }
    free(all);
}
