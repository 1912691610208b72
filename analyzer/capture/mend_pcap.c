/*
 * The records of a pcap file (draft-ietf-opsawg-pcap-04, pcap-savefile(5)), micro- and nanoseconds,
 * with the longer record headers of Kuznetzov's libpcap patch, and with the two lengths swapped as
 * libpcap before 0.5 wrote them.
 */
#include "mend_format.h"

#define PCAP_HEADER_BYTES 24
#define PCAP_RECORD_HEADER_BYTES 16
#define PCAP_PATCHED_RECORD_HEADER_BYTES 24
/* Headers in a row that are believed to be records and not chance. */
#define PCAP_CHAIN 3
/* Within such a row; a quiet day next to damaged bytes is not worth a wrong guess. */
#define PCAP_CHAIN_SECONDS 86400
struct pcap_magic {
    uint8_t bytes[4];
    bool big_endian, nano, patched;
};

static const struct pcap_magic magics[] = {
    {{0xa1, 0xb2, 0xc3, 0xd4}, true, false, false}, {{0xd4, 0xc3, 0xb2, 0xa1}, false, false, false},
    {{0xa1, 0xb2, 0x3c, 0x4d}, true, true, false},  {{0x4d, 0x3c, 0xb2, 0xa1}, false, true, false},
    {{0xa1, 0xb2, 0xcd, 0x34}, true, false, true},  {{0x34, 0xcd, 0xb2, 0xa1}, false, false, true},
};

struct pcap_record {
    uint32_t seconds, fraction, caplen, len;
};

static const struct pcap_magic *find_magic(const uint8_t *p)
{
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        if (memcmp(magics[i].bytes, p, 4) == 0) {
            return &magics[i];
        }
    }
    return NULL;
}

/* libpcap cuts packets to the file's snap length and has a maximum for it; both are kept out of the
 * way by a snap length that is never met. */
static bool keep_header(struct mend *m, const uint8_t *p)
{
    uint32_t snaplen = CAPTURE_PACKET_MAX_BYTES;
    snaplen = m->swapped ? bswap_32(snaplen) : snaplen;
    return buffer_append(&m->header, (struct bytes){p, 16}) &&
           buffer_append(&m->header, (struct bytes){(const uint8_t *)&snaplen, 4}) &&
           buffer_append(&m->header, (struct bytes){p + 20, 4});
}

int mend_open_pcap(struct mend *m, struct err *err)
{
    const char *name = input_name(m->input);
    const uint8_t *p = m->buf + m->at;
    const struct pcap_magic *magic = find_magic(p);
    if (magic == NULL) {
        return -1;
    }
    m->need = PCAP_HEADER_BYTES;
    if (mend_have(m, m->at) < PCAP_HEADER_BYTES) {
        return !m->ended ? 0
                         : err_set(err, "%s ends within its file header: %zu of %d bytes", name,
                                   mend_have(m, m->at), PCAP_HEADER_BYTES);
    }
    m->big_endian = magic->big_endian;
    m->swapped = magic->big_endian == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    m->fraction_max = magic->nano ? 1000000000U : 1000000U;
    m->record_header = magic->patched ? PCAP_PATCHED_RECORD_HEADER_BYTES : PCAP_RECORD_HEADER_BYTES;
    m->minor = mend_u16(m, p + 6);
    if (!keep_header(m, p)) {
        return err_set(err, "out of memory");
    }
    struct mend_interface interface = {.linktype = (uint16_t)mend_u32(m, p + 20),
                                       .snaplen = mend_u32(m, p + 16),
                                       .digits = magic->nano ? 9 : 6};
    m->section = 1;
    m->at += PCAP_HEADER_BYTES;
    if (m->hooks->interface != NULL && !m->hooks->interface(m->hooks->context, &interface)) {
        return err_set(err, "%s: too many interfaces in all", name);
    }
    return 1;
}

