/*
 * The process between wsight and a command that it runs (wsight run): it is not behind the seal,
 * belongs to the invoking user, and never sees a packet.
 *
 * It starts the command once it is told to, looks which connections the command and its descendants
 * have, passes signals on, and removes the folder with the key log when the command has ended, or
 * at once when wsight is gone, however that ended; then the command is ended as well.
 *
 * Both talk over a pair of sockets: from the keeper come messages, and to it go bytes: 0 for
 * "start", else the number of a signal for the command.
 */
#ifndef WSIGHT_KEEPER_H
#define WSIGHT_KEEPER_H

#include "analyzer/capture/privileges.h"
#include "decoders/net/packet.h"

enum keeper_message_type {
    KEEPER_CONNECTION, /* key: the command has it */
    KEEPER_LOOKED,     /* ts: all connections that were open then are told of */
    KEEPER_FAILED,     /* value: errno, the command could not be started */
    KEEPER_ENDED       /* value: exit status as a shell has it: 128 and the number of a signal */
};

struct keeper_message {
    enum keeper_message_type type;
    int value;
    int64_t ts; /* ns since 1970 */
    struct flow_key key;
};

struct keeper {
    int channel;
    const char *folder, *keylog;   /* its only file */
    const char *const *command;    /* argv, ending with NULL */
    struct privileges_account who; /* the invoking user */
};

/* The life of that process; exits. */
_Noreturn void keeper_run(const struct keeper *);

#endif
