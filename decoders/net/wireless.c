/*
 * IEEE 802.11 data frames, and the headers that capturing puts before them: radiotap
 * (www.radiotap.org), AVS and Prism. These headers and 802.11's own fields are little-endian.
 */
#include "walk.h"

#define RADIOTAP_HEADER_MIN_BYTES 8
#define RADIOTAP_HAS_TSFT 0x1
#define RADIOTAP_HAS_FLAGS 0x2
#define RADIOTAP_HAS_MORE 0x80000000U
#define RADIOTAP_FLAG_PADDED 0x20 /* 802.11 header padded to 32 bits */
#define RADIOTAP_FLAG_BAD_FCS 0x40

#define AVS_VERSION_MIN 0x80211001U
#define AVS_VERSION_MAX 0x80211002U

enum wlan_flag {
    WLAN_TO_DS = 0x01,
    WLAN_FROM_DS = 0x02,
    WLAN_MORE_FRAGMENTS = 0x04,
    WLAN_PROTECTED = 0x40,
    WLAN_ORDER = 0x80 /* in a QoS frame: HT control follows */
};

#define WLAN_TYPE_MASK 0x0f
#define WLAN_TYPE_DATA 0x08
#define WLAN_NO_DATA 0x40 /* bits of the subtype */
#define WLAN_QOS 0x80
#define WLAN_QOS_AGGREGATE 0x80 /* A-MSDU: several packets in one frame */
#define WLAN_HEADER_BYTES 24
#define WLAN_ADDRESS_BYTES 6
#define WLAN_SUBFRAME_BYTES 14

static uint16_t le16_at(struct bytes b, size_t at)
{
    return (uint16_t)(u8_at(b, at) | u8_at(b, at + 1) << 8);
}

static uint32_t le32_at(struct bytes b, size_t at)
{
    return le16_at(b, at) | (uint32_t)le16_at(b, at + 2) << 16;
}

/* Of an A-MSDU (802.11-2020, 9.3.2.2) only the first packet is read. */
static enum net_result parse_aggregate(struct walk *w)
{
    if (!walk_has(w, WLAN_SUBFRAME_BYTES)) {
        return walk_short(w, WLAN_SUBFRAME_BYTES);
    }
    size_t n = be16_at(w->b, 12);
    walk_skip(w, WLAN_SUBFRAME_BYTES);
    return walk_limit(w, n) ? net_llc(w) : NET_BAD;
}

enum net_result net_80211(struct walk *w, bool padded)
{
    w->layers |= LAYER_80211;
    if (!walk_has(w, 2)) {
        return walk_short(w, 2);
    }
    unsigned control = u8_at(w->b, 0);
    unsigned flags = u8_at(w->b, 1);
    if ((control & WLAN_TYPE_MASK) != WLAN_TYPE_DATA || (control & WLAN_NO_DATA)) {
        return NET_OTHER;
    }
    if (flags & WLAN_PROTECTED) {
        return NET_ENCRYPTED;
    }
    bool four_addresses = (flags & WLAN_TO_DS) && (flags & WLAN_FROM_DS);
    size_t qos_at = WLAN_HEADER_BYTES + (four_addresses ? WLAN_ADDRESS_BYTES : 0);
    size_t header = qos_at;
    if (control & WLAN_QOS) {
        header += flags & WLAN_ORDER ? 6 : 2;
    }
    size_t with_padding = padded ? (header + 3) / 4 * 4 : header;
    if (!walk_has(w, with_padding)) {
        return walk_short(w, with_padding);
    }
    unsigned fragment = u8_at(w->b, 22) & 0xf;
    if ((flags & WLAN_MORE_FRAGMENTS) || fragment != 0) {
        return NET_OTHER;
    }
    bool aggregate = (control & WLAN_QOS) && (u8_at(w->b, qos_at) & WLAN_QOS_AGGREGATE);
    walk_skip(w, with_padding);
    return aggregate ? parse_aggregate(w) : net_llc(w);
}

/* The flags stand behind all words of the bitmap, and behind a time stamp aligned to 8 bytes. */
static unsigned radiotap_flags(struct bytes header)
{
    uint32_t present = le32_at(header, 4);
    size_t at = 8;
    if (!(present & RADIOTAP_HAS_FLAGS)) {
        return 0;
    }
    for (uint32_t word = present; word & RADIOTAP_HAS_MORE; at += 4) {
        if (header.n - at < 4) {
            return 0;
        }
        word = le32_at(header, at);
    }
    if (present & RADIOTAP_HAS_TSFT) {
        at = (at + 7) / 8 * 8 + 8;
    }
    return at < header.n ? u8_at(header, at) : 0;
}

enum net_result net_radiotap(struct walk *w)
{
    if (!walk_has(w, RADIOTAP_HEADER_MIN_BYTES)) {
        return walk_short(w, RADIOTAP_HEADER_MIN_BYTES);
    }
    size_t n = le16_at(w->b, 2);
    if (u8_at(w->b, 0) != 0 || n < RADIOTAP_HEADER_MIN_BYTES) {
        return NET_BAD;
    }
    if (!walk_has(w, n)) {
        return walk_short(w, n);
    }
    unsigned flags = radiotap_flags(bytes_part(w->b, 0, n));
    walk_skip(w, n);
    if (flags & RADIOTAP_FLAG_BAD_FCS) { /* received with bit errors */
        w->layers |= LAYER_80211;
        return NET_OTHER;
    }
    return net_80211(w, flags & RADIOTAP_FLAG_PADDED);
}

/* AVS headers are big-endian and also come where Prism's are announced; a Prism header has the byte
 * order of whoever captured it. Both have their own length at byte 4. */
enum net_result net_avs_or_prism(struct walk *w)
{
    if (!walk_has(w, 8)) {
        return walk_short(w, 8);
    }
    uint32_t version = be32_at(w->b, 0);
    uint32_t n = be32_at(w->b, 4);
    if ((version < AVS_VERSION_MIN || version > AVS_VERSION_MAX) && n > le32_at(w->b, 4)) {
        n = le32_at(w->b, 4);
    }
    if (n < 8) {
        return NET_BAD;
    }
    if (!walk_has(w, n)) {
        return walk_short(w, n);
    }
    walk_skip(w, n);
    return net_80211(w, false);
}
