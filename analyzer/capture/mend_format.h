/* Between mend.c and its two formats: what each must be able to do, and reading its integers. */
#ifndef WSIGHT_MEND_FORMAT_H
#define WSIGHT_MEND_FORMAT_H

#include "mend.h"

#include <byteswap.h>

/* Why a format's walk over sound records stopped at m->at. */
enum step {
    STEP_PACKET,  /* it did not: a packet was taken */
    STEP_ON,      /* nor here: a block that is no packet was taken */
    STEP_FULL,    /* there is no room for more packets */
    STEP_SECTION, /* another section begins here, and there are packets of the one before */
    STEP_MORE,    /* m->need bytes are needed from m->at on */
    STEP_SUSPECT, /* a sound record of m->need bytes, but what follows it is none */
    STEP_DAMAGED  /* no sound record here; m->damage_kind says what is wrong */
};

struct step_format {
    /* Takes packets from m->at on and counts them; packets[*n] and what comes before max are for
     * them. */
    enum step (*walk)(struct mend *m, struct packet *packets, size_t max, size_t *n);
    /* Whether records stand from index `at` on; `beyond` is an index that they must reach, so that
     * a capture file that was itself captured is not taken for the file around it. 0: none, and a
     * few records in a row do. */
    bool (*stands)(struct mend *m, size_t at, size_t beyond);
    /* Index at which the record at m->at would end by its own length; 0 when that is absurd. */
    size_t (*natural_end)(const struct mend *m);
    /* As many bytes as `stands` may look at. */
    size_t window;
};

extern const struct step_format step_pcap, step_pcapng;

/* The file header at m->at; 1, 0 when it needs more, -1 with err filled, or with an
 * empty err when it is no pcap file. */
int mend_open_pcap(struct mend *m, struct err *err);

static inline uint32_t mend_u32(const struct mend *m, const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return m->swapped ? bswap_32(v) : v;
}

static inline uint16_t mend_u16(const struct mend *m, const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return m->swapped ? bswap_16(v) : v;
}

/* How many bytes there are from index `at` on. */
static inline size_t mend_have(const struct mend *m, size_t at)
{
    return at < m->n ? m->n - at : 0;
}

/* Counts one header looked at; false when a file has cost too much of that. */
static inline bool mend_spend(struct mend *m)
{
    if (m->effort == 0) {
        return false;
    }
    m->effort--;
    return true;
}

/* What the hook says of it. */
enum mend_verdict mend_tell_interface(struct mend *m, const struct mend_interface *interface);

void mend_note(struct mend *m, enum mend_note_kind kind, uint64_t offset, uint64_t bytes);

#endif
