/*
 * The search for frames, over hostile bytes. The first byte says what is searched and the size of
 * the segments; a segment whose first byte is the order byte, in place of it, makes a gap.
 */
#include "decoders/websocket/sync.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORDER_GAP 0x5a

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Offers what is not taken yet, in memory of exactly its size. true: found. */
static bool offer(struct sync *s, struct bytes *rest)
{
    size_t take = 1;
    bool found = false;
    while (take > 0 && rest->n > 0 && !found) {
        uint8_t *copy = malloc(rest->n);
        require(copy != NULL);
        memcpy(copy, rest->p, rest->n);
        found = sync_data(s, (struct bytes){copy, rest->n}, &take);
        free(copy);
        require(take <= rest->n);
        *rest = bytes_from(*rest, take);
        struct sync_best best = sync_best(s);
        require(!best.enough || found || best.skip <= rest->n);
        require(rest->n <= SYNC_MAX_KEEP_BYTES);
    }
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct sync_setup setup = {.dir = (enum dir)(data[0] & 1),
                                     .deflate = data[0] & 2 ? DEFLATE_UNKNOWN : DEFLATE_NONE,
                                     .certain = data[0] & 4};
    size_t segment = (size_t)(data[0] >> 3) * (data[0] >> 3) + 1;
    struct bytes all = {data + 1, size - 1};
    struct sync *s = sync_new(&setup);
    require(s != NULL);
    size_t first = 0, end = 0; /* of what is offered */
    while (end < all.n) {
        if (all.p[end] == ORDER_GAP && end + 3 <= all.n) {
            sync_gap(s, (uint64_t)all.p[end + 1] << all.p[end + 2] % 56);
            first = end += 3;
            continue;
        }
        end += segment < all.n - end ? segment : all.n - end;
        struct bytes rest = bytes_part(all, first, end - first);
        if (offer(s, &rest)) {
            require(setup.certain);
            sync_saw_rsv1(s);
            break;
        }
        first = end - rest.n;
    }
    sync_free(s);
    return 0;
}
