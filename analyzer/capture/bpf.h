/*
 * Capture filters: a pcap-filter(7) expression, compiled by libpcap for each link type that turns
 * up.
 */
#ifndef WSIGHT_BPF_H
#define WSIGHT_BPF_H

#include "../../decoders/net/packet.h"
#include "../err.h"
#include "../limits.h"

#include <pcap/pcap.h>

struct bpf {
    const char *expression; /* borrowed; NULL: everything passes */
    struct {
        int link;
        bool compiled;
        struct bpf_program program;
    } links[CAPTURE_FILTER_LINKS_MAX];
    size_t n, last;
    struct err problem; /* the first link type it could not be used for; empty text: none */
};

/* Checks the expression. -1 with err filled when libpcap does not understand it, or when it looks
 * like a display filter. */
int bpf_init(struct bpf *bpf, const char *expression, struct err *err);
void bpf_done(struct bpf *bpf);

/* Whether the packet passes. An expression that makes no sense for the packet's link type lets none
 * of its packets pass, and bpf->problem says so. */
bool bpf_passes(struct bpf *bpf, const struct packet *packet);

#endif
