/* JSON messages as fields: what subprotocols that speak JSON have in common. */
#ifndef WSIGHT_JSON_FIELDS_H
#define WSIGHT_JSON_FIELDS_H

#include "dissection.h"
#include "json_members.h"

/* A value of a JSON text: objects and arrays as FIELD_JSON, strings without their quotes. */
void dissect_json_value(struct dissection *, unsigned depth, struct bytes label,
                        struct bytes value);
/* Every member of an object. Says so when it is none. */
void dissect_json_object(struct dissection *, unsigned depth, struct bytes object);
/* The elements of an array, by names in their order, ended by NULL. Says so when it is none. */
void dissect_json_array(struct dissection *, unsigned depth, struct bytes array,
                        const char *const *names);

#endif
