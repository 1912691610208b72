/* What follow's formats say of a message in the same words. */
#ifndef WSIGHT_MESSAGE_WORDS_H
#define WSIGHT_MESSAGE_WORDS_H

#include "decoders/event.h"

/* "continuation", "text", "binary", "close", "ping", "pong", "reserved". */
const char *opcode_word(unsigned opcode);

/* The part of a message's body that is to be shown: at most `most` bytes, of a cut text no broken
 * character at its end. p is NULL when nothing is to be shown. */
struct bytes message_shown(const struct message *m, uint64_t most);

/* Is its body shown as text? Text is, whatever it holds; Ping and Pong are when they are UTF-8. */
bool message_is_text(const struct message *m);

/* Is what is shown less than the message? */
bool message_is_cut(const struct message *m, struct bytes shown);

#endif
