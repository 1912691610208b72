/*
 * Capture files made for tests: pcap and pcapng, either byte order, written into memory and saved
 * plain or gzip-compressed. A test that runs out of memory or disk fails.
 *
 *     struct capture_write w = {.big_endian = true};
 *     write_pcap_header(&w, false, 65535, 1);
 *     write_pcap_packet(&w, 1700000000, 5, bytes_of("packet"), 6);
 *     write_save(&w, "x.pcap");
 *     write_done(&w);
 */
#ifndef WSIGHT_CAPTURE_WRITE_H
#define WSIGHT_CAPTURE_WRITE_H

#include "../../decoders/base/bytes.h"

struct capture_write {
    bool big_endian;
    uint8_t *p;
    size_t n, room;
};

void write_done(struct capture_write *w);
void write_u16(struct capture_write *w, uint16_t v);
void write_u32(struct capture_write *w, uint32_t v);
void write_bytes(struct capture_write *w, struct bytes b);

static inline struct bytes write_view(const struct capture_write *w)
{
    return (struct bytes){w->p, w->n};
}

void write_pcap_header(struct capture_write *w, bool nano, uint32_t snaplen, uint32_t linktype);
void write_pcap_packet(struct capture_write *w, uint32_t seconds, uint32_t fraction,
                       struct bytes data, uint32_t wire_len);

/* Any block; the body is padded. */
void write_block(struct capture_write *w, uint32_t type, struct bytes body);
void write_section(struct capture_write *w);
/* name may be NULL; resolution is if_tsresol, or -1 for none. */
void write_interface(struct capture_write *w, uint16_t linktype, uint32_t snaplen, const char *name,
                     int resolution);
/* With if_tsoffset, in seconds. */
void write_interface_offset(struct capture_write *w, uint16_t linktype, uint32_t snaplen,
                            const char *name, int resolution, int64_t offset);
void write_packet(struct capture_write *w, uint32_t interface, uint64_t time, struct bytes data,
                  uint32_t wire_len);
/* The same as an obsolete packet block. */
void write_old_packet(struct capture_write *w, uint16_t interface, uint64_t time, struct bytes data,
                      uint32_t wire_len);
void write_simple_packet(struct capture_write *w, struct bytes data, uint32_t wire_len);
void write_statistics(struct capture_write *w, uint32_t interface, uint64_t dropped);
void write_secrets(struct capture_write *w, uint32_t type, struct bytes secrets);

void write_save(const struct capture_write *w, const char *path);
void write_save_bytes(struct bytes b, const char *path);
/* One gzip member; appended to what the file holds when `append`. */
void write_save_gzip(struct bytes b, const char *path, bool append);

#endif
