/*
 * Where the screen's traffic comes from: a source of packets, the engine that decodes them, the
 * model and the store that keep what comes out.
 *
 * Packets are taken through struct packet_feed, so that files and live captures are the same to the
 * screen: it asks for what there is within so many milliseconds.
 */
#ifndef WSIGHT_FEED_H
#define WSIGHT_FEED_H

#include "analyzer/capture/source.h"
#include "analyzer/engine.h"
#include "analyzer/store.h"
#include "ui/report/tls_groups.h"
#include "ui/saving.h"
#include "ui/upkeep.h"

#define FEED_BODIES_BYTES (128U << 20)
#define FEED_PACKETS_BYTES (UINT64_C(1) << 30)

struct packet_feed {
    /* At most max packets, waiting up to wait_ms for the first; they are valid until the next call.
     */
    size_t (*read)(void *self, struct packet *, size_t max, int wait_ms);
    bool (*ended)(void *self);
    /* Bytes read of all there are (0: not known), for the progress line. */
    void (*progress)(void *self, uint64_t *read, uint64_t *total);
    /* The worst that happened, or NULL. */
    const char *(*problem)(void *self);
    /* Packets with this link type and this precision. */
    unsigned (*digits)(void *self);
    /* Packets that were lost. */
    uint64_t (*dropped)(void *self);
    int fd; /* to poll together with the terminal; -1: there is always something until the end */
    bool live;
    bool blocks; /* read() waits for data, and signals interrupt it: a pipe */
    void *self;
};

struct feed {
    struct packet_feed packets;
    struct engine *engine;
    struct batch *batch;
    struct model *model;
    struct store *store;
    struct saving saving;              /* packets that cannot be read again */
    const struct source *source;       /* borrowed; or NULL */
    struct keylogs *keylogs;           /* borrowed; or NULL */
    const struct tls_secrets *secrets; /* borrowed; or NULL */
    struct tls_groups tls;             /* connections that could not be read */
    struct err not_saved;              /* why there are none of those */
    const char *const *paths; /* of the files, for saving their packets; NULL: packets are kept */
    size_t n_paths;
    const char *bpf;  /* the capture filter they were read with, or NULL */
    const char *name; /* for the title */
    bool finished;
    struct upkeep upkeep; /* of a live capture */
    /* Memory is short: gives up what is oldest in the store; false: nothing. */
    bool (*give_way)(void *context);
    void *give_way_context;
    int64_t first_ts; /* of the first packet; 0: none came yet */
    int64_t last_ts;  /* of the newest packet */
    struct err news;  /* what became of a live capture; emptied by who tells the user */
};

struct feed_options {
    uint64_t seed;               /* of the engine's hashes */
    size_t max_connections;      /* 0: the engine's own */
    struct tls_secrets *secrets; /* borrowed; or NULL */
    /* A pipe or interfaces, whose packets cannot be read again: those of WebSocket connections are
     * kept in files without names below TMPDIR, the newest FEED_PACKETS_BYTES; of interfaces no
     * more than upkeep.memory. */
    bool keep_packets;
    /* Source and key logs, borrowed, or NULL: what is wrong with them is a finding at the end. The
     * limits are for what is looked after while packets come live. */
    struct upkeep_options upkeep;
};

/* What is behind packet_feed is borrowed. -1 with err filled when out of memory. */
int feed_open(struct feed *, const struct packet_feed *, const struct feed_options *, struct err *);
void feed_close(struct feed *);

/* A packet_feed over files, or standard input. */
struct packet_feed feed_of_source(struct source *);

/* What has to be told the user: for source_live_options and upkeep_options. */
void feed_notice(void *feed, const char *text);

/* Takes packets until `until` (of now()), or until there are none at the moment. true: some came.
 */
bool feed_step(struct feed *, int64_t (*now)(void), int64_t until);

#endif
