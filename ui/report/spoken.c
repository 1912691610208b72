/* What messages say to the subprotocol of their session. */
#include "ui/report/spoken.h"

void spoken_begin(struct spoken *p, const struct session *s)
{
    *p = (struct spoken){0};
    if (s->has_handshake) {
        p->subprotocol = subprotocol_of_handshake(&s->handshake);
    }
}

/* How many bytes before the message its unit begins. */
static uint32_t begun_before(struct spoken *p, enum dir dir, const struct message *m)
{
    if (p->subprotocol == NULL && !p->begun && m->opcode == 1) {
        p->subprotocol = subprotocol_of_message(m->body);
    }
    p->begun = true;
    bool tracked = p->subprotocol != NULL && p->subprotocol->unit != NULL;
    return tracked ? subprotocol_track_message(&p->track, p->subprotocol, dir, m) : 0;
}

bool spoken_dissect(struct spoken *p, enum dir dir, const struct message *m, struct dissection *d)
{
    if (m->opcode >= 8 || m->flags & MESSAGE_RAW || begun_before(p, dir, m) > 0 ||
        p->subprotocol == NULL || m->body.n == 0) {
        return false;
    }
    struct subprotocol_hint hint = {.text = m->opcode == 1,
                                    .opening = {p->track.opening, p->track.opening_n}};
    dissection_begin(d, m->body.n < m->len || !(m->flags & MESSAGE_FINISHED));
    p->subprotocol->read(d, m->body, &hint);
    return d->wrong == NULL && d->summary_n > 0;
}
