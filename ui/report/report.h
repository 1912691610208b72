/*
 * The table of output formats, and what they all are given.
 *
 * A format is one file and one const struct here. main picks it by command and name, starts it,
 * adds its listener to the model, runs the engine, fills in the capture summary and finishes it:
 *
 *     const struct report_format *format = report_find("report", "json");
 *     void *report = format->start(&context);
 *     struct model_listener listener = format->listener(report);
 *     model_listen(model, &listener);
 *     ... engine, model_take ...
 *     status = format->finish(report, &err);
 *     format->free(report);
 *
 * `follow` and `export` formats write as things happen, `report` formats (and some exports, whose
 * format has no other way) when finished. Nothing is printed but to context.out; an export that is
 * many files writes the others to context.folder.
 */
#ifndef WSIGHT_REPORT_H
#define WSIGHT_REPORT_H

#include "analyzer/engine.h"
#include "analyzer/err.h"
#include "analyzer/model.h"
#include "decoders/registry/registry.h"
#include "ui/report/spool.h"

#include <stdio.h>

/* What was read of one capture file or device. */
struct capture_file {
    const char *name;   /* as the user gave it; any bytes but NUL */
    const char *format; /* "pcap", "pcapng", "pcap, gzip" ...; NULL: not known */
    const char *error;  /* why it was not read, or not to its end; NULL: it was */
    uint64_t packets, bytes;
    int64_t first, last; /* times; without meaning when there are no packets */
    uint64_t dropped;    /* packets that the capturing program says it lost */
    uint64_t truncated;  /* 1: the file ends within a packet */
    uint64_t damaged;    /* records that were skipped because they are damaged or too large */
    uint64_t skipped;    /* bytes of those */
    uint64_t cut;        /* packets cut by the snap length */
    /* Live: what `dropped` is made of, how often the kernel's ring was full, and how often the
     * interface went down. */
    bool live;
    uint64_t dropped_by_kernel, dropped_by_device, overflows, downs;
};

struct capture_interface {
    const char *name; /* any bytes but NUL; "" or NULL: not known */
};

/* What was read in all. main keeps it up to date; `digits` from before the first packet on, the
 * rest must be right when a report is finished. Borrowed. */
struct capture_summary {
    const struct capture_file *files;
    size_t files_n;
    const struct capture_interface *interfaces; /* packet.interface is an index into them */
    size_t interfaces_n;
    unsigned digits; /* 6 or 9: of a second, in times */
    uint64_t packets, bytes;
    uint64_t filtered_out; /* packets that the capture filter took away */
    uint64_t dropped;
    int64_t first, last;    /* without meaning when there are no packets */
    const char *filter;     /* the capture filter; NULL: none */
    bool interrupted;       /* the user stopped the reading */
    uint32_t shard, shards; /* only the connections of this part of so many; 0: all */
};

#define REPORT_BODIES_ALL UINT64_MAX
#define REPORT_LIMIT_DEFAULT 50
#define REPORT_LIMIT_PAGE 1000 /* in a page that can be searched */
#define REPORT_WIDTH_DEFAULT 80

struct report_options {
    unsigned width;    /* columns of the terminal */
    bool colour;       /* with escape sequences for colour */
    uint64_t limit;    /* sessions that the text report lists; 0: all */
    bool show_secrets; /* mask nothing */
    bool frames;       /* follow: a line for each frame */
    uint64_t bodies;   /* bytes of a payload that are shown; REPORT_BODIES_ALL, 0: none */
    bool messages;     /* export: rows are messages, not sessions */
    bool directions;   /* export payloads: a file for each direction */
    bool no_files;     /* nothing may be opened: sessions beyond the memory are left out */
    size_t memory;     /* bytes kept in memory before a temporary file is used; 0: as is usual */
};

/* Everything is borrowed until `free`. */
struct report_context {
    FILE *out;
    int folder;       /* open, for a format that needs one; else -1 */
    const char *path; /* of the output; NULL: standard output */
    struct report_options options;
    const char *tool_name, *tool_version;
    const struct registry *registry;
    const struct capture_summary *capture;
    const char
        *filter; /* the display filter: totals and sessions are what it selects; NULL: none */
    const struct engine_stats *stats; /* up to date when a report is finished */
    const struct model *model;
};

/* What a format wants of the run. */
enum report_need {
    REPORT_NEEDS_MESSAGES = 1 << 0, /* each message, in order, with its body */
    REPORT_NEEDS_BODIES = 1 << 1,   /* ... whole bodies, when the user does not say how much */
    REPORT_NEEDS_FRAMES = 1 << 2,
    REPORT_NEEDS_HEADS = 1 << 3,  /* of handshakes, raw */
    REPORT_NEEDS_FOLDER = 1 << 4, /* a folder to write to; out is a file in it */
    REPORT_NEEDS_FILES = 1 << 5,  /* captures that can be read again when it is finished */
    REPORT_NEEDS_PATH = 1 << 6,   /* the name of an empty file, to open itself; out leads nowhere */
};

struct report_format {
    const char *command; /* "report", "follow", "export" */
    const char *name; /* "text", "json", "jsonl": what --format names it; a command's first is its
                         default */
    unsigned needs;   /* enum report_need */
    void *(*start)(const struct report_context *); /* NULL: out of memory */
    struct model_listener (*listener)(void *self);
    /* Hands out what is written so far: for a live capture, between two batches of packets. 0, or
     * the errno of the first write that failed. */
    int (*flush)(void *self);
    /* Writes what is still to be written. 0, or -1 with err filled. */
    int (*finish)(void *self, struct err *err);
    void (*free)(void *self);
};

extern const struct report_format report_text, report_json, report_html, report_markdown,
    follow_text, follow_jsonl, follow_ecs, export_har, export_csv, export_tsv, export_zeek,
    export_zeek_json, export_eve, export_payloads, export_pcapng, export_sqlite;

/* All formats, ended by NULL. */
extern const struct report_format *const report_formats[];

/* By command and name; name NULL: the command's default. NULL when there is none. */
const struct report_format *report_find(const char *command, const char *name);

/* A spool for what a format keeps to its end: as spool_new, with a `share`-th (1: all) of the
 * memory and with the files that the options allow. */
struct spool *report_spool(const struct report_options *options, size_t share, uint64_t limit);

/* The finish() of a format: what errno `error` of its output means. 0, or -1 with err filled. */
int report_output_error(int error, struct err *err);

#endif
