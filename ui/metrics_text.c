/* The metrics in Prometheus's text format. */
#include "metrics.h"

#include "heap.h"

#include "analyzer/capture/source.h"
#include "analyzer/engine.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const directions[] = {"client_to_server", "server_to_client"};

static void head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP wsight_%s %s\n# TYPE wsight_%s %s\n", name, help, name, type);
}

static void single(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
    head(out, name, type, help);
    fprintf(out, "wsight_%s %" PRIu64 "\n", name, value);
}

/* A label's value: backslash, quote and line feed are escaped, other control characters left out.
 */
static void label(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"') {
            fputc('\\', out);
        }
        if ((unsigned char)*text >= ' ' && (unsigned char)*text < 0x7f) {
            fputc(*text, out);
        }
    }
}

static void write_interfaces(FILE *out, const struct source_info *info)
{
    static const char *const reasons[] = {"kernel", "device"};
    head(out, "packets_total", "counter", "Packets captured.");
    for (size_t i = 0; i < info->files_n; i++) {
        fputs("wsight_packets_total{interface=\"", out);
        label(out, info->files[i].path);
        fprintf(out, "\"} %" PRIu64 "\n", info->files[i].packets);
    }
    head(out, "bytes_total", "counter", "Bytes captured.");
    for (size_t i = 0; i < info->files_n; i++) {
        fputs("wsight_bytes_total{interface=\"", out);
        label(out, info->files[i].path);
        fprintf(out, "\"} %" PRIu64 "\n", info->files[i].bytes);
    }
    head(out, "dropped_packets_total", "counter", "Packets lost before they could be read.");
    for (size_t i = 0; i < 2 * info->files_n; i++) {
        const struct source_file *f = &info->files[i / 2];
        fputs("wsight_dropped_packets_total{interface=\"", out);
        label(out, f->path);
        fprintf(out, "\",by=\"%s\"} %" PRIu64 "\n", reasons[i % 2],
                i % 2 == 0 ? f->dropped_by_kernel : f->dropped_by_device);
    }
}

static void write_sessions(FILE *out, const struct totals *t)
{
    single(out, "sessions_open", "gauge", "WebSocket sessions open now.", t->open_now);
    head(out, "sessions_ended_total", "counter", "WebSocket sessions that ended, by outcome.");
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        if (i != OUTCOME_TLS) {
            fprintf(out, "wsight_sessions_ended_total{outcome=\"%s\"} %" PRIu64 "\n",
                    outcome_name((enum outcome)i), t->outcomes[i]);
        }
    }
    single(out, "sessions_total", "counter", "WebSocket sessions seen.", t->sessions);
    single(out, "refused_upgrades_total", "counter", "Upgrades that the server refused.",
           t->outcomes[OUTCOME_REFUSED]);
    single(out, "tls_connections_total", "counter", "TLS connections that could not be read.",
           t->tls_connections);
}

static void write_traffic(FILE *out, const struct totals *t)
{
    static const char *const opcodes[16] = {
        "continuation", "text", "binary", "3",  "4",  "5",  "6",  "7",
        "close",        "ping", "pong",   "11", "12", "13", "14", "15"};
    head(out, "frames_total", "counter", "Frames by opcode and direction.");
    for (int d = 0; d < 2; d++) {
        for (int i = 0; i < 16; i++) {
            fprintf(out, "wsight_frames_total{opcode=\"%s\",direction=\"%s\"} %" PRIu64 "\n",
                    opcodes[i], directions[d], t->dir[d].opcodes[i]);
        }
    }
    head(out, "messages_total", "counter", "Finished messages by type and direction.");
    for (int d = 0; d < 2; d++) {
        fprintf(out, "wsight_messages_total{type=\"text\",direction=\"%s\"} %" PRIu64 "\n",
                directions[d], t->dir[d].text);
        fprintf(out, "wsight_messages_total{type=\"binary\",direction=\"%s\"} %" PRIu64 "\n",
                directions[d], t->dir[d].binary);
    }
    head(out, "message_bytes_total", "counter", "Bytes of finished messages, inflated.");
    for (int d = 0; d < 2; d++) {
        fprintf(out, "wsight_message_bytes_total{direction=\"%s\"} %" PRIu64 "\n", directions[d],
                t->dir[d].message_bytes);
    }
    head(out, "inflate_ratio", "gauge", "Bytes of compressed messages, inflated to as sent.");
    for (int d = 0; d < 2; d++) {
        double wire = (double)t->dir[d].compressed_wire_bytes;
        double whole = (double)t->dir[d].compressed_message_bytes;
        fprintf(out, "wsight_inflate_ratio{direction=\"%s\"} %.4f\n", directions[d],
                wire > 0 ? whole / wire : 1);
    }
}

