/* What reports add up over sessions beyond the model's totals. */
#include "ui/report/tally.h"

static void add_rtt(struct rtt_counts *r, int64_t ns)
{
    r->min = r->count == 0 || ns < r->min ? ns : r->min;
    r->max = ns > r->max ? ns : r->max;
    r->sum += ns;
    r->count++;
}

/* A saturating sum, for 32-bit counters. */
static uint32_t sum32(uint32_t a, uint32_t b)
{
    return b > UINT32_MAX - a ? UINT32_MAX : a + b;
}

static void add_tcp(struct tcp_counts *into, const struct tcp_counts *from)
{
    into->packets += from->packets;
    into->bytes += from->bytes;
    into->retransmitted = sum32(into->retransmitted, from->retransmitted);
    into->out_of_order = sum32(into->out_of_order, from->out_of_order);
    into->gaps = sum32(into->gaps, from->gaps);
    into->lost_bytes += from->lost_bytes;
}

static void add_finding(struct finding_tally *t, const struct session *s,
                        const struct finding_record *r, bool again)
{
    t->sessions += !again;
    if (t->first_session == 0 || s->id < t->first_session ||
        (s->id == t->first_session && r->pkt < t->first_pkt)) {
        t->first_session = s->id;
        t->first_pkt = r->pkt;
        struct bytes detail = bytes_part(r->detail, 0, TALLY_DETAIL_BYTES);
        t->detail_n = (uint8_t)detail.n;
        if (detail.n > 0) {
            memcpy(t->detail, detail.p, detail.n);
        }
    }
}

size_t tally_findings(const struct totals *totals, enum finding_id ids[FINDING_COUNT])
{
    size_t n = 0;
    for (int severity = SEVERITY_COUNT - 1; severity >= 0; severity--) {
        for (int id = 0; id < FINDING_COUNT; id++) {
            if (totals->findings[id] > 0 &&
                (int)finding_kind((enum finding_id)id)->severity == severity) {
                ids[n++] = (enum finding_id)id;
            }
        }
    }
    return n;
}

void tally_session(struct tally *t, const struct session *s)
{
    for (uint32_t i = 0; i < s->finding_count; i++) {
        add_finding(&t->findings[s->findings[i].id], s, &s->findings[i],
                    session_finding_again(s, i));
    }
    t->findings_left_out += s->findings_left_out;
    t->evicted += s->end.how == END_EVICTED;
    if (s->outcome == OUTCOME_TLS) {
        return;
    }
    add_tcp(&t->tcp[0], &s->end.tcp[0]);
    add_tcp(&t->tcp[1], &s->end.tcp[1]);
    if (s->connection.syn_rtt >= 0) {
        add_rtt(&t->syn_rtt, s->connection.syn_rtt);
    }
}
