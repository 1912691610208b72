/* Capture files made for tests. */
#include "capture_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static void require(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        abort();
    }
}

void write_done(struct capture_write *w)
{
    free(w->p);
    *w = (struct capture_write){.big_endian = w->big_endian};
}

void write_bytes(struct capture_write *w, struct bytes b)
{
    if (b.n > w->room - w->n) {
        w->room = 2 * (w->n + b.n);
        w->p = realloc(w->p, w->room);
        require(w->p != NULL, "realloc");
    }
    if (b.n > 0) {
        memcpy(w->p + w->n, b.p, b.n);
        w->n += b.n;
    }
}

static void write_number(struct capture_write *w, uint64_t v, size_t n)
{
    uint8_t out[8];
    for (size_t i = 0; i < n; i++) {
        out[w->big_endian ? n - 1 - i : i] = (uint8_t)(v >> (8 * i));
    }
    write_bytes(w, (struct bytes){out, n});
}

void write_u16(struct capture_write *w, uint16_t v)
{
    write_number(w, v, 2);
}

void write_u32(struct capture_write *w, uint32_t v)
{
    write_number(w, v, 4);
}

static void write_padding(struct capture_write *w, size_t n)
{
    static const uint8_t zeros[4];
    write_bytes(w, (struct bytes){zeros, (4 - n % 4) % 4});
}

/*--- pcap ---------------------------------------------------------------------------------------*/

void write_pcap_header(struct capture_write *w, bool nano, uint32_t snaplen, uint32_t linktype)
{
    write_u32(w, nano ? 0xa1b23c4d : 0xa1b2c3d4);
    write_u16(w, 2);
    write_u16(w, 4);
    write_u32(w, 0);
    write_u32(w, 0);
    write_u32(w, snaplen);
    write_u32(w, linktype);
}

void write_pcap_packet(struct capture_write *w, uint32_t seconds, uint32_t fraction,
                       struct bytes data, uint32_t wire_len)
{
    write_u32(w, seconds);
    write_u32(w, fraction);
    write_u32(w, (uint32_t)data.n);
    write_u32(w, wire_len);
    write_bytes(w, data);
}

/*--- pcapng -------------------------------------------------------------------------------------*/

void write_block(struct capture_write *w, uint32_t type, struct bytes body)
{
    uint32_t length = (uint32_t)(12 + (body.n + 3) / 4 * 4);
    write_u32(w, type);
    write_u32(w, length);
    write_bytes(w, body);
    write_padding(w, body.n);
    write_u32(w, length);
}

/* A body that is built up, then written as a block. */
static void write_built(struct capture_write *w, uint32_t type, struct capture_write *body)
{
    write_block(w, type, write_view(body));
    write_done(body);
}

static void write_option(struct capture_write *w, uint16_t code, struct bytes value)
{
    write_u16(w, code);
    write_u16(w, (uint16_t)value.n);
    write_bytes(w, value);
    write_padding(w, value.n);
}

void write_section(struct capture_write *w)
{
    struct capture_write body = {.big_endian = w->big_endian};
    write_u32(&body, 0x1a2b3c4d);
    write_u16(&body, 1);
    write_u16(&body, 0);
    write_number(&body, UINT64_MAX, 8);
    write_option(&body, 4, bytes_of("a test"));
    write_option(&body, 0, bytes_of(""));
    write_built(w, 0x0a0d0d0a, &body);
}

void write_interface(struct capture_write *w, uint16_t linktype, uint32_t snaplen, const char *name,
                     int resolution)
{
    write_interface_offset(w, linktype, snaplen, name, resolution, 0);
}

void write_interface_offset(struct capture_write *w, uint16_t linktype, uint32_t snaplen,
                            const char *name, int resolution, int64_t offset)
{
    struct capture_write body = {.big_endian = w->big_endian};
    write_u16(&body, linktype);
    write_u16(&body, 0);
    write_u32(&body, snaplen);
    if (name != NULL) {
        write_option(&body, 2, bytes_of(name));
    }
    if (resolution >= 0) {
        uint8_t value = (uint8_t)resolution;
        write_option(&body, 9, (struct bytes){&value, 1});
    }
    if (offset != 0) {
        write_u16(&body, 14);
        write_u16(&body, 8);
        write_number(&body, (uint64_t)offset, 8);
    }
    write_option(&body, 0, bytes_of(""));
    write_built(w, 1, &body);
}

void write_packet(struct capture_write *w, uint32_t interface, uint64_t time, struct bytes data,
                  uint32_t wire_len)
{
    struct capture_write body = {.big_endian = w->big_endian};
    write_u32(&body, interface);
    write_u32(&body, (uint32_t)(time >> 32));
    write_u32(&body, (uint32_t)time);
    write_u32(&body, (uint32_t)data.n);
    write_u32(&body, wire_len);
    write_bytes(&body, data);
    write_built(w, 6, &body);
}

void write_old_packet(struct capture_write *w, uint16_t interface, uint64_t time, struct bytes data,
                      uint32_t wire_len)
{
    struct capture_write body = {.big_endian = w->big_endian};
    write_u16(&body, interface);
    write_u16(&body, 7); /* packets lost */
    write_u32(&body, (uint32_t)(time >> 32));
    write_u32(&body, (uint32_t)time);
    write_u32(&body, (uint32_t)data.n);
    write_u32(&body, wire_len);
    write_bytes(&body, data);
    write_built(w, 2, &body);
}

void write_simple_packet(struct capture_write *w, struct bytes data, uint32_t wire_len)
{
    struct capture_write body = {.big_endian = w->big_endian};
    write_u32(&body, wire_len);
    write_bytes(&body, data);
    write_built(w, 3, &body);
}

void write_statistics(struct capture_write *w, uint32_t interface, uint64_t dropped)
{
    struct capture_write body = {.big_endian = w->big_endian};
    write_u32(&body, interface);
    write_number(&body, 0, 8);
    write_u16(&body, 5);
    write_u16(&body, 8);
    write_number(&body, dropped, 8);
    write_option(&body, 0, bytes_of(""));
    write_built(w, 5, &body);
}

void write_secrets(struct capture_write *w, uint32_t type, struct bytes secrets)
{
    struct capture_write body = {.big_endian = w->big_endian};
    write_u32(&body, type);
    write_u32(&body, (uint32_t)secrets.n);
    write_bytes(&body, secrets);
    write_built(w, 10, &body);
}

/*--- Files --------------------------------------------------------------------------------------*/

void write_save_bytes(struct bytes b, const char *path)
{
    FILE *file = fopen(path, "wb");
    require(file != NULL, path);
    require(b.n == 0 || fwrite(b.p, 1, b.n, file) == b.n, path);
    require(fclose(file) == 0, path);
}

void write_save(const struct capture_write *w, const char *path)
{
    write_save_bytes(write_view(w), path);
}

void write_save_gzip(struct bytes b, const char *path, bool append)
{
    gzFile file = gzopen(path, append ? "ab" : "wb");
    require(file != NULL, path);
    require(b.n == 0 || gzwrite(file, b.p, (unsigned)b.n) == (int)b.n, path);
    require(gzclose(file) == Z_OK, path);
}
