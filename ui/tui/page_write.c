/* Handshakes, frames and endings as lines (RFC 6455 sections 1.3, 5.2 and 7). */
#include "page_write.h"

#include "decoders/http/fields.h"
#include "decoders/websocket/version.h"
#include "ui/report/redact.h"
#include "ui/report/session_json.h" /* session_close_name */
#include "ui/report/session_rows.h" /* channel_text */
#include "ui/report/tls_text.h"

#include <stdio.h>

#define FRAMES_SHOWN_MAX 1000U
#define MASK_SHOWN_BYTES 16

/*--- Handshakes ---------------------------------------------------------------------------------*/

static void write_head_line(struct page *p, const struct tui *t, const struct handshake *h,
                            struct bytes line, bool first)
{
    struct bytes name = bytes_part(line, 0, bytes_find(line, ':'));
    struct bytes value = bytes_trim(bytes_from(line, name.n + 1));
    if (first) {
        page_write_bytes(p, LINE_HEADING, "", tui_shown_text(t, line));
    } else if (!t->show_secrets && name.n < line.n && redact_is_credential(name)) {
        page_write(p, LINE_FIELD, "%.*s: ***", (int)(name.n < 100 ? name.n : 100),
                   (const char *)name.p);
    } else if (bytes_equal_nocase(name, bytes_of("sec-websocket-protocol"))) {
        char label[32]; /* as it was written */
        snprintf(label, sizeof label, "%.*s: ", (int)name.n, (const char *)name.p);
        page_write_bytes(p, LINE_FIELD, label, tui_shown_subprotocols(t, h, value));
    } else {
        page_write_bytes(p, LINE_FIELD, "", tui_shown_text(t, line));
    }
}

static void write_head(struct page *p, const struct tui *t, const struct handshake *h,
                       struct bytes head)
{
    bool first = true;
    while (head.n > 0) {
        size_t end = bytes_find(head, '\n');
        struct bytes line = bytes_part(head, 0, end);
        if (line.n > 0 && line.p[line.n - 1] == '\r') {
            line.n--;
        }
        if (line.n > 0) {
            write_head_line(p, t, h, line, first);
        }
        first = false;
        head = bytes_from(head, end < head.n ? end + 1 : end);
    }
}

static void write_version(struct page *p, const struct tui *t, const struct handshake *h)
{
    const struct websocket_version *v = h->protocol;
    if (v == NULL) {
        return;
    }
    page_write(p, LINE_FIELD, "Version: %s (%s)", v->draft, version_status(t->registry, v));
    if (v->spoken_by[0] != '\0') {
        page_write(p, LINE_FIELD, "Spoken by: %s", v->spoken_by);
    }
}

static void write_meaning(struct page *p, const struct session *s)
{
    const struct handshake *h = &s->handshake;
    static const char *const accepts[] = {"not seen", "right", "WRONG"};
    char took[SHORT_TEXT_BYTES];
    if (h->response_pkt != 0) {
        short_duration(took, h->response_ts - h->request_ts);
        page_write(p, LINE_FIELD, "Answered after: %s", took);
    }
    if (h->response_pkt != 0 && s->connection.http2_stream == 0) { /* RFC 8441 has none */
        page_write(p, LINE_FIELD, "Sec-WebSocket-Accept is: %s", accepts[h->accept_state]);
    }
    if (h->through_proxy) {
        page_write(p, LINE_FIELD, "Inside a CONNECT tunnel: yes");
    }
}

/* What the session is in besides TCP. */
static void write_transport(struct page *p, const struct session *s)
{
    char text[TRANSPORT_TEXT_BYTES];
    const struct tls_hello *tls = &s->tls;
    const struct {
        const char *name;
        struct bytes value;
    } texts[] = {{"TLS server name: ", tls->sni},
                 {"TLS ALPN: ", tls->alpn},
                 {"TLS client (JA4): ", tls->ja4},
                 {"TLS certificate: ", tls->certificate}};
    if (transport_text(s, true, text)[0] != '\0') {
        page_write(p, LINE_FIELD, "In: %s", text);
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts && s->has_tls; i++) {
        if (texts[i].value.n > 0) {
            page_write_bytes(p, LINE_FIELD, texts[i].name, texts[i].value);
        }
    }
}

