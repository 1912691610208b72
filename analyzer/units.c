/* Pieces of units, gathered from the messages around. */
#include "units.h"

static bool append_body(const struct store *s, const struct store_message *m, size_t from,
                        size_t most, struct buffer *into)
{
    struct buffer body;
    buffer_init(&body, UINT32_MAX);
    bool there = store_body(s, m, from < SIZE_MAX - most ? from + most : SIZE_MAX, &body) &&
                 buffer_append(into, bytes_from(buffer_bytes(&body), from));
    buffer_done(&body);
    return there;
}

static bool is_data_of(const struct store_message *m, enum dir dir)
{
    return store_dir(m) == dir && store_opcode(m) < 8;
}

/* The message in which the unit begins that `message` goes on with, and where in it. */
static uint32_t find_begin(const struct store_session *row, uint32_t message, size_t *from)
{
    const struct store_message *m = &row->messages[message];
    uint64_t left = m->unit_before == SUBPROTOCOL_NOT_ALIGNED ? 0 : m->unit_before;
    uint32_t looked = 0;
    *from = 0;
    for (uint32_t i = message; left > 0 && i-- > 0 && looked++ < UNITS_MESSAGES_MAX;) {
        const struct store_message *before = &row->messages[i];
        if (!is_data_of(before, store_dir(m))) {
            continue;
        }
        if (before->body_n >= left) {
            *from = before->body_n - (size_t)left;
            return i;
        }
        left -= before->body_n;
    }
    return message;
}

/* Moves *at over the units that begin within b, to where the next one does, which may be beyond.
 * false: b is too short to tell the length of the last. */
static bool pass_units(const struct subprotocol *p, struct bytes b, uint64_t *at)
{
    while (*at < b.n) {
        uint64_t n = p->unit(bytes_from(b, (size_t)*at));
        if (n == SUBPROTOCOL_UNIT_BAD) {
            *at = b.n; /* what cannot be read is not waited for */
        } else if (n == 0) {
            return false;
        } else {
            *at += n;
        }
    }
    return true;
}

/* Appends messages of the direction from i on until the units that `message` holds are whole. */
static bool gather(const struct store *s, const struct store_session *row, uint32_t i, size_t from,
                   uint32_t message, size_t most, struct buffer *into, bool *partial)
{
    uint64_t end = 0;
    uint32_t looked = 0;
    *partial = true;
    for (; i < row->n && looked++ < UNITS_MESSAGES_MAX; i++) {
        const struct store_message *m = &row->messages[i];
        if (!is_data_of(m, store_dir(&row->messages[message]))) {
            continue;
        }
        bool known = pass_units(row->subprotocol, buffer_bytes(into), &end);
        if (i > message && known && end <= into->n) {
            break;
        }
        bool behind = i > message && known;
        size_t room = most - into->n, rest = behind ? (size_t)(end - into->n) : room;
        if (!append_body(s, m, from, rest < room ? rest : room, into)) {
            return false;
        }
        from = 0;
        if (into->n == most) {
            return true;
        }
    }
    *partial = !pass_units(row->subprotocol, buffer_bytes(into), &end) || end > into->n;
    return true;
}

bool units_read(const struct store *s, const struct store_session *row, uint32_t message,
                size_t most, struct buffer *into, bool *partial)
{
    const struct store_message *m = &row->messages[message];
    size_t from = 0;
    buffer_clear(into);
    if (row->track == NULL) {
        *partial = m->body_n > most || !(m->flags & MESSAGE_FINISHED);
        return store_body(s, m, most, into);
    }
    uint32_t begin = find_begin(row, message, &from);
    return gather(s, row, begin, from, message, most, into, partial);
}

bool units_dissect(const struct store *s, const struct store_session *row, uint32_t message,
                   size_t most, struct buffer *into, struct dissection *d)
{
    bool partial;
    unsigned opcode = store_opcode(&row->messages[message]);
    if (row->subprotocol == NULL || opcode >= 8 ||
        !units_read(s, row, message, most, into, &partial)) {
        return false;
    }
    struct subprotocol_hint hint = {.text = opcode == 1};
    if (row->track != NULL) {
        hint.opening = (struct bytes){row->track->opening, row->track->opening_n};
    }
    dissection_begin(d, partial);
    row->subprotocol->read(d, buffer_bytes(into), &hint);
    return true;
}
