/*
 * The blocks of a pcapng file (draft-ietf-opsawg-pcapng-02): packets go on to libpcap as they are,
 * interface descriptions in a form that it takes, and the other blocks are read here or skipped.
 *
 * libpcap refuses interfaces whose link type or snap length differ from the first one's. It is told
 * of interfaces that all have the first one's link type and no snap length; whoever asks knows
 * better from the hooks.
 */
#include "mend_format.h"

#define BLOCK_SECTION 0x0a0d0d0aU
#define BLOCK_INTERFACE 1U
#define BLOCK_PACKET_OLD 2U
#define BLOCK_PACKET_SIMPLE 3U
#define BLOCK_NAMES 4U
#define BLOCK_STATISTICS 5U
#define BLOCK_PACKET 6U
#define BLOCK_SECRETS 10U

#define BLOCK_FRAME_BYTES 12U   /* type, length, and length again */
#define SECTION_BYTES 28U       /* without options */
#define INTERFACE_BYTES 20U     /* without options */
#define PACKET_BYTES 32U        /* without data; the old packet block's is as long */
#define PACKET_SIMPLE_BYTES 16U /* without data */
#define STATISTICS_BYTES 24U    /* without options */
#define SECRETS_BYTES 20U       /* without secrets */
#define BYTE_ORDER_MAGIC 0x1a2b3c4dU

#define OPTION_END 0
#define OPTION_IF_NAME 2
#define OPTION_IF_TSRESOL 9
#define OPTION_IF_TSOFFSET 14
#define OPTION_ISB_RECEIVED 4
#define OPTION_ISB_IF_DROP 5
#define OPTION_ISB_OS_DROP 7

/* LINKTYPE_ETHERNET and DLT_EN10MB are the same number. */
#define PLAIN_LINKTYPE 1

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

static bool put_u16(struct mend *m, uint16_t v)
{
    v = m->swapped ? bswap_16(v) : v;
    return buffer_append(&m->header, (struct bytes){(const uint8_t *)&v, sizeof v});
}

static bool put_u32(struct mend *m, uint32_t v)
{
    v = m->swapped ? bswap_32(v) : v;
    return buffer_append(&m->header, (struct bytes){(const uint8_t *)&v, sizeof v});
}

static bool take_section(struct mend *m, struct bytes block)
{
    if (block.n < SECTION_BYTES) {
        return false;
    }
    if (m->section == 0) {
        m->big_endian = m->swapped == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    }
    m->section++;
    m->interfaces = 0;
    buffer_clear(&m->header);
    bool kept = put_u32(m, BLOCK_SECTION) && put_u32(m, SECTION_BYTES) &&
                put_u32(m, BYTE_ORDER_MAGIC) &&
                buffer_append(&m->header, bytes_part(block, 12, 4)) && /* version */
                put_u32(m, UINT32_MAX) && put_u32(m, UINT32_MAX) && put_u32(m, SECTION_BYTES);
    if (kept && m->hooks->section != NULL) {
        m->hooks->section(m->hooks->context);
    }
    return kept;
}

/* Decimal digits that time stamps of this if_tsresol have; 0 when libpcap would refuse it. */
static uint8_t digits_of(uint8_t resolution)
{
    bool binary = (resolution & 0x80) != 0;
    unsigned exponent = resolution & 0x7f;
    if (exponent > (binary ? 63 : 19)) {
        return 0;
    }
    return exponent > (binary ? 20 : 6) ? 9 : 6;
}

struct interface_options {
    struct bytes name, resolution, offset;
};

static struct interface_options read_interface_options(const struct mend *m, struct bytes options)
{
    struct interface_options found = {0};
    struct option option;
    while (next_option(m, &options, &option)) {
        if (option.code == OPTION_IF_NAME) {
            found.name = option.value;
        } else if (option.code == OPTION_IF_TSRESOL && option.value.n == 1 &&
                   digits_of(option.value.p[0]) > 0) {
            found.resolution = option.value;
        } else if (option.code == OPTION_IF_TSOFFSET && option.value.n == 8) {
            found.offset = option.value;
        }
    }
    return found;
}

