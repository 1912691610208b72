/*
 * Decoder tests as text: what the two sides send, and the events that must come of it.
 *
 *     decode_text_check(&(struct decode_text){.decoder = &websocket_decoder, .arg = &setup},
 *                       "> mask:01020304 \"Hello\"   # a line is what one segment carried\n"
 *                       "< 81 05 \"Hello\"\n"
 *                       "gap > 100\n"
 *                       "end <\n",
 *                       "message > text len=5 \"Hello\"\n");
 *
 * The input runs whole, then with every piece cut in two at each of its bytes, then byte by byte;
 * it must give the same log each time. Each piece lies in memory of exactly its size that is freed
 * after the call, so that a sanitizer sees a byte too far or too late.
 *
 * Input, a line each; blank lines and what follows # are ignored:
 *   > BYTES, < BYTES   from client to server, from server to client. BYTES: hex pairs, "text" with
 *                      \r \n \t \\ \" \xNN, either with *COUNT behind; mask:01020304 masks what
 *                      follows it on the line, up to a | or the next mask
 *   gap DIR N          N bytes are missing
 *   end DIR            FIN
 *   time MS            the time of what follows, in ms; else each line is 1 ms after the last
 *   close HOW          how the connection ended, as the last line: open, fin, reset, idle,
 *                      replaced or evicted. Without it: fin when both sides ended, else open.
 * Packet numbers are line numbers, whatever the cuts.
 *
 * The log, an event a line (decode_text.c, write_event, has all of it):
 *   session upgrade|midstream PERCENT|tls
 *   handshake status=101 version=13 accept=ok [cookie] [authorization] [proxy]
 *   NAME "TEXT"        for each text of the handshake that was seen, in HANDSHAKE_TEXTS's order
 *   version DRAFT
 *   frame DIR fin rsv=4 opcode=1 masked len=5
 *   message DIR text len=5 frames=2 wire=7 masked=1 compressed damaged unfinished "body"
 *   finding DIR ws.mask.missing "detail"
 *   digest DIR HEX
 *   channel 3 frames=2,1 bytes=10,5 dropped=client code=1000 "target"   client's, then server's
 *   tls DIR version=0304 cipher=1301 [decrypted] sni="..." alpn="..."
 *   end fin first=>
 * Fields with their usual value (one frame, wire as long, masked as the side should, finished) are
 * left out. Findings about the capture have no direction of their own but are given the event's.
 */
#ifndef WSIGHT_TEST_DECODE_TEXT_H
#define WSIGHT_TEST_DECODE_TEXT_H

#include "decoders/decoder.h"

struct decode_text {
    const struct decoder *decoder; /* the one to run; NULL: whose match() says yes */
    const void *arg;               /* for its open() */
    struct decode_options options; /* body_max 0 is taken as 64 KB */
    bool midstream;                /* the connection's SYN was not seen */
    bool once;                     /* no cuts: what is said depends on them, or it is too long */
    const char *server;            /* "IPV4:PORT" of the server; 10.0.0.2:80 when NULL */
    /* What checks across connections need, new for each run; NULL: shared.upgrades stays NULL. */
    struct upgrade_memory *(*upgrades_new)(void);
    void (*upgrades_free)(struct upgrade_memory *);
};

/* Fails the running test when a log differs from what was expected. Indentation of both is ignored.
 */
#define decode_text_check(how, input, expected)                                                    \
    decode_text_check_at(how, input, expected, __FILE__, __LINE__)
void decode_text_check_at(const struct decode_text *how, const char *input, const char *expected,
                          const char *file, int line);

/* The log of one run with pieces of at most `most` bytes (0: whole); the caller frees it. */
char *decode_text_log(const struct decode_text *how, const char *input, size_t most);

#endif
