/* The walk over a capture file: reading, telling the format, and finding the way after damage. */
#include "mend.h"
#include "mend_format.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static const struct step_format *format_of(const struct mend *m)
{
    return m->format == MEND_PCAP ? &step_pcap : &step_pcapng;
}

int mend_init(struct mend *m, struct input *input, const struct mend_hooks *hooks, struct err *err)
{
    *m = (struct mend){
        .input = input, .hooks = hooks, .trusted = UINT64_MAX, .effort = CAPTURE_SEARCH_HEADERS};
    m->room = 2 * MEND_READ_BYTES;
    m->buf = malloc(m->room);
    m->waits = input_waits(input);
    return m->buf != NULL ? 0 : err_set(err, "out of memory");
}

void mend_done(struct mend *m)
{
    free(m->buf);
    m->buf = NULL;
    free(m->clocks);
    m->clocks = NULL;
}

void mend_note(struct mend *m, enum mend_note_kind kind, uint64_t offset, uint64_t bytes)
{
    struct mend_note note = {kind, offset, bytes, m->packets};
    if (m->hooks->note != NULL) {
        m->hooks->note(m->hooks->context, &note);
    }
}

enum mend_verdict mend_tell_interface(struct mend *m, const struct mend_interface *interface)
{
    if (m->hooks->interface == NULL) {
        return MEND_TAKE;
    }
    enum mend_verdict verdict = m->hooks->interface(m->hooks->context, interface);
    m->given_up = verdict == MEND_GIVE_UP;
    return verdict;
}

/*--- Reading ------------------------------------------------------------------------------------*/

static void move_to_front(struct mend *m)
{
    size_t keep = m->n - m->at;
    memmove(m->buf, m->buf + m->at, keep);
    m->tried = m->tried > m->at ? m->tried - m->at : 0;
    m->base += m->at;
    m->at = 0;
    m->n = keep;
}

/* Room for a whole read. What is still needed moves to the front when that is little, so that the
 * same few cached pages are used again, or when there is no room behind it: a long record is moved
 * seldom, however little is consumed between two reads. */
static int make_room(struct mend *m, struct err *err)
{
    size_t wanted = m->n - m->at + MEND_READ_BYTES;
    if (m->at > 0 && (wanted < 2 * MEND_READ_BYTES || m->room - m->n < MEND_READ_BYTES)) {
        move_to_front(m);
    }
    bool grow = m->room - m->n < MEND_READ_BYTES;
    bool shrink = m->at == 0 && m->room > 2 * MEND_READ_BYTES && wanted < m->room / 4;
    if (grow || shrink) {
        size_t room = grow ? wanted + wanted / 2 : 2 * wanted;
        room = room < 2 * MEND_READ_BYTES ? 2 * MEND_READ_BYTES : room;
        uint8_t *buf = realloc(m->buf, room);
        if (buf == NULL) {
            return err_set(err, "out of memory");
        }
        m->buf = buf;
        m->room = room;
    }
    return 0;
}

enum mend_result mend_fill(struct mend *m, struct err *err)
{
    if (m->ended) {
        return MEND_MORE;
    }
    if (make_room(m, err) != 0) {
        return MEND_FAILED;
    }
    ssize_t got = input_read(m->input, m->buf + m->n, MEND_READ_BYTES, err);
    if (got == INPUT_INTERRUPTED) {
        return MEND_INTERRUPTED;
    }
    if (got < 0) {
        return MEND_FAILED;
    }
    m->n += (size_t)got;
    m->effort += (uint64_t)got;
    m->ended = got == 0;
    return MEND_MORE;
}

/*--- What kind of file --------------------------------------------------------------------------*/

static enum mend_result no_capture(const struct mend *m, struct err *err)
{
    const char *name = input_name(m->input);
    char hex[4 * 3 + 1] = "";
    size_t n = mend_have(m, m->at) < 4 ? mend_have(m, m->at) : 4;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(hex + 3 * i, sizeof hex - 3 * i, " %02x", m->buf[m->at + i]);
    }
    if (n == 0) {
        err_set(err, "%s is empty", name);
    } else {
        err_set(err, "%s is not a pcap or pcapng file (starts with%s)", name, hex);
    }
    return MEND_FAILED;
}

/* MEND_PACKET: the format is known now. */
static enum mend_result detect(struct mend *m, struct err *err)
{
    static const uint8_t section_header[4] = {0x0a, 0x0d, 0x0d, 0x0a};
    m->need = 4;
    if (mend_have(m, m->at) < 4) {
        return m->ended ? no_capture(m, err) : MEND_MORE;
    }
    if (memcmp(m->buf + m->at, section_header, 4) == 0) {
        m->format = MEND_PCAPNG;
        return MEND_PACKET;
    }
    int opened = mend_open_pcap(m, err);
    if (opened > 0) {
        m->format = MEND_PCAP;
        return MEND_PACKET;
    }
    if (opened == 0) {
        return MEND_MORE;
    }
    return err->text[0] != '\0' ? MEND_FAILED : no_capture(m, err);
}

