/* Properties and reason codes of MQTT 5.0. */
#include "mqtt_properties.h"

enum property_type {
    PROPERTY_NONE,
    PROPERTY_BYTE,
    PROPERTY_U16,
    PROPERTY_U32,
    PROPERTY_VARINT,
    PROPERTY_TEXT,
    PROPERTY_DATA,
    PROPERTY_PAIR
};

/* Table 2-4. */
static const struct {
    const char *name;
    enum property_type type;
} properties[] = {
    [1] = {"Payload format", PROPERTY_BYTE},
    [2] = {"Message expiry interval", PROPERTY_U32},
    [3] = {"Content type", PROPERTY_TEXT},
    [8] = {"Response topic", PROPERTY_TEXT},
    [9] = {"Correlation data", PROPERTY_DATA},
    [11] = {"Subscription identifier", PROPERTY_VARINT},
    [17] = {"Session expiry interval", PROPERTY_U32},
    [18] = {"Assigned client id", PROPERTY_TEXT},
    [19] = {"Server keep alive", PROPERTY_U16},
    [21] = {"Authentication method", PROPERTY_TEXT},
    [22] = {"Authentication data", PROPERTY_DATA},
    [23] = {"Request problem information", PROPERTY_BYTE},
    [24] = {"Will delay interval", PROPERTY_U32},
    [25] = {"Request response information", PROPERTY_BYTE},
    [26] = {"Response information", PROPERTY_TEXT},
    [28] = {"Server reference", PROPERTY_TEXT},
    [31] = {"Reason string", PROPERTY_TEXT},
    [33] = {"Receive maximum", PROPERTY_U16},
    [34] = {"Topic alias maximum", PROPERTY_U16},
    [35] = {"Topic alias", PROPERTY_U16},
    [36] = {"Maximum QoS", PROPERTY_BYTE},
    [37] = {"Retain available", PROPERTY_BYTE},
    [38] = {"User property", PROPERTY_PAIR},
    [39] = {"Maximum packet size", PROPERTY_U32},
    [40] = {"Wildcard subscription available", PROPERTY_BYTE},
    [41] = {"Subscription identifier available", PROPERTY_BYTE},
    [42] = {"Shared subscription available", PROPERTY_BYTE},
};
#define PROPERTIES (sizeof properties / sizeof *properties)

static const struct {
    uint8_t code;
    const char *name;
} reasons[] = {{0x00, "success"},
               {0x01, "granted QoS 1"},
               {0x02, "granted QoS 2"},
               {0x04, "disconnect with will message"},
               {0x10, "no matching subscribers"},
               {0x11, "no subscription existed"},
               {0x18, "continue authentication"},
               {0x19, "re-authenticate"},
               {0x80, "unspecified error"},
               {0x81, "malformed packet"},
               {0x82, "protocol error"},
               {0x83, "implementation specific error"},
               {0x84, "unsupported protocol version"},
               {0x85, "client identifier not valid"},
               {0x86, "bad user name or password"},
               {0x87, "not authorized"},
               {0x88, "server unavailable"},
               {0x89, "server busy"},
               {0x8a, "banned"},
               {0x8b, "server shutting down"},
               {0x8c, "bad authentication method"},
               {0x8d, "keep alive timeout"},
               {0x8e, "session taken over"},
               {0x8f, "topic filter invalid"},
               {0x90, "topic name invalid"},
               {0x91, "packet identifier in use"},
               {0x92, "packet identifier not found"},
               {0x93, "receive maximum exceeded"},
               {0x94, "topic alias invalid"},
               {0x95, "packet too large"},
               {0x96, "message rate too high"},
               {0x97, "quota exceeded"},
               {0x98, "administrative action"},
               {0x99, "payload format invalid"},
               {0x9a, "retain not supported"},
               {0x9b, "QoS not supported"},
               {0x9c, "use another server"},
               {0x9d, "server moved"},
               {0x9e, "shared subscriptions not supported"},
               {0x9f, "connection rate exceeded"},
               {0xa0, "maximum connect time"},
               {0xa1, "subscription identifiers not supported"},
               {0xa2, "wildcard subscriptions not supported"}};

const char *mqtt_reason_name(unsigned code)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].code == code) {
            return reasons[i].name;
        }
    }
    return NULL;
}

bool mqtt_read_varint(struct reader *r, uint32_t *out)
{
    uint32_t value = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
        uint8_t byte = read_u8(r);
        value |= (byte & 0x7fU) << shift;
        if (r->bad || byte < 0x80) {
            *out = value;
            return !r->bad;
        }
    }
    r->bad = true;
    return false;
}

static void read_value(struct dissection *d, unsigned depth, const char *name,
                       enum property_type type, struct reader *r)
{
    uint32_t number = 0;
    struct bytes text;
    switch (type) {
    case PROPERTY_TEXT:
        dissect_value(d, depth, name, read_bytes(r, read_be16(r)));
        return;
    case PROPERTY_DATA:
        dissect_data(d, depth, name, read_bytes(r, read_be16(r)));
        return;
    case PROPERTY_PAIR:
        text = read_bytes(r, read_be16(r));
        dissect_named(d, depth, text, read_bytes(r, read_be16(r)));
        return;
    case PROPERTY_VARINT:
        mqtt_read_varint(r, &number);
        break;
    case PROPERTY_U32:
        number = read_be32(r);
        break;
    case PROPERTY_U16:
        number = read_be16(r);
        break;
    default:
        number = read_u8(r);
        break;
    }
    dissect_number(d, depth, name, number);
}

void mqtt_properties(struct dissection *d, unsigned depth, const char *label, struct reader *r)
{
    uint32_t length;
    if (!mqtt_read_varint(r, &length)) {
        return;
    }
    struct reader in = {read_bytes(r, length), false};
    if (in.b.n > 0) {
        dissect_heading(d, depth, label);
    }
    while (in.b.n > 0 && !in.bad && !d->cut) {
        uint32_t id = 0;
        mqtt_read_varint(&in, &id);
        if (id >= PROPERTIES || properties[id].type == PROPERTY_NONE) {
            dissect_wrong(d, "a property is not known");
            return;
        }
        read_value(d, depth + 1, properties[id].name, properties[id].type, &in);
    }
    r->bad |= in.bad;
}
