/*
 * One WebSocket session: TCP's opening, the upgrade (RFC 6455 sections 4.1 and 4.2), the talk of
 * the workload, the Close of either side (section 5.5.1) and TCP's end. A few are refused, or end
 * without a Close, where the workload says so.
 */
#include "generate.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum state {
    STATE_SYN,
    STATE_SYN_ACK,
    STATE_REQUEST,
    STATE_RESPONSE,
    STATE_TALK,
    STATE_CLOSE,
    STATE_CLOSE_ANSWER,
    STATE_FIN,
    STATE_FIN_ANSWER,
    STATE_RESET,
};

struct session {
    struct conn conn;
    enum state state;
    uint32_t id, left; /* left: steps of talking */
    uint16_t close_code;
    enum side closer;
    bool refused;
    char key[25];
    struct lane *lane[2];
    struct outflow flow[2];
};

struct session *session_new(struct run *run, uint32_t id)
{
    struct session *s = calloc(1, sizeof *s);

    if (s == NULL) {
        fputs("generate: no memory\n", stderr);
        exit(1);
    }
    s->id = id;
    s->left = random_between(&run->random, run->messages_low, run->messages_high);
    s->refused = random_chance(&run->random, run->refused_per_mille);
    conn_init(&run->tap, &s->conn, id, id & 1 ? 8080 : 80);
    if (run->talk == TALK_FEED) {
        s->lane[SIDE_CLIENT] = lane_new(id);
        s->lane[SIDE_SERVER] = lane_new(id + 7);
    }
    return s;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        lane_free(s->lane[i]);
        free(s->conn.peer[i].history);
    }
    tls_free(s->conn.tls);
    free(s);
}