/*--- Damage -------------------------------------------------------------------------------------*/

/* Whether `window` bytes can be looked at from index `at` on, or all up to the end of the file. */
static bool can_judge(struct mend *m, size_t at)
{
    if (m->ended || mend_have(m, at) >= format_of(m)->window) {
        return true;
    }
    m->need = at - m->at + format_of(m)->window;
    return false;
}

/* Tries indices up to `to`; true when records stand at m->tried. */
static bool find(struct mend *m, size_t to, size_t beyond)
{
    for (; m->tried < to && (beyond == 0 || m->effort > 0); m->tried++) {
        if (format_of(m)->stands(m, m->tried, beyond)) {
            return true;
        }
    }
    return false;
}

static void skip_to(struct mend *m, size_t to, enum mend_note_kind kind, uint64_t from)
{
    mend_note(m, kind, from, m->base + to - from);
    m->at = to;
    m->searching = false;
}

/* No sound record at m->at. When records stand where it would end by its own length, only it is
 * damaged; else the search begins. MEND_PACKET: go on. */
static enum mend_result damaged(struct mend *m)
{
    size_t end = format_of(m)->natural_end(m);
    if (end > m->at) {
        if (!can_judge(m, end)) {
            return MEND_MORE;
        }
        bool last = m->ended && end == m->n;
        if (last || (end < m->n && format_of(m)->stands(m, end, end))) {
            skip_to(m, end, m->damage_kind, m->base + m->at);
            return MEND_PACKET;
        }
    }
    m->searching = true;
    m->tried = m->at + 1;
    m->damage_from = m->base + m->at;
    return MEND_PACKET;
}

static enum mend_result search(struct mend *m)
{
    size_t window = format_of(m)->window;
    size_t to = m->ended ? m->n : mend_have(m, window);
    if (find(m, to, 0)) {
        skip_to(m, m->tried, MEND_NOTE_DAMAGED, m->damage_from);
        return MEND_PACKET;
    }
    if (m->ended) {
        skip_to(m, m->n, MEND_NOTE_DAMAGED, m->damage_from);
        return MEND_PACKET;
    }
    m->at = m->tried < m->n ? m->tried : m->n;
    m->need = window + 1;
    return MEND_MORE;
}

/* The record at m->at goes to m->need, but what comes then is no record. Is its length wrong? Then
 * records stand within it and reach past its end. */
static enum mend_result suspect(struct mend *m)
{
    size_t end = m->at + m->need;
    if (!can_judge(m, end)) {
        return MEND_MORE;
    }
    m->tried = m->at + 1;
    if (find(m, end, end)) {
        skip_to(m, m->tried, MEND_NOTE_DAMAGED, m->base + m->at);
    } else {
        m->trusted = m->base + m->at;
    }
    return MEND_PACKET;
}

/* The file ends within the record at m->at, or the record's length is wrong. */
static enum mend_result end_within(struct mend *m)
{
    size_t have = mend_have(m, m->at);
    if (have == 0) {
        return MEND_END;
    }
    m->tried = m->at + 1;
    if (find(m, m->n, m->n)) {
        skip_to(m, m->tried, MEND_NOTE_DAMAGED, m->base + m->at);
        return MEND_PACKET;
    }
    mend_note(m, MEND_NOTE_TRUNCATED, m->base + m->at, m->need - have);
    m->at = m->n;
    return MEND_END;
}

/*--- The walk -----------------------------------------------------------------------------------*/

/* Goes on where the walk over sound records stopped; MEND_PACKET: with that walk. */
static enum mend_result go_on(struct mend *m, enum step why)
{
    switch (why) {
    case STEP_MORE:
        return m->ended ? end_within(m) : MEND_MORE;
    case STEP_SUSPECT:
        return suspect(m);
    case STEP_DAMAGED:
        return damaged(m);
    default:
        return MEND_PACKET;
    }
}

enum mend_result mend_batch(struct mend *m, struct packet *packets, size_t max, size_t *n,
                            struct err *err)
{
    *n = 0;
    enum mend_result result = m->given_up                 ? MEND_FAILED
                              : m->format == MEND_UNKNOWN ? detect(m, err)
                                                          : MEND_PACKET;
    while (result == MEND_PACKET && *n < max) {
        if (m->searching) {
            result = search(m);
            continue;
        }
        enum step why = format_of(m)->walk(m, packets, max, n);
        if (why == STEP_SECTION) {
            break;
        }
        result = m->given_up ? MEND_FAILED : go_on(m, why);
    }
    return *n > 0 ? MEND_PACKET : result;
}
