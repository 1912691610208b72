/*
 * The blocks of a pcapng file (draft-ietf-opsawg-pcapng-02): packets of all three kinds,
 * interfaces, statistics and secrets; other blocks are skipped.
 */
#include "mend_format.h"

#include <stdlib.h>

#define BLOCK_SECTION 0x0a0d0d0aU
#define BLOCK_INTERFACE 1U
#define BLOCK_PACKET_OLD 2U
#define BLOCK_PACKET_SIMPLE 3U
#define BLOCK_NAMES 4U
#define BLOCK_STATISTICS 5U
#define BLOCK_PACKET 6U
#define BLOCK_SECRETS 10U

#define BLOCK_FRAME_BYTES 12U /* type, length, and length again */
#define SECTION_BYTES MEND_SECTION_BYTES
#define INTERFACE_BYTES MEND_INTERFACE_BYTES
#define PACKET_BYTES 32U        /* without data; the old packet block's is as long */
#define PACKET_SIMPLE_BYTES 16U /* without data */
#define STATISTICS_BYTES 24U    /* without options */
#define SECRETS_BYTES 20U       /* without secrets */
#define BYTE_ORDER_MAGIC 0x1a2b3c4dU

#define OPTION_END 0
#define OPTION_COMMENT 1
#define OPTION_IF_NAME 2
#define OPTION_IF_TSRESOL 9
#define OPTION_IF_TSOFFSET 14
#define OPTION_ISB_RECEIVED 4
#define OPTION_ISB_IF_DROP 5
#define OPTION_ISB_OS_DROP 7

/* A longer block is no candidate while searching, which keeps the window small. */
#define BLOCK_SEARCH_MAX_BYTES ((size_t)512 << 10)

/* Sets the byte order by a section header's magic at p; false when it is neither. */
static bool take_order(struct mend *m, const uint8_t *p)
{
    uint32_t magic;
    memcpy(&magic, p, sizeof magic);
    if (magic != BYTE_ORDER_MAGIC && magic != bswap_32(BYTE_ORDER_MAGIC)) {
        return false;
    }
    m->swapped = magic != BYTE_ORDER_MAGIC;
    return true;
}

static bool is_length(uint32_t length)
{
    return length >= BLOCK_FRAME_BYTES && length % 4 == 0 && length <= CAPTURE_RECORD_MAX_BYTES;
}

/*--- Options ------------------------------------------------------------------------------------*/

struct option {
    uint16_t code;
    struct bytes value;
};

/* The next option of *options, which it takes away; false at the end, or where they are damaged. */
static bool next_option(const struct mend *m, struct bytes *options, struct option *option)
{
    struct reader r = reader_of(*options);
    struct bytes head = read_bytes(&r, 4);
    if (r.bad) {
        return false;
    }
    option->code = mend_u16(m, head.p);
    size_t n = mend_u16(m, head.p + 2);
    option->value = read_bytes(&r, n);
    if (r.bad || option->code == OPTION_END) {
        return false;
    }
    size_t padding = (4 - n % 4) % 4;
    read_skip(&r, padding < r.b.n ? padding : r.b.n);
    *options = r.b;
    return true;
}

static uint64_t option_u64(const struct mend *m, struct bytes value)
{
    if (value.n != 8) {
        return 0;
    }
    uint64_t v;
    memcpy(&v, value.p, sizeof v);
    return m->swapped ? bswap_64(v) : v;
}

/*--- Section header and interface descriptions --------------------------------------------------*/

static void put_u32(struct mend *m, size_t at, uint32_t v)
{
    v = m->swapped ? bswap_32(v) : v;
    memcpy(m->header + at, &v, sizeof v);
}

static bool take_section(struct mend *m, struct bytes block)
{
    if (block.n < SECTION_BYTES) {
        return false;
    }
    if (m->sections++ == 0) {
        m->big_endian = m->swapped == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    }
    m->interfaces = 0;
    memcpy(m->header, block.p, SECTION_BYTES); /* for byte order and version */
    put_u32(m, 4, SECTION_BYTES);
    put_u32(m, SECTION_BYTES - 4, SECTION_BYTES);
    if (m->hooks->section != NULL) {
        m->hooks->section(m->hooks->context);
    }
    return true;
}

