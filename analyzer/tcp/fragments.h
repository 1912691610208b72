/*
 * Reassembly of IP fragments (RFC 791 section 3.2, RFC 8200 section 4.5), bounded.
 *
 * Fragments are copied until their datagram is whole, which is then handed out once, to be parsed
 * further with net_parse_ip. Time is packet time. Overlaps: in IPv4 the first copy of a byte is
 * kept, and it is an overlap only if a later one differs; in IPv6 a datagram with overlapping
 * fragments is dropped, and so are its later ones (RFC 5722), but for exact duplicates.
 */
#ifndef WSIGHT_FRAGMENTS_H
#define WSIGHT_FRAGMENTS_H

#include "decoders/net/net.h"

struct fragments;

enum fragments_result {
    FRAGMENTS_WAITING, /* the datagram is not whole yet, or was given up */
    FRAGMENTS_COMPLETE,
    FRAGMENTS_OVERLAP,         /* the fragment contradicts another one; not whole */
    FRAGMENTS_COMPLETE_OVERLAP /* both: whole of the first copies */
};

/* Datagrams given up for one reason, and where the first of them began. */
struct fragments_loss {
    uint64_t datagrams;
    int64_t first_ts;
    uint64_t first_pkt; /* 0: none */
};

struct fragments_counts {
    uint64_t complete;                 /* datagrams */
    struct fragments_loss incomplete;  /* not completed in time */
    struct fragments_loss over_limit;  /* dropped because too much waited */
    struct fragments_loss overlapping; /* dropped because of an overlap (IPv6) */
};

/* NULL when out of memory. */
struct fragments *fragments_new(void);
void fragments_free(struct fragments *);

/* Takes a fragment. When that makes a datagram whole, *whole is filled as net_parse_ip wants it;
 * its bytes stay valid until the next call. */
enum fragments_result fragments_push(struct fragments *, const struct ip_fragment *, int64_t ts,
                                     uint64_t pkt, struct ip_fragment *whole);

/* The capture is over: gives up what still waits, as incomplete. */
void fragments_finish(struct fragments *);

struct fragments_counts fragments_counts(const struct fragments *);

/* Fragments that came and are in no whole datagram, those that still wait too; but for late copies
 * of a datagram that was whole already. */
uint64_t fragments_dropped(const struct fragments *);

#endif