static void write_findings(struct page *p, const struct tui *t, const struct session *s)
{
    if (s->finding_count > 0) {
        page_write(p, LINE_PLAIN, "%s", "");
        page_write(p, LINE_HEADING, "Findings of this session");
    }
    for (uint32_t i = 0; i < s->finding_count; i++) {
        const struct finding_record *f = &s->findings[i];
        const struct finding_kind *k = finding_kind(f->id);
        struct bytes detail = bytes_part(tui_shown_text(t, f->detail), 0, 200);
        page_write(p, LINE_FIELD, "%s: %s (%s), packet %llu%s%.*s",
                   finding_severity_name(k->severity), k->sentence, k->id,
                   (unsigned long long)f->pkt, detail.n > 0 ? ": " : "", (int)detail.n,
                   (const char *)detail.p);
    }
}

void write_handshake(struct page *p, const struct tui *t, const struct subject *s)
{
    const struct session *session = store_session(t->feed->store, s->session)->session;
    const struct handshake *h = &session->handshake;
    char time[SHORT_TEXT_BYTES];
    if (!session->has_handshake) {
        page_write(p, LINE_NOTE, "The opening handshake was not captured: picked up mid-stream");
        page_write(p, LINE_FIELD, "Confidence: %d %%", session->confidence);
        write_version(p, t, h);
        write_transport(p, session);
        write_findings(p, t, session);
        return;
    }
    if (s->kind != SUBJECT_RESPONSE && h->request_pkt != 0) {
        date_text(time, h->request_ts, tui_digits(t), t->settings.utc);
        page_write(p, LINE_NOTE, "Request, packet %llu, %s", (unsigned long long)h->request_pkt,
                   time);
        write_head(p, t, h, h->request_head);
        page_write(p, LINE_PLAIN, "%s", "");
    }
    if (s->kind != SUBJECT_REQUEST && h->response_pkt != 0) {
        date_text(time, h->response_ts, tui_digits(t), t->settings.utc);
        page_write(p, LINE_NOTE, "Response, packet %llu, %s", (unsigned long long)h->response_pkt,
                   time);
        write_head(p, t, h, h->response_head);
        page_write(p, LINE_PLAIN, "%s", "");
    }
    write_version(p, t, h);
    write_meaning(p, session);
    write_transport(p, session);
    write_findings(p, t, session);
}

/*--- Frames -------------------------------------------------------------------------------------*/

static void write_bits(struct page *p, const struct tui *t, const struct queued_frame *f,
                       bool compressed)
{
    unsigned first = f->first;
    unsigned len7 = f->len < 126 && f->header_len < (f->masked ? 8 : 4) ? (unsigned)f->len
                    : f->header_len >= (f->masked ? 14 : 10)            ? 127U
                                                                        : 126U;
    page_write(p, LINE_BITS, "  %u... ....  FIN     %s", first >> 7 & 1,
               first & 0x80 ? "the last frame of the message" : "more frames follow");
    page_write(p, LINE_BITS, "  .%u.. ....  RSV1    %s", first >> 6 & 1,
               !(first & 0x40) ? "not set"
               : compressed    ? "compressed"
                               : "set");
    page_write(p, LINE_BITS, "  ..%u. ....  RSV2    %s", first >> 5 & 1,
               first & 0x20 ? "set" : "not set");
    page_write(p, LINE_BITS, "  ...%u ....  RSV3    %s", first >> 4 & 1,
               first & 0x10 ? "set" : "not set");
    page_write(p, LINE_BITS, "  .... %u%u%u%u  Opcode  %u, %s", first >> 3 & 1, first >> 2 & 1,
               first >> 1 & 1, first & 1, first & 15,
               registry_opcode_name(t->registry, first & 15));
    page_write(p, LINE_BITS, "  %u... ....  MASK    %s", f->masked,
               f->masked ? "masked with the key below" : "not masked");
    page_write(p, LINE_BITS, "  .%u%u%u %u%u%u%u  Length  %llu%s", len7 >> 6 & 1, len7 >> 5 & 1,
               len7 >> 4 & 1, len7 >> 3 & 1, len7 >> 2 & 1, len7 >> 1 & 1, len7 & 1,
               (unsigned long long)f->len,
               len7 == 126   ? " (126: in the next 16 bits)"
               : len7 == 127 ? " (127: in the next 64 bits)"
                             : "");
    if (f->masked) {
        page_write(p, LINE_BITS, "  %02x %02x %02x %02x  Masking key", f->key[0], f->key[1],
                   f->key[2], f->key[3]);
    }
}