struct interface_options {
    struct bytes name;
    uint8_t resolution;
    int64_t offset;
};

static struct interface_options read_interface_options(const struct mend *m, struct bytes options)
{
    struct interface_options found = {.resolution = STAMP_RESOLUTION_DEFAULT};
    struct option option;
    while (next_option(m, &options, &option)) {
        if (option.code == OPTION_IF_NAME) {
            found.name = option.value;
        } else if (option.code == OPTION_IF_TSRESOL && option.value.n == 1 &&
                   stamp_resolution_is_known(option.value.p[0])) {
            found.resolution = option.value.p[0];
        } else if (option.code == OPTION_IF_TSOFFSET && option.value.n == 8) {
            found.offset = (int64_t)option_u64(m, option.value);
        }
    }
    return found;
}

/* The description as libpcap is shown it: options that are wrong are ignored here, not there. */
static struct bytes plain_header(struct mend *m, struct bytes block)
{
    uint8_t *p = m->header + SECTION_BYTES;
    memcpy(p, block.p, INTERFACE_BYTES - 4);
    put_u32(m, SECTION_BYTES + 4, INTERFACE_BYTES);
    put_u32(m, SECTION_BYTES + INTERFACE_BYTES - 4, INTERFACE_BYTES);
    return (struct bytes){m->header, sizeof m->header};
}

static bool keep_clock(struct mend *m, const struct interface_options *options)
{
    if (m->interfaces == m->clocks_room) {
        uint32_t room = m->clocks_room == 0 ? 4 : m->clocks_room * 2;
        struct stamp_clock *clocks = realloc(m->clocks, room * sizeof *clocks);
        if (clocks == NULL) {
            return false;
        }
        m->clocks = clocks;
        m->clocks_room = room;
    }
    m->clocks[m->interfaces] = stamp_clock_of(options->resolution, options->offset);
    return true;
}

/* Longer than the maximum, a name is cut. */
static void set_name(struct mend_interface *interface, struct bytes name)
{
    name = bytes_part(name, 0, sizeof interface->name - 1);
    name = bytes_part(name, 0, bytes_find(name, 0));
    if (name.n > 0) {
        memcpy(interface->name, name.p, name.n);
    }
}

static bool take_interface(struct mend *m, struct bytes block)
{
    if (block.n < INTERFACE_BYTES || m->interfaces >= CAPTURE_SECTION_INTERFACES_MAX) {
        return false;
    }
    struct mend_interface interface = {.linktype = mend_u16(m, block.p + 8),
                                       .snaplen = mend_u32(m, block.p + 12)};
    struct interface_options options =
        read_interface_options(m, bytes_part(block, 16, block.n - INTERFACE_BYTES));
    set_name(&interface, options.name);
    interface.digits = stamp_digits(options.resolution);
    interface.header = plain_header(m, block);
    if (m->interfaces == 0) {
        m->first_snaplen = interface.snaplen;
    }
    if (!keep_clock(m, &options) || mend_tell_interface(m, &interface) != MEND_TAKE) {
        return false;
    }
    m->interfaces++;
    return true;
}

/*--- Blocks that libpcap hides ------------------------------------------------------------------*/

static bool take_statistics(const struct mend *m, struct bytes block)
{
    if (block.n < STATISTICS_BYTES || mend_u32(m, block.p + 8) >= m->interfaces) {
        return false;
    }
    struct mend_statistics statistics = {0};
    struct bytes options = bytes_part(block, 20, block.n - STATISTICS_BYTES);
    struct option option;
    while (next_option(m, &options, &option)) {
        if (option.code == OPTION_ISB_RECEIVED) {
            statistics.received = option_u64(m, option.value);
        } else if (option.code == OPTION_ISB_IF_DROP || option.code == OPTION_ISB_OS_DROP) {
            statistics.dropped += option_u64(m, option.value);
        }
    }
    if (m->hooks->statistics != NULL) {
        m->hooks->statistics(m->hooks->context, mend_u32(m, block.p + 8), &statistics);
    }
    return true;
}

