/*
 * MQTT 3.1, 3.1.1 and 5.0 (OASIS mqtt-v3.1.1 and mqtt-v5.0, sections 2 and 3), the packets. They
 * form a stream: a message may hold several, or a piece of one (section 6.0).
 */
#include "mqtt_properties.h"
#include "subprotocol.h"

#define MQTT_FAILED 0x80   /* reason codes from here on (section 2.4) */
#define LENGTH_MAX_BYTES 4 /* of the "remaining length" (section 2.1.4) */

enum mqtt_type {
    MQTT_CONNECT = 1,
    MQTT_CONNACK,
    MQTT_PUBLISH,
    MQTT_PUBACK,
    MQTT_PUBREC,
    MQTT_PUBREL,
    MQTT_PUBCOMP,
    MQTT_SUBSCRIBE,
    MQTT_SUBACK,
    MQTT_UNSUBSCRIBE,
    MQTT_UNSUBACK,
    MQTT_PINGREQ,
    MQTT_PINGRESP,
    MQTT_DISCONNECT,
    MQTT_AUTH
};

static const char *const type_names[] = {
    [MQTT_CONNECT] = "CONNECT",   [MQTT_CONNACK] = "CONNACK",
    [MQTT_PUBLISH] = "PUBLISH",   [MQTT_PUBACK] = "PUBACK",
    [MQTT_PUBREC] = "PUBREC",     [MQTT_PUBREL] = "PUBREL",
    [MQTT_PUBCOMP] = "PUBCOMP",   [MQTT_SUBSCRIBE] = "SUBSCRIBE",
    [MQTT_SUBACK] = "SUBACK",     [MQTT_UNSUBSCRIBE] = "UNSUBSCRIBE",
    [MQTT_UNSUBACK] = "UNSUBACK", [MQTT_PINGREQ] = "PINGREQ",
    [MQTT_PINGRESP] = "PINGRESP", [MQTT_DISCONNECT] = "DISCONNECT",
    [MQTT_AUTH] = "AUTH"};

/*--- The fixed header ---------------------------------------------------------------------------*/

/* Section 2.1.3: the flags that a type must have. */
static bool flags_fit(unsigned type, unsigned flags)
{
    switch (type) {
    case 0:
        return false;
    case MQTT_PUBLISH:
        return (flags & 6) != 6;
    case MQTT_PUBREL:
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE:
        return flags == 2;
    default:
        return flags == 0;
    }
}

static uint64_t mqtt_unit(struct bytes b)
{
    struct reader r = reader_of(b);
    uint8_t first = read_u8(&r);
    uint32_t length;
    if (b.n > 0 && !flags_fit(first >> 4, first & 15U)) {
        return SUBPROTOCOL_UNIT_BAD;
    }
    if (mqtt_read_varint(&r, &length)) {
        return b.n - r.b.n + (uint64_t)length;
    }
    return b.n > LENGTH_MAX_BYTES ? SUBPROTOCOL_UNIT_BAD : 0;
}

/* The client's first packet tells the version: its protocol level (section 3.1.2.2). */
static unsigned level_of(struct bytes opening)
{
    struct reader r = reader_of(opening);
    uint32_t ignored;
    if (read_u8(&r) >> 4 != MQTT_CONNECT || !mqtt_read_varint(&r, &ignored)) {
        return 4;
    }
    read_skip(&r, read_be16(&r));
    uint8_t level = read_u8(&r);
    return r.bad ? 4 : level;
}

/*--- Packets ------------------------------------------------------------------------------------*/

struct packet_read {
    struct dissection *d;
    struct reader r;
    unsigned flags;
    bool v5;
};

static struct bytes read_text(struct packet_read *p)
{
    return read_bytes(&p->r, read_be16(&p->r));
}

static struct bytes field_text(struct packet_read *p, const char *label)
{
    struct bytes text = read_text(p);
    if (!p->r.bad) {
        dissect_value(p->d, 1, label, text);
    }
    return text;
}

static void field_properties(struct packet_read *p, const char *label)
{
    if (p->v5 && p->r.b.n > 0) {
        mqtt_properties(p->d, 1, label, &p->r);
    }
}

static void field_id(struct packet_read *p)
{
    uint16_t id = read_be16(&p->r);
    if (!p->r.bad) {
        dissect_number(p->d, 1, "Packet id", id);
    }
}

static void field_reason(struct packet_read *p, const char *label)
{
    uint8_t code = read_u8(&p->r);
    if (!p->r.bad) {
        dissect_code(p->d, 1, label, code, mqtt_reason_name(code));
        if (code >= MQTT_FAILED) {
            const char *name = mqtt_reason_name(code);
            dissect_say_text(p->d, name != NULL ? name : "unknown reason");
        }
    }
}

static void read_connect(struct packet_read *p)
{
    field_text(p, "Protocol");
    uint8_t level = read_u8(&p->r), flags = read_u8(&p->r);
    p->v5 = level == 5;
    dissect_code(p->d, 1, "Level", level,
                 level == 5   ? "MQTT 5.0"
                 : level == 4 ? "MQTT 3.1.1"
                 : level == 3 ? "MQTT 3.1"
                              : NULL);
    dissect_code(p->d, 1, "Flags", flags, flags & 2 ? "clean start" : "the session is resumed");
    dissect_number(p->d, 1, "Keep alive", read_be16(&p->r));
    field_properties(p, "Properties");
    dissect_say(p->d, field_text(p, "Client id"));
    if (flags & 4) {
        field_properties(p, "Will properties");
        field_text(p, "Will topic");
        dissect_data(p->d, 1, "Will", read_text(p));
    }
    if (flags & 0x80) {
        field_text(p, "User name");
    }
    if (flags & 0x40) {
        field_text(p, "Password");
    }
}

