/*
 * bare [--inflate FILE.messages] CAPTURE: the least that reading a capture costs, as the unit that
 * everything else is measured in: libpcap's loop that only counts. With --inflate also zlib alone,
 * one window per direction, inflating the messages of the capture in the order of the wire.
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MESSAGE_MAX_BYTES = 1 << 20, DIRECTIONS_MAX = 1 << 20 };

static int count_packets(const char *path, uint64_t *packets, uint64_t *bytes)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open_offline(path, error);
    struct pcap_pkthdr *head;
    const u_char *data;
    int got;

    if (pcap == NULL) {
        fprintf(stderr, "bare: %s\n", error);
        return -1;
    }
    while ((got = pcap_next_ex(pcap, &head, &data)) == 1) {
        (*packets)++;
        *bytes += head->caplen;
    }
    if (got != PCAP_ERROR_BREAK)
        fprintf(stderr, "bare: %s\n", pcap_geterr(pcap));
    pcap_close(pcap);
    return got == PCAP_ERROR_BREAK ? 0 : -1;
}

/* Inflates one message; returns its length, or -1. */
static int64_t inflate_message(z_stream *z, uint8_t *in, uint32_t n, uint8_t *out)
{
    static const uint8_t tail[4] = {0x00, 0x00, 0xff, 0xff};

    memcpy(in + n, tail, sizeof tail);
    z->next_in = in;
    z->avail_in = n + (uInt)sizeof tail;
    z->next_out = out;
    z->avail_out = MESSAGE_MAX_BYTES;
    if (inflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_in != 0 || z->avail_out == 0)
        return -1;
    return MESSAGE_MAX_BYTES - (int64_t)z->avail_out;
}

static z_stream *direction(z_stream **all, uint32_t id)
{
    if (id >= DIRECTIONS_MAX)
        return NULL;
    if (all[id] == NULL) {
        all[id] = calloc(1, sizeof *all[id]);
        if (all[id] == NULL || inflateInit2(all[id], -15) != Z_OK)
            return NULL;
    }
    return all[id];
}

static int inflate_all(FILE *f, z_stream **all, uint64_t *messages, uint64_t *bytes)
{
    static uint8_t in[MESSAGE_MAX_BYTES + 4], out[MESSAGE_MAX_BYTES];
    uint32_t head[2];

    while (fread(head, sizeof head, 1, f) == 1) {
        z_stream *z = direction(all, head[0]);
        int64_t n = -1;
        if (z != NULL && head[1] <= MESSAGE_MAX_BYTES && fread(in, 1, head[1], f) == head[1])
            n = inflate_message(z, in, head[1], out);
        if (n < 0)
            return -1;
        (*messages)++;
        *bytes += (uint64_t)n;
    }
    return 0;
}

static int inflate_file(const char *path, uint64_t *messages, uint64_t *bytes)
{
    FILE *f = fopen(path, "r");
    z_stream **all = calloc(DIRECTIONS_MAX, sizeof *all);
    int status = -1;

    if (f != NULL && all != NULL) {
        setvbuf(f, NULL, _IOFBF, 256 << 10);
        status = inflate_all(f, all, messages, bytes);
    }
    if (status != 0)
        fprintf(stderr, "bare: cannot inflate %s\n", path);
    for (size_t i = 0; all != NULL && i < DIRECTIONS_MAX; i++) {
        if (all[i] != NULL)
            inflateEnd(all[i]);
        free(all[i]);
    }
    free(all);
    if (f != NULL)
        fclose(f);
    return status;
}

int main(int argc, char **argv)
{
    uint64_t packets = 0, bytes = 0, messages = 0, inflated = 0;
    int inflating = argc == 4 && strcmp(argv[1], "--inflate") == 0;

    if (argc != 2 && !inflating) {
        fputs("usage: bare [--inflate FILE.messages] CAPTURE\n", stderr);
        return 2;
    }
    if (count_packets(argv[argc - 1], &packets, &bytes) != 0)
        return 1;
    if (inflating && inflate_file(argv[2], &messages, &inflated) != 0)
        return 1;
    printf("{\"packets\": %llu, \"bytes\": %llu, \"messages\": %llu, \"inflated\": %llu}\n",
           (unsigned long long)packets, (unsigned long long)bytes, (unsigned long long)messages,
           (unsigned long long)inflated);
    return 0;
}
