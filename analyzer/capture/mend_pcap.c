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
    m->swapped = m->pcap.swapped = magic->big_endian == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    m->pcap.fraction_max = magic->nano ? 1000000000U : 1000000U;
    m->pcap.fraction_ns = 1000000000U / m->pcap.fraction_max;
    m->pcap.header = magic->patched ? PCAP_PATCHED_RECORD_HEADER_BYTES : PCAP_RECORD_HEADER_BYTES;
    m->pcap.minor = mend_u16(m, p + 6);
    struct mend_interface interface = {.linktype = (uint16_t)mend_u32(m, p + 20),
                                       .snaplen = mend_u32(m, p + 16),
                                       .digits = magic->nano ? 9 : 6,
                                       .header = {p, PCAP_HEADER_BYTES}};
    m->at += PCAP_HEADER_BYTES;
    switch (mend_tell_interface(m, &interface)) {
    case MEND_TAKE:
        return 1;
    case MEND_SKIP:
        return err_set(err, "%s: too many interfaces in all", name);
    default:
        return -1;
    }
}

static inline struct pcap_record read_record(const struct mend_pcap *f, const uint8_t *p)
{
    struct pcap_record r;
    memcpy(&r, p, sizeof r);
    if (f->swapped) {
        r = (struct pcap_record){bswap_32(r.seconds), bswap_32(r.fraction), bswap_32(r.caplen),
                                 bswap_32(r.len)};
    }
    /* As libpcap does: always in 2.0 to 2.2, and in 2.3 when the lengths say so. */
    if (f->minor < 4 && (f->minor < 3 || r.caplen > r.len)) {
        uint32_t caplen = r.len;
        r.len = r.caplen;
        r.caplen = caplen;
    }
    return r;
}

/* What libpcap takes. An empty packet is what a hole of zeros looks like. */
static inline bool is_sound(const struct mend_pcap *f, const struct pcap_record *r)
{
    return r->caplen <= CAPTURE_PACKET_MAX_BYTES && r->fraction < f->fraction_max && r->len > 0;
}

static bool are_near(uint32_t a, uint32_t b)
{
    return (a > b ? a - b : b - a) <= PCAP_CHAIN_SECONDS;
}

/* Whether a record, or the end of the file, may be at index `at`, with `have` bytes there. To doubt
 * a sound record, because a day passed after it, costs no more than a search. */
static bool leads_on(const struct mend *m, const struct pcap_record *r, size_t at, size_t have)
{
    if (have < m->pcap.header) {
        return have == 0 || !m->ended;
    }
    struct pcap_record next = read_record(&m->pcap, m->buf + at);
    return is_sound(&m->pcap, &next) && are_near(r->seconds, next.seconds);
}

/* Field by field: a struct that is put together first and then copied waits for its own stores,
 * which took as long as the rest of the walk. */
static inline void fill(struct packet *packet, const struct mend_pcap *f,
                        const struct pcap_record *r, const uint8_t *p)
{
    packet->ts = r->seconds * SECOND_NS + (int64_t)r->fraction * f->fraction_ns;
    packet->no = 0;
    packet->wire_len = r->len;
    packet->link = 0;
    packet->interface = 0;
    packet->comment_at = packet->comment_n = 0;
    packet->b.p = p + f->header;
    packet->b.n = r->caplen;
}

/* The plain case of step(), as often as it lasts: a sound record with another one behind it. */
static void take_run(struct mend *m, struct packet *packets, size_t max, size_t *n)
{
    const struct mend_pcap f = m->pcap; /* a copy stays in registers */
    const uint8_t *p = m->buf + m->at, *end = m->buf + m->n;
    const size_t headers = 2 * f.header;
    size_t count = *n;
    if (mend_have(m, m->at) < headers) {
        return;
    }
    struct pcap_record r = read_record(&f, p), next;
    for (bool sound = is_sound(&f, &r); sound && count < max; r = next) {
        size_t have = (size_t)(end - p);
        if (have < headers || r.caplen > have - headers) {
            break;
        }
        const uint8_t *behind = p + f.header + r.caplen;
        next = read_record(&f, behind);
        sound = is_sound(&f, &next) && are_near(r.seconds, next.seconds);
        if (sound) {
            fill(&packets[count++], &f, &r, p);
            p = behind;
        }
    }
    m->at = (size_t)(p - m->buf);
    m->packets += count - *n;
    *n = count;
}

/* One record. */
static enum step step(struct mend *m, struct packet *packet)
{
    size_t have = mend_have(m, m->at);
    m->need = m->pcap.header;
    if (have < m->need) {
        return STEP_MORE;
    }
    struct pcap_record r = read_record(&m->pcap, m->buf + m->at);
    if (!is_sound(&m->pcap, &r)) {
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
    if (after < m->pcap.header && !m->ended && !m->waits) {
        m->need += m->pcap.header;
        return STEP_MORE;
    }
    if (!leads_on(m, &r, m->at + m->need, after) && m->trusted != m->base + m->at) {
        return STEP_SUSPECT;
    }
    fill(packet, &m->pcap, &r, m->buf + m->at);
    m->at += m->need;
    return STEP_PACKET;
}

static enum step walk(struct mend *m, struct packet *packets, size_t max, size_t *n)
{
    take_run(m, packets, max, n);
    if (*n == max) {
        return STEP_FULL;
    }
    enum step why = step(m, &packets[*n]);
    m->packets += why == STEP_PACKET;
    *n += why == STEP_PACKET;
    return why;
}

/* Stricter than is_sound, for bytes that are not known to be a record. */
static bool is_likely(const struct mend *m, const struct pcap_record *r)
{
    return r->fraction < m->pcap.fraction_max && r->caplen > 0 && r->caplen <= r->len &&
           r->len <= CAPTURE_PACKET_MAX_BYTES;
}

static bool stands(struct mend *m, size_t at, size_t beyond)
{
    uint32_t seconds = 0;
    for (unsigned count = 0; beyond == 0 || mend_spend(m); count++) {
        size_t have = mend_have(m, at);
        if (have < m->pcap.header) {
            return count >= (have == 0 && m->ended ? 1 : 2);
        }
        struct pcap_record r = read_record(&m->pcap, m->buf + at);
        if (!is_likely(m, &r) || (count > 0 && !are_near(r.seconds, seconds))) {
            return false;
        }
        if (count + 1 >= PCAP_CHAIN && at >= beyond) {
            return true;
        }
        if (r.caplen > have - m->pcap.header) {
            return count >= 1;
        }
        seconds = r.seconds;
        at += m->pcap.header + r.caplen;
    }
    return false;
}

static size_t natural_end(const struct mend *m)
{
    struct pcap_record r = read_record(&m->pcap, m->buf + m->at);
    return r.caplen <= CAPTURE_RECORD_MAX_BYTES ? m->at + m->pcap.header + r.caplen : 0;
}

const struct step_format step_pcap = {
    .walk = walk,
    .stands = stands,
    .natural_end = natural_end,
    .window = PCAP_CHAIN * (CAPTURE_PACKET_MAX_BYTES + (size_t)PCAP_PATCHED_RECORD_HEADER_BYTES),
};
