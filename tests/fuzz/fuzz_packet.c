// Fuzz target: one captured packet. The first byte picks the link type, the second how much the
// snap length took; the rest is the packet. A segment or fragment must lie in the packet.
#include "decoders/net/net.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int links[] = {1,   0,   9,   12,  14,  50,  51,  101, 104, 105,
                            108, 113, 119, 127, 163, 228, 229, 276, 147};

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void require_inside(struct bytes part, struct bytes whole)
{
    require(part.p >= whole.p && part.n <= whole.n);
    require((size_t)(part.p - whole.p) <= whole.n - part.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct packet p = {.ts = 1, .no = 1, .link = links[data[0] % (sizeof links / sizeof links[0])]};
    p.b = (struct bytes){data + 2, size - 2};
    p.wire_len = (uint32_t)(size - 2) + data[1];
    struct net_parsed out;
    memset(&out, 0, sizeof out);
    enum net_result r = net_parse(&p, &out);
    if (r == NET_SEGMENT) {
        require_inside(out.segment.b, p.b);
        require(out.segment.key.depth <= NET_DEPTH_MAX);
    }
    if (r == NET_FRAGMENT) {
        const struct ip_fragment *f = &out.fragment;
        require_inside(f->b, p.b);
        require(f->offset % 8 == 0 && f->b.n + f->cut > 0);
        require(f->offset + f->b.n + f->cut <= 65535);
        net_parse_ip(f, 1, 1, &out);
    }
    return 0;
}
