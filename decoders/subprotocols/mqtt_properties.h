/* What MQTT 5.0 added to packets: properties (section 2.2.2) and reason codes (section 2.4). */
#ifndef WSIGHT_MQTT_PROPERTIES_H
#define WSIGHT_MQTT_PROPERTIES_H

#include "dissection.h"

/* A variable byte integer (section 1.5.5). false: it does not end within four bytes. */
bool mqtt_read_varint(struct reader *, uint32_t *out);
/* The properties with their length before them, as fields under `label`. */
void mqtt_properties(struct dissection *, unsigned depth, const char *label, struct reader *);
/* NULL: not defined. */
const char *mqtt_reason_name(unsigned code);

#endif