/* The interface as libpcap is told of it. */
static bool keep_interface(struct mend *m, const struct interface_options *options)
{
    static const uint8_t padding[3];
    uint32_t length = INTERFACE_BYTES + 4;
    length += options->resolution.n > 0 ? 8 : 0;
    length += options->offset.n > 0 ? 12 : 0;
    bool kept = put_u32(m, BLOCK_INTERFACE) && put_u32(m, length) && put_u16(m, PLAIN_LINKTYPE) &&
                put_u16(m, 0) && put_u32(m, 0);
    if (options->resolution.n > 0) {
        kept = kept && put_u16(m, OPTION_IF_TSRESOL) && put_u16(m, 1) &&
               buffer_append(&m->header, options->resolution) &&
               buffer_append(&m->header, (struct bytes){padding, sizeof padding});
    }
    if (options->offset.n > 0) {
        kept = kept && put_u16(m, OPTION_IF_TSOFFSET) && put_u16(m, 8) &&
               buffer_append(&m->header, options->offset);
    }
    return kept && put_u32(m, OPTION_END) && put_u32(m, length);
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
    interface.digits = options.resolution.n > 0 ? digits_of(options.resolution.p[0]) : 6;
    if (m->interfaces == 0) {
        m->first_snaplen = interface.snaplen;
    }
    if (m->hooks->interface != NULL && !m->hooks->interface(m->hooks->context, &interface)) {
        return false;
    }
    m->interfaces++;
    return keep_interface(m, &options);
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

static bool take_data(struct mend *m, struct mend_record *record, size_t from, uint32_t caplen)
{
    if (caplen > record->raw.n - from - 4) {
        return false;
    }
    m->damage_kind = caplen > CAPTURE_PACKET_MAX_BYTES ? MEND_NOTE_TOO_LARGE : MEND_NOTE_DAMAGED;
    record->data = bytes_part(record->raw, from, caplen);
    return record->interface < m->interfaces && caplen <= CAPTURE_PACKET_MAX_BYTES;
}

static bool take_packet(struct mend *m, struct mend_record *record)
{
    struct bytes block = record->raw;
    if (block.n < PACKET_BYTES) {
        return false;
    }
    record->interface = mend_u32(m, block.p + 8);
    return take_data(m, record, 28, mend_u32(m, block.p + 20));
}

static bool take_packet_old(struct mend *m, struct mend_record *record)
{
    struct bytes block = record->raw;
    if (block.n < PACKET_BYTES) {
        return false;
    }
    record->interface = mend_u16(m, block.p + 8);
    return take_data(m, record, 28, mend_u32(m, block.p + 20));
}

/* It has no captured length: that is the packet's, cut to the snap length, of which libpcap knows
 * nothing. So libpcap is shown the captured length as the packet's. */
static bool take_packet_simple(struct mend *m, struct mend_record *record)
{
    struct bytes block = record->raw;
    if (block.n < PACKET_SIMPLE_BYTES) {
        return false;
    }
    uint32_t len = mend_u32(m, block.p + 8);
    uint32_t caplen = m->first_snaplen > 0 && len > m->first_snaplen ? m->first_snaplen : len;
    if (!take_data(m, record, 12, caplen)) {
        return false;
    }
    record->wire_len = len;
    caplen = m->swapped ? bswap_32(caplen) : caplen;
    memcpy(m->buf + m->at + 8, &caplen, sizeof caplen);
    return true;
}

/*--- The walk -----------------------------------------------------------------------------------*/

/* A whole block; false when what is in it contradicts itself. */
static bool take_block(struct mend *m, uint32_t type, struct mend_record *record)
{
    switch (type) {
    case BLOCK_PACKET:
        return take_packet(m, record);
    case BLOCK_PACKET_OLD:
        return take_packet_old(m, record);
    case BLOCK_PACKET_SIMPLE:
        return take_packet_simple(m, record);
    case BLOCK_SECTION:
        return take_section(m, record->raw);
    case BLOCK_INTERFACE:
        return take_interface(m, record->raw);
    case BLOCK_STATISTICS:
        return take_statistics(m, record->raw);
    case BLOCK_SECRETS:
        return take_secrets(m, record->raw);
    default:
        return true;
    }
}

static bool is_packet(uint32_t type)
{
    return type == BLOCK_PACKET || type == BLOCK_PACKET_OLD || type == BLOCK_PACKET_SIMPLE;
}

static enum step step(struct mend *m, struct mend_record *record)
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
    *record = (struct mend_record){.raw = {p, length}, .offset = m->base + m->at};
    if (mend_u32(m, p + length - 4) != length) {
        m->swapped = swapped;
        return STEP_DAMAGED;
    }
    if (type == BLOCK_SECTION && m->section > 0 && m->announced != record->offset) {
        m->announced = record->offset;
        m->swapped = swapped;
        return STEP_SECTION;
    }
    bool taken = take_block(m, type, record);
    if (!taken) { /* both lengths agree, so the next block is where they say */
        mend_note(m, m->damage_kind, record->offset, length);
    }
    m->at += length;
    return taken && is_packet(type) ? STEP_PACKET : STEP_ON;
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
    .step = step,
    .stands = stands,
    .natural_end = natural_end,
    .window = 2 * BLOCK_SEARCH_MAX_BYTES,
};
