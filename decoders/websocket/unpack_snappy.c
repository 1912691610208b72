/*
 * permessage-snappy: the chunks of Snappy's framing format (framing_format.txt of its sources). A
 * chunk is a byte of type, three of length, and the rest; chunks of data begin with the CRC-32C of
 * their plain bytes. The stream identifier stands before the first message, or before each.
 */
#include "config.h"
#include "unpack_kind.h"

#ifdef HAVE_SNAPPY

#include <snappy-c.h>

#define CHUNK_HEADER_BYTES 4U
#define CHECKSUM_BYTES 4
#define PLAIN_MAX_BYTES 65536  /* of a chunk */
#define PACKED_MAX_BYTES 76490 /* what Snappy makes of so many at most */
#define CRC32C_POLYNOMIAL 0x82f63b78U

enum chunk_type {
    CHUNK_COMPRESSED = 0x00,
    CHUNK_UNCOMPRESSED = 0x01,
    CHUNK_SKIPPABLE = 0x80, /* and all above but the last */
    CHUNK_STREAM_IDENTIFIER = 0xff
};

/* Of the message under way. */
struct snappy {
    struct unpacker u;
    uint64_t in;
    uint8_t header[CHUNK_HEADER_BYTES];
    uint8_t header_n;  /* bytes of it that came */
    uint32_t left;     /* bytes of the chunk to come */
    uint32_t n;        /* bytes in the room */
    struct room *room; /* NULL until there is a chunk of data */
};

struct room {
    uint8_t packed[CHECKSUM_BYTES + PACKED_MAX_BYTES];
    uint8_t plain[PLAIN_MAX_BYTES];
};

static uint32_t crc32c(struct bytes b)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < b.n; i++) {
        crc ^= b.p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? CRC32C_POLYNOMIAL : 0);
        }
    }
    return ~crc;
}

/* As the framing format masks it. */
static uint32_t checksum(struct bytes plain)
{
    uint32_t crc = crc32c(plain);
    return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool holds_data(const struct snappy *t)
{
    return t->header[0] <= CHUNK_UNCOMPRESSED;
}

/* The chunk's header is there. */
static enum inflate_result begin_chunk(struct snappy *t)
{
    t->left = le32(t->header) >> 8;
    t->n = 0;
    if (t->header[0] == CHUNK_STREAM_IDENTIFIER) {
        return t->left == 6 ? INFLATE_OK : INFLATE_INVALID;
    }
    if (!holds_data(t)) {
        return t->header[0] >= CHUNK_SKIPPABLE ? INFLATE_OK : INFLATE_INVALID;
    }
    if (t->left < CHECKSUM_BYTES || t->left > CHECKSUM_BYTES + PACKED_MAX_BYTES) {
        return INFLATE_INVALID;
    }
    if (t->room == NULL) {
        t->room = unpacker_alloc(&t->u, sizeof *t->room);
    }
    return t->room != NULL ? INFLATE_OK : INFLATE_NO_MEMORY;
}

/* Hands a chunk's bytes on, and stops where it is to be asked whether this is a bomb. */
static enum inflate_result pass_on(struct snappy *t, struct bytes plain,
                                   const struct inflate_output *to)
{
    enum inflate_result result = INFLATE_OK;
    while (plain.n > 0 && result == INFLATE_OK) {
        uint64_t room = unpacker_room(&t->u);
        struct bytes part = bytes_part(plain, 0, plain.n < room ? plain.n : (size_t)room);
        result = unpacker_pass_on(&t->u, part, t->in, to);
        plain = bytes_from(plain, part.n);
    }
    return result;
}

/* A chunk of data is all there. */
static enum inflate_result end_chunk(struct snappy *t, const struct inflate_output *to)
{
    struct bytes packed = {t->room->packed + CHECKSUM_BYTES, t->n - CHECKSUM_BYTES};
    struct bytes plain = packed;
    if (t->header[0] == CHUNK_COMPRESSED) {
        plain = (struct bytes){t->room->plain, sizeof t->room->plain};
        if (snappy_uncompress((const char *)packed.p, packed.n, (char *)t->room->plain, &plain.n) !=
            SNAPPY_OK) {
            return INFLATE_INVALID;
        }
    }
    if (plain.n > PLAIN_MAX_BYTES || checksum(plain) != le32(t->room->packed)) {
        return INFLATE_INVALID;
    }
    return pass_on(t, plain, to);
}

static bool is_identifier(const struct snappy *t, struct bytes part)
{
    static const char identifier[] = "sNaPpY";
    return memcmp(part.p, identifier + 6 - t->left, part.n) == 0;
}

static enum inflate_result take_header(struct snappy *t, struct bytes part)
{
    memcpy(t->header + t->header_n, part.p, part.n);
    t->header_n = (uint8_t)(t->header_n + part.n);
    return t->header_n == CHUNK_HEADER_BYTES ? begin_chunk(t) : INFLATE_OK;
}

static enum inflate_result take_body(struct snappy *t, struct bytes part,
                                     const struct inflate_output *to)
{
    if (t->header[0] == CHUNK_STREAM_IDENTIFIER && !is_identifier(t, part)) {
        return INFLATE_INVALID;
    }
    t->left -= (uint32_t)part.n;
    if (!holds_data(t)) {
        return INFLATE_OK;
    }
    memcpy(t->room->packed + t->n, part.p, part.n);
    t->n += (uint32_t)part.n;
    return t->left == 0 ? end_chunk(t, to) : INFLATE_OK;
}

/* Takes bytes of the chunk under way, or of the next one's header. */
static enum inflate_result take(struct snappy *t, struct bytes *piece,
                                const struct inflate_output *to)
{
    bool head = t->header_n < CHUNK_HEADER_BYTES;
    struct bytes part = bytes_part(*piece, 0, head ? CHUNK_HEADER_BYTES - t->header_n : t->left);
    *piece = bytes_from(*piece, part.n);
    t->in += part.n;
    enum inflate_result result = head ? take_header(t, part) : take_body(t, part, to);
    if (t->header_n == CHUNK_HEADER_BYTES && t->left == 0) {
        t->header_n = 0;
    }
    return result;
}

static enum inflate_result snappy_piece(struct unpacker *u, struct bytes piece,
                                        const struct inflate_output *to)
{
    struct snappy *t = (struct snappy *)u;
    enum inflate_result result = INFLATE_OK;
    while (piece.n > 0 && result == INFLATE_OK) {
        result = take(t, &piece, to);
    }
    return result;
}

static bool snappy_may_end(const struct unpacker *u)
{
    return ((const struct snappy *)u)->header_n == 0;
}

static void snappy_reset(struct unpacker *u)
{
    struct snappy *t = (struct snappy *)u;
    unpacker_release(u, t->room);
    t->room = NULL;
    t->in = 0;
    t->header_n = 0;
    t->left = t->n = 0;
}

static const struct unpacker_kind kind = {.state_size = sizeof(struct snappy),
                                          .piece = snappy_piece,
                                          .may_end = snappy_may_end,
                                          .reset = snappy_reset};
const struct unpacker_kind *const unpack_snappy = &kind;

#else

const struct unpacker_kind *const unpack_snappy = NULL;

#endif