static void say_request(struct run *run, struct session *s)
{
    uint64_t nonce[2] = {random_next(&run->random), random_next(&run->random)};

    EVP_EncodeBlock((unsigned char *)s->key, (const unsigned char *)nonce, sizeof nonce);
    out_format(run,
               "GET /rooms/%u?v=3 HTTP/1.1\r\n"
               "Host: live.example.net%s\r\n"
               "Connection: Upgrade\r\n"
               "Pragma: no-cache\r\n"
               "Cache-Control: no-cache\r\n"
               "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
               "Chrome/140.0.0.0 Safari/537.36\r\n"
               "Upgrade: websocket\r\n"
               "Origin: http%s://live.example.net%s\r\n"
               "Sec-WebSocket-Version: 13\r\n"
               "Accept-Encoding: gzip, deflate\r\n"
               "Accept-Language: en-GB,en;q=0.9\r\n"
               "Sec-WebSocket-Key: %s\r\n"
               "%s\r\n",
               s->id % 500, s->id & 1 ? ":8080" : "", run->keylog != NULL ? "s" : "",
               s->id & 1 ? ":8080" : "", s->key,
               run->talk == TALK_FEED
                   ? "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                   : "");
}

static void say_accept(struct run *run, const struct session *s)
{
    char text[64], accept[32];
    unsigned char digest[SHA_DIGEST_LENGTH];
    int n = snprintf(text, sizeof text, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", s->key);

    SHA1((const unsigned char *)text, (size_t)n, digest);
    EVP_EncodeBlock((unsigned char *)accept, digest, sizeof digest);
    out_format(run,
               "HTTP/1.1 101 Switching Protocols\r\n"
               "Upgrade: websocket\r\n"
               "Connection: Upgrade\r\n"
               "Sec-WebSocket-Accept: %s\r\n"
               "%s\r\n",
               accept,
               run->talk == TALK_FEED ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "");
}

static void say_refusal(struct run *run)
{
    static const char *const status[] = {"403 Forbidden", "401 Unauthorized",
                                         "503 Service Unavailable"};

    out_format(run,
               "HTTP/1.1 %s\r\n"
               "Content-Type: text/plain\r\n"
               "Content-Length: 14\r\n"
               "Connection: close\r\n\r\n"
               "not this time\n",
               status[random_below(&run->random, 3)]);
}

static void message_put(struct run *run, enum side from, const uint8_t *p, size_t n)
{
    struct flow_truth *truth = &run->truth.flow[from];
    struct frame f = {.opcode = OP_TEXT, .fin = true, .length = n};
    size_t cut = random_chance(&run->random, 10) ? n / 2 : n;

    f.length = cut;
    f.fin = cut == n;
    frame_put(run, from, &f, p);
    if (cut != n) {
        f = (struct frame){.opcode = OP_CONTINUATION, .fin = true, .length = n - cut};
        frame_put(run, from, &f, p + cut);
        truth->fragmented++;
    }
    truth->text++;
    truth->message_bytes += n;
}

static void say_chat(struct run *run, struct session *s, enum side from)
{
    uint8_t text[PAYLOAD_BYTES];
    size_t n = payload_chat(&run->random, run->tap.now_ns / 1000000U, text);

    message_put(run, from, text, n);
    out_send(run, &s->conn, from);
}

static void talk_chat(struct run *run, struct session *s)
{
    enum side from = random_chance(&run->random, 500) ? SIDE_CLIENT : SIDE_SERVER;
    uint32_t burst = s->conn.impaired ? random_between(&run->random, 1, 5) : 1;
    uint8_t payload[4];

    for (uint32_t i = 0; i < burst; i++)
        say_chat(run, s, from);
    if (random_chance(&run->random, 10)) {
        struct frame f = {.opcode = OP_PING, .fin = true, .length = sizeof payload};
        memcpy(payload, &run->tap.now_ns, sizeof payload);
        frame_put(run, SIDE_SERVER, &f, payload);
        out_send(run, &s->conn, SIDE_SERVER);
        f.opcode = OP_PONG;
        frame_put(run, SIDE_CLIENT, &f, payload);
        out_send(run, &s->conn, SIDE_CLIENT);
    } else if (random_chance(&run->random, 400)) {
        say_chat(run, s, !from);
    }
    conn_acknowledge(&run->tap, &s->conn, !from);
    conn_acknowledge(&run->tap, &s->conn, from);
    s->left--;
}

static void note_message(struct run *run, const struct session *s, enum side from,
                         const struct packed *m)
{
    const uint32_t head[2] = {s->id * 2 + from, m->length};

    if (run->messages == NULL)
        return;
    fwrite(head, sizeof head, 1, run->messages);
    fwrite(m->bytes, 1, m->length, run->messages);
}

static void say_packed(struct run *run, struct session *s, enum side from)
{
    struct flow_truth *truth = &run->truth.flow[from];
    struct packed m = lane_next(run, s->lane[from]);
    struct frame f = {.opcode = OP_TEXT, .fin = true, .rsv1 = true, .length = m.length};

    frame_put(run, from, &f, m.bytes);
    out_send(run, &s->conn, from);
    note_message(run, s, from, &m);
    truth->text++;
    truth->compressed++;
    truth->message_bytes += m.inflated;
    run->truth.inflated_bytes += m.inflated;
}

static void talk_feed(struct run *run, struct session *s)
{
    enum side from = random_chance(&run->random, 350) ? SIDE_CLIENT : SIDE_SERVER;

    if (random_chance(&run->random, 20))
        say_chat(run, s, from); /* too small to be worth compressing */
    else
        say_packed(run, s, from);
    conn_acknowledge(&run->tap, &s->conn, !from);
    s->left--;
}

static void talk_bulk(struct run *run, struct session *s)
{
    enum side from = random_chance(&run->random, 500) ? SIDE_CLIENT : SIDE_SERVER;
    size_t n;

    if (!s->flow[from].active)
        from = !from;
    if (!s->flow[from].active) {
        bulk_start(run, from, &s->flow[from]);
        s->left--;
        if (s->left != 0 && random_chance(&run->random, 300)) {
            bulk_start(run, !from, &s->flow[!from]);
            s->left--;
        }
    }
    n = random_between(&run->random, 1, 10) * (size_t)TCP_SEGMENT_BYTES;
    run->out_used = bulk_fill(run, from, &s->flow[from], run->out, n);
    out_send(run, &s->conn, from);
    conn_acknowledge(&run->tap, &s->conn, !from);
}

static void talk(struct run *run, struct session *s)
{
    if (s->left == 0 && !s->flow[0].active && !s->flow[1].active) {
        impair_settle(&run->tap, &s->conn);
        s->conn.impaired = false;
        s->state = STATE_CLOSE;
        if (random_chance(&run->random, run->abrupt_per_mille))
            s->state = random_chance(&run->random, 500) ? STATE_FIN : STATE_RESET;
        return;
    }
    if (run->talk == TALK_CHAT)
        talk_chat(run, s);
    else if (run->talk == TALK_FEED)
        talk_feed(run, s);
    else
        talk_bulk(run, s);
}

static void choose_close(struct run *run, struct session *s)
{
    static const uint16_t codes[] = {1000, 1000, 1000, 1000, 1000, 1000, 1001, 1001,
                                     1001, 0,    1011, 1008, 1012, 4000, 3008, 1002};

    s->closer = random_chance(&run->random, 700) ? SIDE_CLIENT : SIDE_SERVER;
    s->close_code = codes[random_below(&run->random, sizeof codes / sizeof codes[0])];
}

static void say_close(struct run *run, struct session *s, enum side from, const char *reason)
{
    uint8_t payload[64] = {(uint8_t)(s->close_code >> 8), (uint8_t)s->close_code};
    struct frame f = {.opcode = OP_CLOSE, .fin = true, .length = 0};

    if (s->close_code != 0) {
        f.length = 2 + strlen(reason);
        memcpy(payload + 2, reason, strlen(reason));
    }
    frame_put(run, from, &f, payload);
    out_send(run, &s->conn, from);
    run->truth.flow[from].close[s->close_code]++;
}

static void respond(struct run *run, struct session *s)
{
    conn_acknowledge(&run->tap, &s->conn, SIDE_SERVER);
    if (s->refused)
        say_refusal(run);
    else
        say_accept(run, s);
    out_send(run, &s->conn, SIDE_SERVER);
    conn_acknowledge(&run->tap, &s->conn, SIDE_CLIENT);
    run->truth.refused += s->refused;
    run->truth.sessions += !s->refused;
    s->conn.impaired = run->tap.impair != NULL && !s->refused;
    s->state = s->refused ? STATE_FIN : STATE_TALK;
}

bool session_step(struct run *run, struct session *s)
{
    struct tap *t = &run->tap;
    struct conn *c = &s->conn;

    switch (s->state) {
    case STATE_SYN:
        conn_flags(t, c, SIDE_CLIENT, TCP_SYN);
        break;
    case STATE_SYN_ACK:
        conn_flags(t, c, SIDE_SERVER, TCP_SYN | TCP_ACK);
        conn_flags(t, c, SIDE_CLIENT, TCP_ACK);
        break;
    case STATE_REQUEST:
        if (run->keylog != NULL)
            tls_begin(run, c);
        say_request(run, s);
        out_send(run, c, SIDE_CLIENT);
        break;
    case STATE_RESPONSE:
        respond(run, s);
        return true;
    case STATE_TALK:
        talk(run, s);
        return true;
    case STATE_CLOSE:
        choose_close(run, s);
        say_close(run, s, s->closer, random_chance(&run->random, 300) ? "bye" : "");
        break;
    case STATE_CLOSE_ANSWER:
        say_close(run, s, !s->closer, "");
        break;
    case STATE_FIN:
        conn_flags(t, c, SIDE_SERVER, TCP_FIN | TCP_ACK);
        break;
    case STATE_FIN_ANSWER:
        conn_flags(t, c, SIDE_CLIENT, TCP_FIN | TCP_ACK);
        conn_flags(t, c, SIDE_SERVER, TCP_ACK);
        return false;
    case STATE_RESET:
        conn_flags(t, c, SIDE_CLIENT, TCP_RST | TCP_ACK);
        return false;
    }
    s->state++;
    return true;
}
