/* Addresses as text: "10.0.0.1", "2001:db8::1" (RFC 5952), and with a port "[2001:db8::1]:80". */
#ifndef WSIGHT_ADDRESS_H
#define WSIGHT_ADDRESS_H

#include "decoders/net/packet.h"

#define ADDRESS_BYTES 56 /* room for either, with a NUL */

/* Both return the length of the NUL-terminated text. family is 4 or 6. */
size_t address_text(char out[ADDRESS_BYTES], const struct endpoint *e, uint8_t family);
size_t address_port_text(char out[ADDRESS_BYTES], const struct endpoint *e, uint8_t family);

#endif
