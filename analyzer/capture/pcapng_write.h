/* The blocks of a pcapng file (draft-ietf-opsawg-pcapng-02), in this machine's byte order. */
#ifndef WSIGHT_CAPTURE_PCAPNG_WRITE_H
#define WSIGHT_CAPTURE_PCAPNG_WRITE_H

#include "source.h"

/* More than any block but a packet's takes, and a packet's beyond its bytes. */
#define PCAPNG_BLOCK_MAX_BYTES 512

#define PCAPNG_COMMENT_MAX_BYTES UINT16_MAX

/* Each writes one block at `to` and returns its length. */
size_t pcapng_section(uint8_t *to, const char *application);
size_t pcapng_interface(uint8_t *to, const struct source_interface *interface);
size_t pcapng_packet(uint8_t *to, const struct packet *packet);
/* Each comment takes 8 bytes beyond its own, of which PCAPNG_COMMENT_MAX_BYTES are written. */
size_t pcapng_commented_packet(uint8_t *to, const struct packet *packet,
                               const struct bytes *comments, size_t n);
#define PCAPNG_SECRETS_TLS_KEY_LOG 0x544c534bU
/* Decryption secrets; the block takes PCAPNG_BLOCK_MAX_BYTES beyond them. */
size_t pcapng_secrets(uint8_t *to, uint32_t type, struct bytes secrets);
size_t pcapng_statistics(uint8_t *to, uint32_t number, const struct source_interface *interface,
                         int64_t ts);

/* Bytes of the whole blocks among the n bytes at p. */
size_t pcapng_whole_blocks(const uint8_t *p, size_t n);

#endif
