/*
 * Small captures for tests, and reading one through the source into something to compare with. What
 * goes wrong on the way fails the test.
 */
#ifndef WSIGHT_CAPTURE_READ_H
#define WSIGHT_CAPTURE_READ_H

#include "../../analyzer/capture/source.h"
#include "capture_write.h"

/* Packet i of a small capture was captured so many seconds after these, and 100 + i fractions. */
#define SMALL_SECONDS 1700000000U

/* Each packet's bytes say which one it is: "packet 3 ..." */
struct seen {
    char text[4096]; /* a line of it each, without the filling */
    struct packet packets[64];
    size_t n;
    struct source_info info;
    struct source_file file; /* the first */
    struct source_interface interfaces[8];
    char filter_problem[256]; /* source_info's, or empty */
    struct err err;
};

/* "packet I " and some filling; `to` has room for 128 bytes. */
struct bytes packet_bytes(char *to, unsigned i);

/* A capture file of the packets first to last. */
void write_small_pcap(struct capture_write *w, bool nano, unsigned first, unsigned last);
void write_small_pcapng(struct capture_write *w, unsigned first, unsigned last);
/* Microseconds of packet i in write_small_pcapng. */
uint64_t micros(unsigned i);

/* Read it all, from memory or from files. */
void see_with(struct seen *seen, struct bytes bytes, const struct source_options *options);
void see(struct seen *seen, const struct capture_write *w);
void see_files(struct seen *seen, const char *const *paths, size_t n);

/* `name` in the test's own folder. */
const char *tmp_path(char *to, size_t n, const char *name);

#endif