static bool take_secrets(const struct mend *m, struct bytes block)
{
    if (block.n < SECRETS_BYTES || mend_u32(m, block.p + 12) > block.n - SECRETS_BYTES) {
        return false;
    }
    if (m->hooks->secrets != NULL) {
        m->hooks->secrets(m->hooks->context, mend_u32(m, block.p + 8),
                          bytes_part(block, 16, mend_u32(m, block.p + 12)));
    }
    return true;
}

/*--- Packets ------------------------------------------------------------------------------------*/

/* The packet of `caplen` bytes at `from`, captured so many units after its interface's zero. */
static bool take_data(struct mend *m, struct bytes block, size_t from, uint32_t caplen,
                      uint64_t units, struct packet *packet)
{
    if (caplen > block.n - from - 4) {
        return false;
    }
    if (caplen > CAPTURE_PACKET_MAX_BYTES) {
        m->damage_kind = MEND_NOTE_TOO_LARGE;
        return false;
    }
    if (packet->interface >= m->interfaces) {
        return false;
    }
    packet->ts = stamp_ns(&m->clocks[packet->interface], units);
    packet->b = (struct bytes){block.p + from, caplen};
    return true;
}

/* Its first comment, unless that is farther off than packets can say. */
static void take_comment(const struct mend *m, struct bytes options, struct packet *packet)
{
    const uint8_t *end = packet->b.p + packet->b.n;
    struct option option;
    while (next_option(m, &options, &option)) {
        if (option.code == OPTION_COMMENT && option.value.p - end <= UINT16_MAX) {
            packet->comment_at = (uint16_t)(option.value.p - end);
            packet->comment_n = (uint16_t)option.value.n;
            return;
        }
    }
}

/* The old block's interface has 16 bits, and a drop counter follows it; the rest is the same. */
static bool take_packet(struct mend *m, struct bytes block, bool old, struct packet *packet)
{
    if (block.n < PACKET_BYTES) {
        return false;
    }
    uint64_t units = (uint64_t)mend_u32(m, block.p + 12) << 32 | mend_u32(m, block.p + 16);
    *packet =
        (struct packet){.interface = old ? mend_u16(m, block.p + 8) : mend_u32(m, block.p + 8),
                        .wire_len = mend_u32(m, block.p + 24)};
    uint32_t caplen = mend_u32(m, block.p + 20);
    if (!take_data(m, block, 28, caplen, units, packet)) {
        return false;
    }
    size_t padded = (PACKET_BYTES + (size_t)caplen + 3) & ~(size_t)3;
    if (block.n > padded) {
        take_comment(m, bytes_part(block, padded - 4, block.n - padded), packet);
    }
    return true;
}

/* It has no time stamp, and no captured length: that is the packet's, cut to the snap length. */
static bool take_packet_simple(struct mend *m, struct bytes block, struct packet *packet)
{
    if (block.n < PACKET_SIMPLE_BYTES) {
        return false;
    }
    uint32_t len = mend_u32(m, block.p + 8);
    uint32_t caplen = m->first_snaplen > 0 && len > m->first_snaplen ? m->first_snaplen : len;
    *packet = (struct packet){.wire_len = len};
    return take_data(m, block, 12, caplen, 0, packet);
}

/*--- The walk -----------------------------------------------------------------------------------*/

/* A whole block; false when what is in it contradicts itself. */
static bool take_block(struct mend *m, uint32_t type, struct bytes block, struct packet *packet)
{
    switch (type) {
    case BLOCK_PACKET:
        return take_packet(m, block, false, packet);
    case BLOCK_PACKET_OLD:
        return take_packet(m, block, true, packet);
    case BLOCK_PACKET_SIMPLE:
        return take_packet_simple(m, block, packet);
    case BLOCK_SECTION:
        return take_section(m, block);
    case BLOCK_INTERFACE:
        return take_interface(m, block);
    case BLOCK_STATISTICS:
        return take_statistics(m, block);
    case BLOCK_SECRETS:
        return take_secrets(m, block);
    default:
        return true;
    }
}

