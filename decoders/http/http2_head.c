/* HTTP/2 header blocks, by way of libnghttp2's decoder, as heads of HTTP/1 messages. */
#include "http2_head.h"

#define PSEUDO_MAX_BYTES 8000 /* of the room, for the values of pseudo header fields */

struct text {
    uint8_t *p;
    size_t n, max;
    bool full;
};

/* What stands before the header fields, collected until the first of them comes. */
struct start {
    struct text values;
    struct bytes method, protocol, path, authority, status;
    bool closed;
};

static void put(struct text *t, struct bytes b)
{
    if (t->full || b.n > t->max - t->n) {
        t->full = true;
        return;
    }
    memcpy(t->p + t->n, b.p, b.n);
    t->n += b.n;
}

/* Bytes of a value that would end its line there become blanks. */
static void put_value(struct text *t, struct bytes b, uint8_t lowest)
{
    size_t from = t->n;
    put(t, b);
    for (size_t i = from; i < t->n; i++) {
        if (t->p[i] < lowest && t->p[i] != '\t') {
            t->p[i] = lowest > ' ' ? '?' : ' ';
        }
    }
}

static void put_field(struct text *t, struct bytes name, struct bytes value)
{
    put_value(t, name, '!');
    put(t, bytes_of(": "));
    put_value(t, value, ' ');
    put(t, bytes_of("\r\n"));
}

static void put_start(struct text *t, const struct start *s, enum http2_want want)
{
    if (want == HTTP2_WANT_RESPONSE) {
        put(t, bytes_of("HTTP/2.0 "));
        put_value(t, s->status, '!');
        put(t, bytes_of(" \r\n"));
        return;
    }
    put(t, bytes_of("CONNECT "));
    put_value(t, s->path.n > 0 ? s->path : bytes_of("/"), '!');
    put(t, bytes_of(" HTTP/2.0\r\n"));
    if (s->authority.p != NULL) {
        put_field(t, bytes_of("host"), s->authority);
    }
}

/* Pseudo header fields come first; their values must outlive the next call of the decoder. */
static struct bytes keep(struct text *t, struct bytes value)
{
    struct bytes copy = {t->p + t->n, value.n};
    put(t, value);
    return t->full ? (struct bytes){t->p, 0} : copy;
}

static void take_pseudo(struct http2_head *h, struct start *s, struct bytes name,
                        struct bytes value)
{
    struct text *t = &s->values;
    if (bytes_equal(name, bytes_of(":method"))) {
        s->method = keep(t, value);
    } else if (bytes_equal(name, bytes_of(":protocol"))) {
        s->protocol = keep(t, value);
    } else if (bytes_equal(name, bytes_of(":path"))) {
        h->has_path = true;
        s->path = keep(t, value);
    } else if (bytes_equal(name, bytes_of(":authority"))) {
        h->has_authority = true;
        s->authority = keep(t, value);
    } else if (bytes_equal(name, bytes_of(":scheme"))) {
        h->has_scheme = true;
    } else if (bytes_equal(name, bytes_of(":status"))) {
        uint64_t status = 0;
        bool fine = value.n == 3 && bytes_to_u64(value, &status) && status >= 100;
        h->status = fine ? (int)status : 0;
        s->status = keep(t, value);
    }
}

/* The fields that belong to a connection, which HTTP/2 has frames for (RFC 9113 section 8.2.2). */
static const char *forbidden_name(struct bytes name)
{
    static const char *const names[] = {"connection", "keep-alive", "proxy-connection",
                                        "transfer-encoding", "upgrade"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (bytes_equal_nocase(name, bytes_of(names[i]))) {
            return names[i];
        }
    }
    return NULL;
}

static bool is_wanted(struct http2_head *h, const struct start *s, enum http2_want want)
{
    if (want == HTTP2_WANT_RESPONSE) {
        return h->status != 0;
    }
    bool extended = want == HTTP2_WANT_WEBSOCKET && bytes_equal(s->method, bytes_of("CONNECT")) &&
                    s->protocol.p != NULL;
    bool websocket = extended && bytes_equal_nocase(s->protocol, bytes_of("websocket"));
    h->other_protocol = extended && !websocket;
    return websocket;
}

/* The pseudo header fields are over: is the head wanted? */
static void close_start(struct http2_head *h, struct start *s, struct text *t, enum http2_want want)
{
    s->closed = true;
    h->wanted = is_wanted(h, s, want);
    if (h->wanted) {
        put_start(t, s, want);
    }
}

static void take_field(struct http2_head *h, struct start *s, struct text *t, enum http2_want want,
                       const nghttp2_nv *nv)
{
    struct bytes name = {nv->name, nv->namelen}, value = {nv->value, nv->valuelen};
    if (!s->closed && name.n > 0 && name.p[0] == ':') {
        take_pseudo(h, s, name, value);
        return;
    }
    if (!s->closed) {
        close_start(h, s, t, want);
    }
    if (h->wanted && name.n > 0 && name.p[0] != ':') {
        h->forbidden = h->forbidden != NULL ? h->forbidden : forbidden_name(name);
        put_field(t, name, value);
    }
}

static void read_text(struct http2_head *h, const struct text *t, enum http2_want want)
{
    struct bytes whole = {t->p, t->n};
    h->wanted = !t->full && (want == HTTP2_WANT_RESPONSE ? http_response_read(&h->head, whole)
                                                         : http_request_read(&h->head, whole));
}

bool http2_head_read(struct http2_head *h, nghttp2_hd_inflater *inflater, enum http2_want want,
                     struct bytes block, uint8_t *room)
{
    struct text t = {.p = room + PSEUDO_MAX_BYTES, .max = HTTP2_HEAD_MAX_BYTES - PSEUDO_MAX_BYTES};
    struct start s = {.values = {.p = room, .max = PSEUDO_MAX_BYTES}};
    *h = (struct http2_head){.wanted = false};
    for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t took = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block.p, block.n, 1);
        if (took < 0) {
            return false;
        }
        block = bytes_from(block, (size_t)took);
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
            take_field(h, &s, &t, want, &nv);
        }
        if (flags & NGHTTP2_HD_INFLATE_FINAL) {
            break;
        }
        if (took == 0 && !(flags & NGHTTP2_HD_INFLATE_EMIT)) {
            return false;
        }
    }
    nghttp2_hd_inflate_end_headers(inflater);
    if (!s.closed) {
        close_start(h, &s, &t, want);
    }
    h->too_large = h->wanted && (t.full || s.values.full);
    if (h->wanted) {
        put(&t, bytes_of("\r\n"));
        read_text(h, &t, want);
    }
    return true;
}

nghttp2_hd_inflater *http2_inflater_new(void)
{
    nghttp2_hd_inflater *inflater = NULL;
    if (nghttp2_hd_inflate_new(&inflater) != 0) {
        return NULL;
    }
    /* The receiver may have allowed more than the initial 4096 bytes; the sender says so itself. */
    if (nghttp2_hd_inflate_change_table_size(inflater, HTTP2_TABLE_MAX_BYTES) != 0) {
        nghttp2_hd_inflate_del(inflater);
        return NULL;
    }
    return inflater;
}
