/*
 * The pickup of old versions, over hostile bytes: the first byte says where the client's bytes end
 * and the server's begin. Turning the sides round must find the same, turned round.
 */
#include "decoders/websocket/pickup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* In memory of its own, so that a sanitizer sees reads past its end. */
static struct bytes copy_of(struct bytes b)
{
    uint8_t *copy = malloc(b.n > 0 ? b.n : 1);
    require(copy != NULL);
    memcpy(copy, b.p, b.n);
    return (struct bytes){copy, b.n};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = {data, size};
    size_t split = size > 0 ? data[0] * size / 256 : 0;
    struct bytes client = copy_of(bytes_part(bytes_from(input, 1), 0, split));
    struct bytes server = copy_of(bytes_from(bytes_from(input, 1), split));
    struct draft_pickup here, there;
    bool found = pickup_drafts(client, server, &here);
    bool found_turned = pickup_drafts(server, client, &there);
    require(found == (here.confidence >= 80) && here.confidence <= 99);
    require(!(found && here.version >= 4) || found_turned);
    free((void *)(uintptr_t)client.p);
    free((void *)(uintptr_t)server.p);
    return 0;
}
