/* What permessage-bzip2 and permessage-snappy share: memory, bombs and the life of a message. */
#include "unpack_kind.h"

#include <stdlib.h>

/* Stands before what unpacker_alloc gives, aligned as malloc does. */
union block {
    size_t n;
    max_align_t align;
};

static const struct unpacker_kind *kind_of(enum message_coding coding)
{
    switch (coding) {
    case CODING_BZIP2:
        return unpack_bzip2;
    case CODING_SNAPPY:
        return unpack_snappy;
    case CODING_DEFLATE:
        break;
    }
    return NULL;
}

bool websocket_unpacks(enum message_coding coding)
{
    return kind_of(coding) != NULL;
}

struct unpacker *unpacker_new(enum message_coding coding, size_t *memory)
{
    const struct unpacker_kind *kind = kind_of(coding);
    struct unpacker *u = kind != NULL ? calloc(1, kind->state_size) : NULL;
    if (u != NULL) {
        u->kind = kind;
        u->memory = memory;
    }
    return u;
}

void unpacker_free(struct unpacker *u)
{
    if (u != NULL) {
        u->kind->reset(u);
        free(u);
    }
}

void *unpacker_alloc(struct unpacker *u, size_t n)
{
    if (n > UNPACK_ALL_MAX_BYTES || *u->memory > UNPACK_ALL_MAX_BYTES - n) {
        return NULL;
    }
    union block *block = malloc(sizeof *block + n);
    if (block == NULL) {
        return NULL;
    }
    block->n = n;
    *u->memory += n;
    return block + 1;
}

void unpacker_release(struct unpacker *u, void *p)
{
    if (p != NULL) {
        union block *block = (union block *)p - 1;
        *u->memory -= block->n;
        free(block);
    }
}

uint64_t unpacker_room(const struct unpacker *u)
{
    return u->next_look - u->out;
}

enum inflate_result unpacker_pass_on(struct unpacker *u, struct bytes plain, uint64_t in,
                                     const struct inflate_output *to)
{
    u->out += plain.n;
    if (plain.n > 0) {
        to->take(to->ctx, plain);
    }
    if (u->out < u->next_look) {
        return INFLATE_OK;
    }
    u->next_look *= 2;
    return u->out / INFLATE_RATIO_MAX > in ? INFLATE_BOMB : INFLATE_OK;
}

enum inflate_result unpacker_piece(struct unpacker *u, struct bytes piece,
                                   const struct inflate_output *to)
{
    if (u->next_look == 0) {
        u->next_look = INFLATE_CHECK_BYTES;
    }
    if (u->result == INFLATE_OK && piece.n > 0) {
        u->result = u->kind->piece(u, piece, to);
    }
    return u->result;
}

void unpacker_lost(struct unpacker *u)
{
    u->kind->reset(u);
    u->result = INFLATE_OK;
    u->out = u->next_look = 0;
}

enum inflate_result unpacker_finish(struct unpacker *u)
{
    enum inflate_result result = u->result;
    if (result == INFLATE_OK && !u->kind->may_end(u)) {
        result = INFLATE_INVALID;
    }
    unpacker_lost(u);
    return result;
}
