/*
 * Connections that hold no WebSocket: HTTP/1.1 downloads over kept-alive connections, with
 * Content-Length and chunked (RFC 9112 sections 6 and 7), and what TLS looks like from outside
 * (RFC 8446 section 5.1: a ClientHello with its server name, a ServerHello, then records of noise).
 */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

enum { UNIT_BYTES = 16384, CHUNK_BYTES = 8192 };

enum web_state { WEB_SYN, WEB_SYN_ACK, WEB_HELLO, WEB_ASK, WEB_BODY, WEB_FIN };

struct web {
    struct conn conn;
    enum web_state state;
    bool tls, chunked;
    uint64_t budget, body_left;
    uint32_t id;
};

struct web *web_new(struct run *run, uint32_t id, uint64_t budget)
{
    struct web *w = calloc(1, sizeof *w);

    if (w == NULL) {
        fputs("generate: no memory\n", stderr);
        exit(1);
    }
    w->id = id;
    w->budget = budget;
    w->tls = id % 5 < 2;
    conn_init(&run->tap, &w->conn, id, w->tls ? 443 : 80);
    run->truth.tls_connections += w->tls;
    run->truth.http_connections += !w->tls;
    return w;
}

void web_free(struct web *w)
{
    free(w);
}

static void noise(struct run *run, size_t n)
{
    out_bytes(run, run->pool + random_below(&run->random, POOL_BYTES - UNIT_BYTES), n);
}

static void record_head(struct run *run, uint8_t type, size_t n)
{
    const uint8_t head[5] = {type, 3, 3, (uint8_t)(n >> 8), (uint8_t)n};

    out_bytes(run, head, sizeof head);
}

static void say_client_hello(struct run *run, const struct web *w)
{
    static const uint8_t suites[] = {32, 0, 8, 0x13, 1, 0x13, 2, 0x13, 3, 0xc0, 0x2f, 1, 0};
    static const uint8_t rest[] = {0, 43, 0, 3, 2, 3, 4, 0, 10, 0, 4, 0, 2, 0, 29};
    char name[32];
    size_t n = (size_t)snprintf(name, sizeof name, "cdn%u.example.org", w->id % 40);
    size_t extensions = 9 + n + sizeof rest, session = 32;
    size_t body = 2 + 32 + 1 + session + (sizeof suites - 1) + 2 + extensions;
    const uint8_t head[6] = {1, 0, (uint8_t)(body >> 8), (uint8_t)body, 3, 3};
    const uint8_t sni[11] = {(uint8_t)(extensions >> 8),
                             (uint8_t)extensions,
                             0,
                             0,
                             0,
                             (uint8_t)(n + 5),
                             0,
                             (uint8_t)(n + 3),
                             0,
                             0,
                             (uint8_t)n};

    record_head(run, 22, 4 + body);
    out_bytes(run, head, sizeof head);
    noise(run, 32);
    out_bytes(run, suites, 1);
    noise(run, session);
    out_bytes(run, suites + 1, sizeof suites - 1);
    out_bytes(run, sni, sizeof sni);
    out_bytes(run, name, n);
    out_bytes(run, rest, sizeof rest);
}

static void say_server_hello(struct run *run)
{
    static const uint8_t head[] = {2, 0, 0, 2 + 32 + 1 + 2 + 1 + 2 + 6, 3, 3};
    static const uint8_t rest[] = {0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4};

    record_head(run, 22, sizeof head - 2 + 2 + 32 + sizeof rest);
    out_bytes(run, head, sizeof head);
    noise(run, 32);
    out_bytes(run, rest, sizeof rest);
    record_head(run, 20, 1);
    out_bytes(run, "\1", 1);
    record_head(run, 23, 2600);
    noise(run, 2600);
}

static void hello(struct run *run, struct web *w)
{
    say_client_hello(run, w);
    out_send(run, &w->conn, SIDE_CLIENT);
    say_server_hello(run);
    out_send(run, &w->conn, SIDE_SERVER);
    record_head(run, 20, 1);
    out_bytes(run, "\1", 1);
    record_head(run, 23, 69);
    noise(run, 69);
    out_send(run, &w->conn, SIDE_CLIENT);
}

static void ask_http(struct run *run, struct web *w)
{
    out_format(run,
               "GET /files/%u.bin HTTP/1.1\r\nHost: files.example.org\r\n"
               "User-Agent: curl/8.14\r\nAccept: */*\r\n\r\n",
               random_below(&run->random, 100000));
    out_send(run, &w->conn, SIDE_CLIENT);
    w->chunked = random_chance(&run->random, 400);
    out_format(run,
               "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: application/octet-stream\r\n");
    if (w->chunked)
        out_format(run, "Transfer-Encoding: chunked\r\n\r\n");
    else
        out_format(run, "Content-Length: %llu\r\n\r\n", (unsigned long long)w->body_left);
    out_send(run, &w->conn, SIDE_SERVER);
}

static void ask(struct run *run, struct web *w)
{
    uint64_t size = UINT64_C(4096) << random_below(&run->random, 9);

    size += random_below(&run->random, (uint32_t)size);
    w->body_left = size < w->budget ? size : w->budget;
    w->budget -= w->body_left;
    if (w->tls) {
        size_t n = random_between(&run->random, 100, 600);
        record_head(run, 23, n);
        noise(run, n);
        out_send(run, &w->conn, SIDE_CLIENT);
    } else {
        ask_http(run, w);
    }
    w->state = WEB_BODY;
}

static void body(struct run *run, struct web *w)
{
    size_t unit = !w->tls && w->chunked ? CHUNK_BYTES : UNIT_BYTES;
    size_t n = w->body_left < unit ? (size_t)w->body_left : unit;

    w->body_left -= n;
    if (w->tls)
        record_head(run, 23, n);
    else if (w->chunked)
        out_format(run, "%zx\r\n", n);
    noise(run, n);
    if (!w->tls && w->chunked)
        out_format(run, w->body_left == 0 ? "\r\n0\r\n\r\n" : "\r\n");
    out_send(run, &w->conn, SIDE_SERVER);
    conn_acknowledge(&run->tap, &w->conn, SIDE_CLIENT);
    if (w->body_left == 0)
        w->state = w->budget == 0 ? WEB_FIN : WEB_ASK;
}

bool web_step(struct run *run, struct web *w)
{
    struct tap *t = &run->tap;

    switch (w->state) {
    case WEB_SYN:
        conn_flags(t, &w->conn, SIDE_CLIENT, TCP_SYN);
        break;
    case WEB_SYN_ACK:
        conn_flags(t, &w->conn, SIDE_SERVER, TCP_SYN | TCP_ACK);
        conn_flags(t, &w->conn, SIDE_CLIENT, TCP_ACK);
        break;
    case WEB_HELLO:
        if (w->tls)
            hello(run, w);
        break;
    case WEB_ASK:
        ask(run, w);
        return true;
    case WEB_BODY:
        body(run, w);
        return true;
    case WEB_FIN:
        conn_flags(t, &w->conn, SIDE_CLIENT, TCP_FIN | TCP_ACK);
        conn_flags(t, &w->conn, SIDE_SERVER, TCP_FIN | TCP_ACK);
        conn_flags(t, &w->conn, SIDE_CLIENT, TCP_ACK);
        return false;
    }
    w->state++;
    return true;
}
