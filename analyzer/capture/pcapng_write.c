/* pcapng blocks. */
#include "pcapng_write.h"

enum block_type {
    BLOCK_INTERFACE = 1,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6,
    BLOCK_SECRETS = 10,
    BLOCK_SECTION = 0x0a0d0d0a
};

enum option_code {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_APPLICATION = 4, /* of a section */
    OPTION_NAME = 2,        /* of an interface */
    OPTION_RESOLUTION = 9,
    OPTION_RECEIVED = 4, /* of statistics */
    OPTION_DROPPED = 5
};

#define BYTE_ORDER_MAGIC 0x1a2b3c4dU
#define LINKTYPE_RAW 101

struct block {
    uint8_t *p;
    size_t n;
};

static void put(struct block *b, const void *from, size_t n)
{
    memcpy(b->p + b->n, from, n);
    b->n += n;
}

static void put_u16(struct block *b, uint16_t v)
{
    put(b, &v, sizeof v);
}

static void put_u32(struct block *b, uint32_t v)
{
    put(b, &v, sizeof v);
}

static void put_padded(struct block *b, const void *from, size_t n)
{
    static const uint8_t zero[4];
    if (n > 0) {
        put(b, from, n);
    }
    put(b, zero, (4 - n % 4) % 4);
}

static void put_option(struct block *b, uint16_t code, const void *from, size_t n)
{
    put_u16(b, code);
    put_u16(b, (uint16_t)n);
    put_padded(b, from, n);
}

/* High word first, whatever the byte order. */
static void put_time(struct block *b, int64_t ts)
{
    put_u32(b, (uint32_t)((uint64_t)ts >> 32));
    put_u32(b, (uint32_t)(uint64_t)ts);
}

static struct block begin(uint8_t *to, uint32_t type)
{
    struct block b = {to, 0};
    put_u32(&b, type);
    put_u32(&b, 0); /* the length: end() knows it */
    return b;
}

static size_t end(struct block *b)
{
    uint32_t length = (uint32_t)b->n + 4;
    put_u32(b, length);
    memcpy(b->p + 4, &length, sizeof length);
    return b->n;
}

size_t pcapng_section(uint8_t *to, const char *application)
{
    struct block b = begin(to, BLOCK_SECTION);
    uint64_t unknown = UINT64_MAX;
    put_u32(&b, BYTE_ORDER_MAGIC);
    put_u16(&b, 1);
    put_u16(&b, 0);
    put(&b, &unknown, sizeof unknown);
    put_option(&b, OPTION_APPLICATION, application, strnlen(application, 128));
    put_option(&b, OPTION_END, NULL, 0);
    return end(&b);
}

/* What libpcap calls a link type, as files call it: all but one have one number. */
static uint16_t linktype_of(int link)
{
    return (uint16_t)(link == 12 || link == 14 ? LINKTYPE_RAW : link);
}

size_t pcapng_interface(uint8_t *to, const struct source_interface *interface)
{
    struct block b = begin(to, BLOCK_INTERFACE);
    uint8_t nanoseconds = 9;
    put_u16(&b, linktype_of(interface->link));
    put_u16(&b, 0);
    put_u32(&b, interface->snaplen);
    if (interface->name[0] != '\0') {
        put_option(&b, OPTION_NAME, interface->name, strlen(interface->name));
    }
    put_option(&b, OPTION_RESOLUTION, &nanoseconds, 1);
    put_option(&b, OPTION_END, NULL, 0);
    return end(&b);
}

size_t pcapng_packet(uint8_t *to, const struct packet *packet)
{
    return pcapng_commented_packet(to, packet, NULL, 0);
}

size_t pcapng_commented_packet(uint8_t *to, const struct packet *packet,
                               const struct bytes *comments, size_t n)
{
    struct block b = begin(to, BLOCK_PACKET);
    put_u32(&b, packet->interface);
    put_time(&b, packet->ts);
    put_u32(&b, (uint32_t)packet->b.n);
    put_u32(&b, packet->wire_len);
    put_padded(&b, packet->b.p, packet->b.n);
    for (size_t i = 0; i < n; i++) {
        struct bytes comment = bytes_part(comments[i], 0, PCAPNG_COMMENT_MAX_BYTES);
        put_option(&b, OPTION_COMMENT, comment.p, comment.n);
    }
    if (n > 0) {
        put_option(&b, OPTION_END, NULL, 0);
    }
    return end(&b);
}

size_t pcapng_secrets(uint8_t *to, uint32_t type, struct bytes secrets)
{
    struct block b = begin(to, BLOCK_SECRETS);
    put_u32(&b, type);
    put_u32(&b, (uint32_t)secrets.n);
    put_padded(&b, secrets.p, secrets.n);
    return end(&b);
}

size_t pcapng_statistics(uint8_t *to, uint32_t number, const struct source_interface *interface,
                         int64_t ts)
{
    struct block b = begin(to, BLOCK_STATISTICS);
    uint64_t received = interface->packets + interface->dropped;
    put_u32(&b, number);
    put_time(&b, ts);
    put_option(&b, OPTION_RECEIVED, &received, sizeof received);
    put_option(&b, OPTION_DROPPED, &interface->dropped, sizeof interface->dropped);
    put_option(&b, OPTION_END, NULL, 0);
    return end(&b);
}

size_t pcapng_whole_blocks(const uint8_t *p, size_t n)
{
    size_t whole = 0;
    while (n - whole >= 12) {
        uint32_t length;
        memcpy(&length, p + whole + 4, sizeof length);
        if (length < 12 || length > n - whole) {
            break;
        }
        whole += length;
    }
    return whole;
}