static const char *class_of(int code)
{
    return code < 1000   ? "invalid"
           : code < 3000 ? "protocol"
           : code < 4000 ? "registered"
                         : "private";
}

static void write_closes(FILE *out, const struct totals *t)
{
    head(out, "closes_total", "counter", "Close frames by code, its class, and direction.");
    for (int d = 0; d < 2; d++) {
        for (int code = 0; code < 5000; code++) {
            if (t->close_codes[d][code] > 0) {
                fprintf(out,
                        "wsight_closes_total{code=\"%d\",class=\"%s\",direction=\"%s\"} %" PRIu64
                        "\n",
                        code, class_of(code), directions[d], t->close_codes[d][code]);
            }
        }
        fprintf(out,
                "wsight_closes_total{code=\"none\",class=\"none\",direction=\"%s\"} %" PRIu64 "\n",
                directions[d], t->close_none[d]);
        fprintf(out,
                "wsight_closes_total{code=\"other\",class=\"invalid\",direction=\"%s\"} %" PRIu64
                "\n",
                directions[d], t->close_other[d]);
    }
}

static void write_findings(FILE *out, const struct totals *t)
{
    head(out, "findings_total", "counter", "Findings by id.");
    for (int i = 0; i < FINDING_COUNT; i++) {
        const struct finding_kind *kind = finding_kind((enum finding_id)i);
        fprintf(out, "wsight_findings_total{id=\"%s\",severity=\"%s\"} %" PRIu64 "\n", kind->id,
                finding_severity_name(kind->severity), t->findings[i]);
    }
}

/* The edges are powers of two, where the histogram has edges of its own: nothing is guessed. */
static void write_rtt(FILE *out, const struct histogram *h)
{
    uint64_t below = 0;
    unsigned bucket = 0;
    head(out, "ping_rtt_seconds", "histogram", "Time from a Ping to its Pong.");
    for (unsigned power = 17; power <= 34; power++) { /* 0.13 ms to 17 s */
        uint64_t edge = (UINT64_C(1) << power) - 1;
        for (; bucket <= histogram_bucket(edge); bucket++) {
            below += h->buckets[bucket];
        }
        fprintf(out, "wsight_ping_rtt_seconds_bucket{le=\"%.9f\"} %" PRIu64 "\n",
                (double)edge / 1e9, below);
    }
    for (; bucket < HISTOGRAM_BUCKETS; bucket++) {
        below += h->buckets[bucket];
    }
    fprintf(out,
            "wsight_ping_rtt_seconds_bucket{le=\"+Inf\"} %" PRIu64
            "\nwsight_ping_rtt_seconds_sum %.9f\nwsight_ping_rtt_seconds_count %" PRIu64 "\n",
            below, (double)h->sum / 1e9, below);
}

void metrics_write(FILE *out, const struct totals *t, const struct source_info *info,
                   const struct engine_stats *stats, uint64_t memory_max)
{
    write_interfaces(out, info);
    write_sessions(out, t);
    write_traffic(out, t);
    write_closes(out, t);
    write_findings(out, t);
    write_rtt(out, &t->rtt_ns);
    single(out, "connections_total", "counter", "TCP connections seen.", stats->connections);
    single(out, "connections_evicted_total", "counter", "Connections given up for want of room.",
           stats->connections_evicted);
    single(out, "bodies_shed_total", "counter", "Messages whose bodies were left out to keep up.",
           stats->bodies_shed);
    single(out, "connections_shed_total", "counter", "Connections left out to keep up.",
           stats->connections_shed);
    single(out, "lost_bytes_total", "counter", "Bytes of TCP streams that were not captured.",
           stats->lost_bytes);
    single(out, "memory_bytes", "gauge", "Memory allocated.", heap_bytes());
    single(out, "memory_max_bytes", "gauge", "What it may be (--memory).", memory_max);
}
