/* What the fields of messages and frames hold. They are asked only when there is a message. */
#include "tree.h"

/* Frames of one message that are asked about. */
#define FRAMES_ASKED_MAX 65536U

#define GET(name)                                                                                  \
    bool filter_get_##name(const struct filter_question *q, unsigned i, struct filter_value *v)

static const struct event *event(const struct filter_question *q)
{
    return q->subject->message;
}

static const struct message *message(const struct filter_question *q)
{
    return &q->subject->message->message;
}

/*--- Message ------------------------------------------------------------------------------------*/

GET(opcode)
{
    return one_number(i, v, message(q)->opcode);
}

GET(direction)
{
    v->text = bytes_of(event(q)->dir == DIR_CLIENT_TO_SERVER ? "client" : "server");
    return i == 0;
}

static bool end_of(const struct filter_question *q, enum dir sender, unsigned i,
                   struct filter_value *v)
{
    const struct connection *c = &q->subject->session->connection;
    const struct endpoint *e = sender == DIR_CLIENT_TO_SERVER ? &c->client : &c->server;
    memcpy(v->address.ip, e->ip, sizeof v->address.ip);
    v->address.family = c->family;
    v->number = e->port;
    return i == 0;
}

GET(from_ip)
{
    return end_of(q, event(q)->dir, i, v);
}

GET(to_ip)
{
    return end_of(q, dir_other(event(q)->dir), i, v);
}

GET(from_ipv6)
{
    return filter_get_from_ip(q, i, v) && v->address.family == 6;
}

GET(to_ipv6)
{
    return filter_get_to_ip(q, i, v) && v->address.family == 6;
}

GET(from_port)
{
    return end_of(q, event(q)->dir, i, v);
}

GET(to_port)
{
    return end_of(q, dir_other(event(q)->dir), i, v);
}

GET(len)
{
    return one_count(i, v, message(q)->len);
}

GET(wire_len)
{
    return one_count(i, v, message(q)->wire_len);
}

GET(payload)
{
    const struct filter_subject *s = q->subject;
    v->text = message(q)->body;
    return i == 0 && (s->body == NULL || s->body(s->context, &v->text));
}

GET(text)
{
    return message(q)->opcode == 1 && filter_get_payload(q, i, v);
}

GET(payload_ping)
{
    return message(q)->opcode == 9 && filter_get_payload(q, i, v);
}

GET(payload_pong)
{
    return message(q)->opcode == 10 && filter_get_payload(q, i, v);
}

GET(payload_close)
{
    return message(q)->opcode == 8 && filter_get_payload(q, i, v);
}

GET(code)
{
    const struct message *m = message(q);
    return m->opcode == 8 && m->close_code != CLOSE_CODE_NONE && one_number(i, v, m->close_code);
}

GET(code_reason)
{
    v->text = message_reason(message(q));
    return i == 0 && message(q)->opcode == 8 && v->text.n > 0;
}

GET(frames)
{
    return one_number(i, v, message(q)->frames);
}

GET(packet)
{
    return one_count(i, v, event(q)->pkt);
}

GET(packet_first)
{
    return one_count(i, v, message(q)->first_pkt);
}

GET(time)
{
    return one_number(i, v, event(q)->ts);
}

GET(time_relative)
{
    return one_number(i, v, event(q)->ts - q->origin);
}

GET(time_session)
{
    return one_number(i, v, event(q)->ts - q->subject->session->started);
}

GET(transfer)
{
    return one_number(i, v, event(q)->ts - message(q)->first_ts);
}

GET(pong_rtt)
{
    return message(q)->rtt >= 0 && one_number(i, v, message(q)->rtt);
}

#define MESSAGE_FLAG_FIELD(name, flag)                                                             \
    GET(name)                                                                                      \
    {                                                                                              \
        return one_number(i, v, (message(q)->flags & (flag)) != 0);                                \
    }
MESSAGE_FLAG_FIELD(compressed, MESSAGE_COMPRESSED)
MESSAGE_FLAG_FIELD(fragmented, MESSAGE_FRAGMENTED)
MESSAGE_FLAG_FIELD(damaged, MESSAGE_DAMAGED | MESSAGE_NOT_INFLATED)
MESSAGE_FLAG_FIELD(bad_utf8, MESSAGE_BAD_UTF8)
MESSAGE_FLAG_FIELD(raw, MESSAGE_RAW)

GET(unfinished)
{
    return one_number(i, v, !(message(q)->flags & (MESSAGE_FINISHED | MESSAGE_DAMAGED)));
}

GET(masked)
{
    return one_number(i, v, message(q)->masked > 0);
}

/*--- Frames -------------------------------------------------------------------------------------*/

/* Known without the frames: the first has the message's, the others continue it. */
GET(frame_opcode)
{
    v->number = i == 0 ? message(q)->opcode : 0;
    return i == 0 || (i == 1 && message(q)->frames > 1);
}

static bool frame_at(const struct filter_question *q, unsigned i, struct frame *f)
{
    const struct filter_subject *s = q->subject;
    return i < FRAMES_ASKED_MAX && i < message(q)->frames && s->frame != NULL &&
           s->frame(s->context, i, f);
}

#define FRAME_NUMBER(name, expression)                                                             \
    GET(frame_##name)                                                                              \
    {                                                                                              \
        struct frame f;                                                                            \
        if (!frame_at(q, i, &f)) {                                                                 \
            return false;                                                                          \
        }                                                                                          \
        return one_count(0, v, expression);                                                        \
    }
FRAME_NUMBER(fin, f.fin)
FRAME_NUMBER(rsv, f.rsv)
FRAME_NUMBER(rsv1, (f.rsv & 4) != 0)
FRAME_NUMBER(rsv2, (f.rsv & 2) != 0)
FRAME_NUMBER(rsv3, (f.rsv & 1) != 0)
FRAME_NUMBER(masked, f.masked)
FRAME_NUMBER(size, f.len)
FRAME_NUMBER(header, f.header_len)

/* Of those that have one; v->number is the frame to go on with. */
GET(frame_key)
{
    struct frame f;
    v->number = i == 0 ? 0 : v->number;
    do {
        if (!frame_at(q, (unsigned)v->number++, &f)) {
            return false;
        }
    } while (!f.masked);
    memcpy(v->room, f.masking_key, sizeof f.masking_key);
    v->text = (struct bytes){(const uint8_t *)v->room, sizeof f.masking_key};
    return true;
}
