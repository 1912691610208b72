// Fuzz target: IP fragments. Each is 8 bytes: family and flags, id, offset (2), length (2), bytes
// cut, seconds since the one before; and its bytes. A whole datagram must be consistent, and goes
// on to be parsed.
#include "analyzer/tcp/fragments.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

// False: no fragment that net_parse would hand out.
static bool read_fragment(struct reader *r, struct ip_fragment *f, int64_t *ts)
{
    uint8_t flags = read_u8(r);
    *f = (struct ip_fragment){.key.family = flags & 1 ? 6 : 4, .more = flags & 2};
    f->protocol = flags & 4 ? 44 : 6;
    f->id = read_u8(r) & 7;
    f->offset = read_be16(r) & 0xfff8U;
    size_t length = read_be16(r);
    size_t cut = read_u8(r);
    *ts += (int64_t)read_u8(r) * 1000000000;
    f->b = bytes_part(r->b, 0, length);
    read_skip(r, f->b.n);
    f->cut = (uint32_t)(f->more ? (8 - f->b.n % 8) % 8 : cut);
    return f->b.n + f->cut > 0 && f->b.n + f->cut <= 65535 - f->offset;
}

static void push(struct fragments *f, const struct ip_fragment *g, int64_t ts)
{
    struct ip_fragment whole;
    struct net_parsed out;
    enum fragments_result r = fragments_push(f, g, ts, 1, &whole);
    if (r != FRAGMENTS_COMPLETE && r != FRAGMENTS_COMPLETE_OVERLAP)
        return;
    require(whole.b.n + whole.cut <= 65535 && whole.b.n + whole.cut > 0);
    require(whole.offset == 0 && !whole.more);
    if (net_parse_ip(&whole, ts, 1, &out) == NET_FRAGMENT)
        fragments_push(f, &out.fragment, ts, 1, &whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of((struct bytes){data, size});
    struct fragments *f = fragments_new();
    if (f == NULL)
        return 0;
    uint64_t pushed = 0;
    int64_t ts = 0;
    while (r.b.n > 0) {
        struct ip_fragment g;
        if (read_fragment(&r, &g, &ts)) {
            push(f, &g, ts);
            pushed += 2;
        }
    }
    require(fragments_dropped(f) <= pushed);
    fragments_finish(f);
    require(fragments_dropped(f) <= pushed);
    fragments_free(f);
    return 0;
}