static void hex_line(struct page *p, const char *name, const uint8_t *bytes, size_t n, bool text)
{
    char hex[MASK_SHOWN_BYTES * 3 + 1] = "", ascii[MASK_SHOWN_BYTES + 1] = "";
    for (size_t i = 0; i < n; i++) {
        snprintf(hex + i * 3, 4, "%02x ", bytes[i]);
        ascii[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '.';
        ascii[i + 1] = '\0';
    }
    page_write(p, LINE_BITS, "  %-8s %-48s %s", name, hex, text ? ascii : "");
}

/* What was on the wire, the key, and what comes out: the payload, or what is still to be inflated.
 */
static void write_unmasking(struct page *p, const struct queued_frame *f, struct bytes payload,
                            uint64_t at)
{
    uint8_t wire[MASK_SHOWN_BYTES], key[MASK_SHOWN_BYTES];
    struct bytes part = at < payload.n ? bytes_part(payload, (size_t)at, MASK_SHOWN_BYTES)
                                       : (struct bytes){NULL, 0};
    part.n = part.n < f->len ? part.n : (size_t)f->len;
    if (!f->masked || part.n == 0) {
        return;
    }
    for (size_t i = 0; i < part.n; i++) {
        key[i] = f->key[i & 3];
        wire[i] = part.p[i] ^ key[i];
    }
    hex_line(p, "wire", wire, part.n, false);
    hex_line(p, "xor key", key, part.n, false);
    hex_line(p, "payload", part.p, part.n, true);
}

/* The header of the first block (RFC 1951 section 3.2.3), its bits from the lowest on. */
static void write_block(struct page *p, uint8_t first)
{
    static const char *const types[] = {"stored", "fixed Huffman codes", "dynamic Huffman codes",
                                        "reserved"};
    page_write(p, LINE_BITS, "  .... ...%u  BFINAL  %s", first & 1,
               first & 1 ? "the last block" : "other blocks follow");
    page_write(p, LINE_BITS, "  .... .%u%u.  BTYPE   %u, %s", first >> 2 & 1, first >> 1 & 1,
               first >> 1 & 3, types[first >> 1 & 3]);
}

static void write_inflation(struct page *p, const struct session *s, const struct store_message *m,
                            struct bytes deflated, struct bytes body)
{
    if (!(m->flags & MESSAGE_COMPRESSED)) {
        return;
    }
    page_write(p, LINE_PLAIN, "%s", "");
    struct bytes extensions = s->handshake.extensions;
    bool rfc = extensions.p == NULL || /* picked up */
               bytes_find_bytes(extensions, bytes_of("permessage-deflate")) < extensions.n;
    page_write(p, LINE_HEADING, rfc ? "Inflated by permessage-deflate (RFC 7692)" : "Inflated");
    if (deflated.n > 0) {
        struct bytes in = bytes_part(deflated, 0, MASK_SHOWN_BYTES);
        struct bytes out = bytes_part(body, 0, MASK_SHOWN_BYTES);
        write_block(p, deflated.p[0]);
        hex_line(p, "deflated", in.p, in.n, false);
        hex_line(p, "inflated", out.p, out.n, true);
    }
    page_write(p, LINE_FIELD, "On the wire: %llu bytes%s", (unsigned long long)m->wire_len,
               rfc ? ", and the tail 00 00 ff ff that is left out" : "");
    page_write(p, LINE_FIELD, "Inflated: %llu bytes%s", (unsigned long long)m->len,
               m->flags & MESSAGE_NOT_INFLATED ? " (not in full)" : "");
    if (m->len > 0) {
        page_write(p, LINE_FIELD, "Size of what it was: %llu %%",
                   (unsigned long long)(m->wire_len * 100 / m->len));
    }
    page_write_bytes(p, LINE_FIELD, "Negotiated: ", s->handshake.extensions);
}

static void write_close(struct page *p, const struct tui *t, const struct handshake *h,
                        struct bytes body)
{
    int code = session_close_code(h, body);
    if (code == CLOSE_CODE_NONE) {
        page_write(p, LINE_FIELD, "Close code: none (1005 %s)",
                   session_close_name(t->registry, h, code));
        return;
    }
    page_write(p, LINE_FIELD, "Close code: %d %s", code, session_close_name(t->registry, h, code));
    page_write_bytes(p, LINE_FIELD, "Reason: ", bytes_from(body, 2));
}

static void write_facts(struct page *p, const struct tui *t, const struct store_message *m)
{
    char time[SHORT_TEXT_BYTES], rtt[SHORT_TEXT_BYTES];
    date_text(time, m->ts, tui_digits(t), t->settings.utc);
    page_write(p, LINE_HEADING, "%s from the %s%s%s%s%s%s",
               registry_opcode_name(t->registry, store_opcode(m)),
               store_dir(m) == DIR_CLIENT_TO_SERVER ? "client" : "server",
               m->flags & MESSAGE_COMPRESSED ? ", compressed" : "",
               m->flags & MESSAGE_FRAGMENTED ? ", fragmented" : "",
               m->flags & MESSAGE_RAW ? ", raw: of an extension that is not decoded" : "",
               m->flags & MESSAGE_DAMAGED ? ", bytes of it were not captured" : "",
               m->flags & MESSAGE_FINISHED ? "" : ", never finished");
    page_write(p, LINE_FIELD, "Time: %s", time);
    if (m->packets_before > 0) {
        page_write(p, LINE_FIELD, "Packets: %llu to %llu",
                   (unsigned long long)(m->pkt - m->packets_before), (unsigned long long)m->pkt);
    } else {
        page_write(p, LINE_FIELD, "Packet: %llu", (unsigned long long)m->pkt);
    }
    if (m->rtt >= 0 && store_opcode(m) == 10) {
        short_duration(rtt, m->rtt);
        page_write(p, LINE_FIELD, "Round trip since the Ping: %s", rtt);
    }
    if (m->flags & MESSAGE_BAD_UTF8) {
        page_write(p, LINE_NOTE, "This text is not valid UTF-8.");
    }
}

static void write_frames(struct page *p, const struct tui *t, const struct subject *s,
                         const struct store_message *m, struct bytes body, struct bytes deflated)
{
    struct queued_frame f;
    uint64_t at = 0;
    bool compressed = m->flags & MESSAGE_COMPRESSED;
    for (uint32_t i = 0; i < m->frames && i < FRAMES_SHOWN_MAX; i++) {
        page_write(p, LINE_PLAIN, "%s", "");
        if (!store_frame(t->feed->store, m, i, &f)) {
            page_write(p, LINE_NOTE, "The frames of this message were not kept.");
            return;
        }
        page_write(p, LINE_HEADING, "Frame %u of %u, packet %llu, header of %u bytes", i + 1,
                   m->frames, (unsigned long long)f.pkt, f.header_len);
        write_bits(p, t, &f, compressed);
        write_unmasking(p, &f, compressed ? deflated : body, at);
        at += f.len;
    }
    if (m->frames > FRAMES_SHOWN_MAX) {
        page_write(p, LINE_NOTE, "... and %u more", m->frames - FRAMES_SHOWN_MAX);
    }
    write_inflation(p, store_session(t->feed->store, s->session)->session, m, deflated, body);
}

/*--- Endings ------------------------------------------------------------------------------------*/

static void write_first_close(struct page *p, const struct tui *t, const struct session *s, int dir)
{
    const struct close_record *c = &s->close[dir];
    if (!c->seen) {
        page_write(p, LINE_FIELD, "Close: none");
    } else if (c->code == CLOSE_CODE_NONE) {
        page_write(p, LINE_FIELD, "Close: without a code (1005), packet %llu",
                   (unsigned long long)c->pkt);
    } else {
        page_write(p, LINE_FIELD, "Close: %d %s, packet %llu", c->code,
                   session_close_name(t->registry, &s->handshake, c->code),
                   (unsigned long long)c->pkt);
    }
    if (c->reason.n > 0) {
        page_write_bytes(p, LINE_FIELD, "Reason: ", c->reason);
    }
}

static void write_side(struct page *p, const struct tui *t, const struct session *s, int dir)
{
    const struct tcp_counts *tcp = &s->end.tcp[dir];
    page_write(p, LINE_PLAIN, "%s", "");
    page_write(p, LINE_HEADING, "%s", dir == 0 ? "Client" : "Server");
    if (session_close_how(s) != CLOSE_NEVER_OPENED) {
        write_first_close(p, t, s, dir);
    }
    page_write(p, LINE_FIELD, "TCP: %llu packets, %llu bytes, %u retransmitted, %u out of order",
               (unsigned long long)tcp->packets, (unsigned long long)tcp->bytes, tcp->retransmitted,
               tcp->out_of_order);
    if (tcp->gaps > 0) {
        page_write(p, LINE_NOTE, "%llu bytes in %u holes were not captured",
                   (unsigned long long)tcp->lost_bytes, tcp->gaps);
    }
}

/* The channels of a session that multiplexes, as far as they are known: at its end. */
static void write_channels(struct page *p, const struct tui *t, const struct session *s)
{
    if (s->channels != NULL) {
        page_write(p, LINE_PLAIN, "%s", "");
        page_write(p, LINE_HEADING, "Channels of this connection");
    }
    for (const struct channel_record *r = s->channels; r != NULL; r = r->next) {
        char text[CHANNEL_TEXT_BYTES];
        struct bytes target = r->channel.target;
        page_write_bytes(p, LINE_PLAIN, channel_text(&r->channel, text),
                         target.n > 0 ? tui_join(t, bytes_of(", "), tui_shown_text(t, target))
                                      : target);
    }
}

static void write_refusal(struct page *p, const struct tui *t, const struct handshake *h)
{
    page_write(p, LINE_HEADING, "No WebSocket was opened");
    if (h->status > 0) {
        char label[40];
        snprintf(label, sizeof label, "The server's answer: %d ", h->status);
        page_write_bytes(p, LINE_FIELD, label, tui_shown_text(t, h->reason));
    } else {
        page_write(p, LINE_FIELD, "The server's answer: none was captured");
    }
}

static void write_end(struct page *p, const struct tui *t, const struct subject *subject)
{
    static const char *const hows[] = {[END_OPEN] = "it went on when the capture ended",
                                       [END_FIN] = "FIN",
                                       [END_RESET] = "RST",
                                       [END_IDLE] = "silence",
                                       [END_REPLACED] = "another connection took its ports",
                                       [END_EVICTED] = "given up for want of room"};
    const struct session *s = store_session(t->feed->store, subject->session)->session;
    char lasted[SHORT_TEXT_BYTES];
    int first = session_close_first(s);
    short_duration(lasted, s->last_ts - s->started);
    if (session_close_how(s) == CLOSE_NEVER_OPENED) {
        write_refusal(p, t, &s->handshake);
    } else {
        page_write(p, LINE_HEADING, "How it ended: %s", close_how_name(session_close_how(s)));
        page_write(p, LINE_FIELD, "First Close: %s",
                   first < 0    ? "none"
                   : first == 0 ? "from the client"
                                : "from the server");
    }
    page_write(p, LINE_FIELD, "Lasted: %s", lasted);
    page_write(p, LINE_FIELD, "TCP: %s%s", s->ended ? hows[s->end.how] : "still open",
               !s->ended || s->end.first_fin < 0 ? ""
               : s->end.first_fin == 0           ? ", from the client first"
                                                 : ", from the server first");
    write_side(p, t, s, 0);
    write_side(p, t, s, 1);
    write_channels(p, t, s);
    write_findings(p, t, s);
}

void write_details(struct page *p, const struct tui *t, const struct subject *s)
{
    struct buffer body, deflated;
    if (s->kind == SUBJECT_END) {
        write_end(p, t, s);
        return;
    }
    const struct store_message *m =
        &store_session(t->feed->store, s->session)->messages[s->message];
    buffer_init(&body, UINT32_MAX);
    bool lost = !store_body(t->feed->store, m, SIZE_MAX, &body);
    write_facts(p, t, m);
    if (lost) {
        page_write(p, LINE_NOTE, PAYLOAD_IS_GONE);
    } else if (store_opcode(m) == 8) {
        write_close(p, t, &store_session(t->feed->store, s->session)->session->handshake,
                    buffer_bytes(&body));
    }
    buffer_init(&deflated, STORE_DEFLATED_MAX_BYTES);
    store_deflated(t->feed->store, m, &deflated);
    write_frames(p, t, s, m, buffer_bytes(&body), buffer_bytes(&deflated));
    buffer_done(&body);
    buffer_done(&deflated);
}