static void read_connack(struct packet_read *p)
{
    static const char *const old[] = {"accepted",
                                      "this protocol version is not accepted",
                                      "the client id is rejected",
                                      "the server is unavailable",
                                      "bad user name or password",
                                      "not authorized"};
    uint8_t flags = read_u8(&p->r), code = read_u8(&p->r);
    const char *name = p->v5 ? mqtt_reason_name(code) : code < 6 ? old[code] : NULL;
    if (!p->r.bad) {
        dissect_code(p->d, 1, "Session present", flags & 1, flags & 1 ? "yes" : "no");
        dissect_code(p->d, 1, "Code", code, name);
        dissect_say_text(p->d, name != NULL ? name : "unknown code");
    }
    field_properties(p, "Properties");
}

static void read_publish(struct packet_read *p)
{
    static const char *const qos[] = {"at most once", "at least once", "exactly once", NULL};
    dissect_say(p->d, field_text(p, "Topic"));
    dissect_code(p->d, 1, "QoS", p->flags >> 1 & 3, qos[p->flags >> 1 & 3]);
    if (p->flags & 8) {
        dissect_heading(p->d, 1, "Sent again (DUP)");
    }
    if (p->flags & 1) {
        dissect_heading(p->d, 1, "Retained");
    }
    if (p->flags & 6) {
        field_id(p);
    }
    field_properties(p, "Properties");
    if (!p->r.bad) {
        dissect_say(p->d, p->r.b);
        dissect_data(p->d, 1, "Payload", p->r.b);
    }
}

static void read_subscriptions(struct packet_read *p, bool with_options)
{
    static const char *const qos[] = {"QoS 0", "QoS 1", "QoS 2", NULL};
    field_id(p);
    field_properties(p, "Properties");
    while (p->r.b.n > 0 && !p->d->cut) {
        dissect_say(p->d, field_text(p, "Topic filter"));
        if (with_options) {
            uint8_t options = read_u8(&p->r);
            dissect_code(p->d, 2, "Options", options, qos[options & 3]);
        }
    }
}

static void read_answers(struct packet_read *p)
{
    field_id(p);
    field_properties(p, "Properties");
    while (p->r.b.n > 0 && !p->d->cut) {
        field_reason(p, "Code");
    }
}

/* An acknowledgement: its reason is left out when all is well (section 3.4.2.1). */
static void read_acknowledgement(struct packet_read *p, bool with_id)
{
    if (with_id) {
        field_id(p);
    }
    if (p->v5 && p->r.b.n > 0) {
        field_reason(p, "Reason");
        field_properties(p, "Properties");
    }
}

static void read_by_type(struct packet_read *p, unsigned type)
{
    switch (type) {
    case MQTT_CONNECT:
        read_connect(p);
        break;
    case MQTT_CONNACK:
        read_connack(p);
        break;
    case MQTT_PUBLISH:
        read_publish(p);
        break;
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE:
        read_subscriptions(p, type == MQTT_SUBSCRIBE);
        break;
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        read_answers(p);
        break;
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        read_acknowledgement(p, true);
        break;
    case MQTT_DISCONNECT:
    case MQTT_AUTH:
        read_acknowledgement(p, false);
        break;
    default: /* PINGREQ, PINGRESP: a fixed header alone */
        break;
    }
}

/* One packet; a unit that the caller put together is one. */
static struct bytes read_packet(struct dissection *d, struct bytes unit, unsigned level)
{
    struct reader r = reader_of(unit);
    uint8_t first = read_u8(&r);
    uint32_t length;
    if (!flags_fit(first >> 4, first & 15U) || !mqtt_read_varint(&r, &length)) {
        dissect_wrong(d, "no packet begins so");
        return (struct bytes){unit.p, 0};
    }
    struct packet_read p = {
        .d = d, .r = {bytes_part(r.b, 0, length), false}, .flags = first & 15U, .v5 = level >= 5};
    dissect_say_text(d, type_names[first >> 4]);
    dissect_heading(d, 0, type_names[first >> 4]);
    if (r.b.n < length) {
        dissect_wrong(d, "the packet does not end");
    }
    read_by_type(&p, first >> 4);
    if (p.r.bad) {
        dissect_wrong(d, "a field is longer than the packet");
    }
    return bytes_from(r.b, length);
}

static void mqtt_read(struct dissection *d, struct bytes unit, const struct subprotocol_hint *hint)
{
    unsigned level = level_of(hint->opening);
    while (unit.n > 0 && !d->cut && d->wrong == NULL) {
        unit = read_packet(d, unit, level);
    }
}

static const char *const tokens[] = {"mqtt", "mqttv3.1", NULL};

const struct subprotocol mqtt_subprotocol = {
    .name = "MQTT", .tokens = tokens, .unit = mqtt_unit, .read = mqtt_read};
