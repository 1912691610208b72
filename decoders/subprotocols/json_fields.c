/* Fields from JSON. */
#include "json_fields.h"

void dissect_json_value(struct dissection *d, unsigned depth, struct bytes label,
                        struct bytes value)
{
    if (value.n > 0 && (value.p[0] == '{' || value.p[0] == '[')) {
        dissect_named(d, depth, label, value);
        if (d->n > 0 && !d->cut) {
            d->fields[d->n - 1].kind = FIELD_JSON;
        }
    } else {
        dissect_named(d, depth, label, json_unquoted(value));
    }
}

void dissect_json_object(struct dissection *d, unsigned depth, struct bytes object)
{
    struct json_members m;
    struct bytes key, value;
    bool there = json_members_of(&m, object) && m.object;
    while (there && json_members_next(&m, &key, &value)) {
        dissect_json_value(d, depth, key, value);
    }
    if (!there || m.bad) {
        dissect_wrong(d, "a JSON object is expected");
    }
}

void dissect_json_array(struct dissection *d, unsigned depth, struct bytes array,
                        const char *const *names)
{
    struct json_members m;
    struct bytes key, value;
    bool there = json_members_of(&m, array) && !m.object;
    while (there && json_members_next(&m, &key, &value)) {
        dissect_json_value(d, depth, bytes_of(*names != NULL ? *names : "Further"), value);
        names += *names != NULL;
    }
    if (!there || m.bad) {
        dissect_wrong(d, "a JSON array is expected");
    }
}
