/*
 * What is judged of a session when it is over: how it ended, by its Closes (RFC 6455 section 7.1)
 * and by TCP, and the words for it.
 */
#include "session.h"

enum close_how session_close_how(const struct session *s)
{
    if (s->outcome != OUTCOME_OPEN && s->outcome != OUTCOME_MIDSTREAM) {
        return CLOSE_NEVER_OPENED;
    }
    if (s->close[0].seen && s->close[1].seen) {
        return CLOSE_CLEAN;
    }
    bool half = s->close[0].seen || s->close[1].seen;
    if (!s->ended || s->end.how == END_OPEN) {
        return CLOSE_STILL_OPEN;
    }
    if (s->end.how == END_EVICTED) {
        return CLOSE_EVICTED;
    }
    if (half) {
        return CLOSE_UNANSWERED;
    }
    switch (s->end.how) {
    case END_FIN:
        return CLOSE_FIN;
    case END_RESET:
        return CLOSE_RESET;
    case END_REPLACED:
        return CLOSE_REPLACED;
    default:
        return CLOSE_IDLE;
    }
}

const char *close_how_name(enum close_how how)
{
    static const char *const names[] = {
        [CLOSE_STILL_OPEN] = "open",       [CLOSE_CLEAN] = "clean",
        [CLOSE_UNANSWERED] = "unanswered", [CLOSE_FIN] = "fin",
        [CLOSE_RESET] = "reset",           [CLOSE_IDLE] = "idle",
        [CLOSE_EVICTED] = "evicted",       [CLOSE_REPLACED] = "replaced",
        [CLOSE_NEVER_OPENED] = "none",
    };
    return names[how];
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {[OUTCOME_OPEN] = "open",
                                        [OUTCOME_REFUSED] = "refused",
                                        [OUTCOME_MIDSTREAM] = "midstream",
                                        [OUTCOME_INCOMPLETE] = "incomplete",
                                        [OUTCOME_TLS] = "tls"};
    return names[outcome];
}

int session_close_first(const struct session *s)
{
    const struct close_record *c = s->close;
    if (!c[0].seen || !c[1].seen) {
        return c[0].seen ? 0 : c[1].seen ? 1 : -1;
    }
    return c[1].ts < c[0].ts || (c[1].ts == c[0].ts && c[1].pkt < c[0].pkt) ? 1 : 0;
}

bool session_finding_again(const struct session *s, uint32_t i)
{
    for (uint32_t before = 0; before < i; before++) {
        if (s->findings[before].id == s->findings[i].id) {
            return true;
        }
    }
    return false;
}
