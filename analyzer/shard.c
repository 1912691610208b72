/* One of N parts of the traffic. */
#include "shard.h"

#include "community_id.h"

#include <stdlib.h>

#define REMEMBERED 16384 /* directions of connections; 640 KB */

struct shard {
    uint32_t part, of; /* part from 0 */
    struct {
        uint8_t ip[2][16];
        uint16_t port[2];
        uint8_t family; /* 0: free */
        bool has;
    } known[REMEMBERED];
};

struct shard *shard_new(uint32_t part, uint32_t of)
{
    struct shard *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->part = part - 1;
        s->of = of;
    }
    return s;
}

void shard_free(struct shard *s)
{
    free(s);
}

static bool work_out(const struct shard *s, const struct flow_key *key)
{
    struct endpoint ends[2] = {{.port = key->port[0]}, {.port = key->port[1]}};
    uint8_t hash[COMMUNITY_HASH_BYTES] = {0}; /* the first part, if SHA-1 is refused */
    memcpy(ends[0].ip, key->ip[0], 16);
    memcpy(ends[1].ip, key->ip[1], 16);
    (void)community_hash(&ends[0], &ends[1], key->family, hash);
    uint64_t position = be64_at((struct bytes){hash, sizeof hash}, 0);
    return (uint32_t)((__uint128_t)position * s->of >> 64) == s->part;
}

bool shard_has(struct shard *s, const struct flow_key *key, uint32_t hash)
{
    /* The hash is that of both directions, which have an entry each. */
    size_t i = (hash ^ key->port[0]) % REMEMBERED;
    if (s->known[i].family != key->family ||
        memcmp(s->known[i].port, key->port, sizeof key->port) != 0 ||
        memcmp(s->known[i].ip, key->ip, sizeof key->ip) != 0) {
        memcpy(s->known[i].ip, key->ip, sizeof key->ip);
        memcpy(s->known[i].port, key->port, sizeof key->port);
        s->known[i].family = key->family;
        s->known[i].has = work_out(s, key);
    }
    return s->known[i].has;
}

bool shard_is_first(const struct shard *s)
{
    return s->part == 0;
}