static bool is_packet(uint32_t type)
{
    return type == BLOCK_PACKET || type == BLOCK_PACKET_OLD || type == BLOCK_PACKET_SIMPLE;
}

/* One block. `first`: no packet was taken yet. */
static enum step step(struct mend *m, bool first, struct packet *packet)
{
    size_t have = mend_have(m, m->at);
    m->need = BLOCK_FRAME_BYTES;
    m->damage_kind = MEND_NOTE_DAMAGED;
    if (have < m->need) {
        return STEP_MORE;
    }
    const uint8_t *p = m->buf + m->at;
    uint32_t type = mend_u32(m, p);
    bool swapped = m->swapped;
    if (type == BLOCK_SECTION && !take_order(m, p + 8)) {
        return STEP_DAMAGED;
    }
    uint32_t length = mend_u32(m, p + 4);
    if (!is_length(length)) {
        m->swapped = swapped;
        return STEP_DAMAGED;
    }
    m->need = length;
    if (have < length) {
        return STEP_MORE;
    }
    if (mend_u32(m, p + length - 4) != length) {
        m->swapped = swapped;
        return STEP_DAMAGED;
    }
    if (type == BLOCK_SECTION && !first) {
        m->swapped = swapped;
        return STEP_SECTION;
    }
    bool taken = take_block(m, type, (struct bytes){p, length}, packet);
    if (!taken) { /* both lengths agree, so the next block is where they say */
        mend_note(m, m->damage_kind, m->base + m->at, length);
    }
    m->at += length;
    return taken && is_packet(type) ? STEP_PACKET : STEP_ON;
}

static enum step walk(struct mend *m, struct packet *packets, size_t max, size_t *n)
{
    while (*n < max && !m->given_up) {
        enum step why = step(m, *n == 0, &packets[*n]);
        m->packets += why == STEP_PACKET;
        *n += why == STEP_PACKET;
        if (why > STEP_ON) {
            return why;
        }
    }
    return STEP_FULL;
}

static bool is_known(uint32_t type)
{
    return type == BLOCK_SECTION || type == BLOCK_SECRETS ||
           (type >= BLOCK_INTERFACE && type <= BLOCK_PACKET);
}

/* Length of the block at index `at` if it has a known type and both its lengths agree; 0 if not. */
static size_t fits(struct mend *m, size_t at)
{
    size_t have = mend_have(m, at);
    if (have < BLOCK_FRAME_BYTES) {
        return 0;
    }
    const uint8_t *p = m->buf + at;
    uint32_t type = mend_u32(m, p);
    if (!is_known(type) || (type == BLOCK_SECTION && !take_order(m, p + 8))) {
        return 0;
    }
    uint32_t length = mend_u32(m, p + 4);
    if (!is_length(length) || length > BLOCK_SEARCH_MAX_BYTES || length > have ||
        mend_u32(m, p + length - 4) != length) {
        return 0;
    }
    return length;
}

/* One such block is 64 bits of agreement; the next may be of an unknown type or cut. */
static bool stands(struct mend *m, size_t at, size_t beyond)
{
    bool swapped = m->swapped, found = false;
    while (beyond == 0 || mend_spend(m)) {
        size_t length = fits(m, at);
        if (length == 0) {
            break;
        }
        at += length;
        if (mend_have(m, at) < BLOCK_FRAME_BYTES) {
            found = true;
            break;
        }
        if (at >= beyond) {
            found = is_length(mend_u32(m, m->buf + at + 4)) ||
                    mend_u32(m, m->buf + at) == BLOCK_SECTION;
            break;
        }
    }
    m->swapped = swapped;
    return found;
}

static size_t natural_end(const struct mend *m)
{
    uint32_t length = mend_u32(m, m->buf + m->at + 4);
    return is_length(length) ? m->at + length : 0;
}

const struct step_format step_pcapng = {
    .walk = walk,
    .stands = stands,
    .natural_end = natural_end,
    .window = 2 * BLOCK_SEARCH_MAX_BYTES,
};
