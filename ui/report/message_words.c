/* What follow's formats say of a message in the same words. */
#include "ui/report/message_words.h"

#include "decoders/base/utf8.h"

const char *opcode_word(unsigned opcode)
{
    static const char *const words[16] = {
        "continuation", "text",     "binary",   "reserved", "reserved", "reserved",
        "reserved",     "reserved", "close",    "ping",     "pong",     "reserved",
        "reserved",     "reserved", "reserved", "reserved",
    };
    return words[opcode & 15];
}

/* b without a character at its end of which bytes are missing. */
static struct bytes whole_characters(struct bytes b)
{
    size_t tail = 0;
    while (tail < 3 && tail < b.n && (b.p[b.n - 1 - tail] & 0xc0) == 0x80) {
        tail++;
    }
    if (tail == b.n) {
        return b;
    }
    uint8_t lead = b.p[b.n - 1 - tail];
    size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return length > tail + 1 ? bytes_part(b, 0, b.n - 1 - tail) : b;
}

struct bytes message_shown(const struct message *m, uint64_t most)
{
    if (most == 0) {
        return (struct bytes){0};
    }
    struct bytes b = m->body.n > most ? bytes_part(m->body, 0, (size_t)most) : m->body;
    if (b.p == NULL) {
        b = bytes_of("");
    }
    return m->opcode == 1 && message_is_cut(m, b) ? whole_characters(b) : b;
}

bool message_is_text(const struct message *m)
{
    bool raw = m->flags & MESSAGE_RAW;
    return (m->opcode == 1 && !raw) || (m->opcode > 8 && utf8_valid(m->body));
}

bool message_is_cut(const struct message *m, struct bytes shown)
{
    return shown.n < m->body.n || (m->flags & MESSAGE_BODY_IS_CUT) != 0;
}