static struct pcap_record read_record(const struct mend *m, size_t at)
{
    const uint8_t *p = m->buf + at;
    struct pcap_record r = {mend_u32(m, p), mend_u32(m, p + 4), mend_u32(m, p + 8),
                            mend_u32(m, p + 12)};
    /* As libpcap does: always in 2.0 to 2.2, and in 2.3 when the lengths say so. */
    if (m->minor < 4 && (m->minor < 3 || r.caplen > r.len)) {
        uint32_t caplen = r.len;
        r.len = r.caplen;
        r.caplen = caplen;
    }
    return r;
}

/* What libpcap takes. An empty packet is what a hole of zeros looks like. */
static bool is_sound(const struct mend *m, const struct pcap_record *r)
{
    return r->caplen <= CAPTURE_PACKET_MAX_BYTES && r->fraction < m->fraction_max && r->len > 0;
}

static bool are_near(uint32_t a, uint32_t b)
{
    return (a > b ? a - b : b - a) <= PCAP_CHAIN_SECONDS;
}

/* Whether a record, or the end of the file, may be at index `at`, with `have` bytes there. To doubt
 * a sound record, because a day passed after it, costs no more than a search. */
static bool leads_on(const struct mend *m, const struct pcap_record *r, size_t at, size_t have)
{
    if (have < m->record_header) {
        return have == 0 || !m->ended;
    }
    struct pcap_record next = read_record(m, at);
    return is_sound(m, &next) && are_near(r->seconds, next.seconds);
}

static enum step step(struct mend *m, struct mend_record *record)
{
    size_t have = mend_have(m, m->at);
    m->need = m->record_header;
    if (have < m->need) {
        return STEP_MORE;
    }
    struct pcap_record r = read_record(m, m->at);
    if (!is_sound(m, &r)) {
        m->damage_kind = r.caplen > CAPTURE_PACKET_MAX_BYTES && r.caplen <= CAPTURE_RECORD_MAX_BYTES
                             ? MEND_NOTE_TOO_LARGE
                             : MEND_NOTE_DAMAGED;
        return STEP_DAMAGED;
    }
    m->need += r.caplen;
    if (have < m->need) {
        return STEP_MORE;
    }
    /* A pipe's next record may be long in coming, so there nothing is compared ahead. */
    size_t after = have - m->need;
    if (after < m->record_header && !m->ended && !m->waits) {
        m->need += m->record_header;
        return STEP_MORE;
    }
    if (!leads_on(m, &r, m->at + m->need, after) && m->trusted != m->base + m->at) {
        return STEP_SUSPECT;
    }
    const uint8_t *p = m->buf + m->at;
    *record = (struct mend_record){
        .raw = {p, m->need}, .data = {p + m->record_header, r.caplen}, .offset = m->base + m->at};
    m->at += m->need;
    return STEP_PACKET;
}

/* Stricter than is_sound, for bytes that are not known to be a record. */
static bool is_likely(const struct mend *m, const struct pcap_record *r)
{
    return r->fraction < m->fraction_max && r->caplen > 0 && r->caplen <= r->len &&
           r->len <= CAPTURE_PACKET_MAX_BYTES;
}

static bool stands(struct mend *m, size_t at, size_t beyond)
{
    uint32_t seconds = 0;
    for (unsigned count = 0; beyond == 0 || mend_spend(m); count++) {
        size_t have = mend_have(m, at);
        if (have < m->record_header) {
            return count >= (have == 0 && m->ended ? 1 : 2);
        }
        struct pcap_record r = read_record(m, at);
        if (!is_likely(m, &r) || (count > 0 && !are_near(r.seconds, seconds))) {
            return false;
        }
        if (count + 1 >= PCAP_CHAIN && at >= beyond) {
            return true;
        }
        if (r.caplen > have - m->record_header) {
            return count >= 1;
        }
        seconds = r.seconds;
        at += m->record_header + r.caplen;
    }
    return false;
}

static size_t natural_end(const struct mend *m)
{
    struct pcap_record r = read_record(m, m->at);
    return r.caplen <= CAPTURE_RECORD_MAX_BYTES ? m->at + m->record_header + r.caplen : 0;
}

const struct step_format step_pcap = {
    .step = step,
    .stands = stands,
    .natural_end = natural_end,
    .window = PCAP_CHAIN * (CAPTURE_PACKET_MAX_BYTES + (size_t)PCAP_PATCHED_RECORD_HEADER_BYTES),
};
