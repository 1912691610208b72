#ifndef WSIGHT_REGISTRY_H
#define WSIGHT_REGISTRY_H

/* The IANA WebSocket registry: extension and subprotocol names, version numbers, close codes,
 * opcodes and framing header bits (RFC 6455 section 11, RFC 7692 section 9, RFC 7936).
 *
 * One registry is built into the program: websocket.xml, the project's own data file, becomes a
 * constant C table at build time. Another can be loaded at run time from any file in IANA's XML
 * schema, with the reader that the build used, so that names can be newer or older than the
 * program.
 *
 * All strings are NUL-terminated UTF-8 and never NULL; what is not known is "". They belong to the
 * registry and live as long as it does. Those of a loaded registry come from a file that nobody
 * vouches for: whoever prints them escapes control characters. No look-up allocates; each is a
 * binary search. */

#include <stddef.h>
#include <stdint.h>

enum {
    REGISTRY_XML_MAX_BYTES = 4 * 1024 * 1024, /* a file of XML; IANA's own is 43 KB */
    REGISTRY_XML_MAX_DEPTH = 16,              /* nested elements; IANA's own has 6 */
    REGISTRY_TEXT_MAX_BYTES = 2047,           /* one text, white space collapsed */
    REGISTRY_NAME_MAX_BYTES = 255,            /* an extension, subprotocol or header bit name */
    REGISTRY_ENTRIES_MAX = 4096,              /* in one table */
    REGISTRY_RULES_MAX = 64                   /* of one table */
};

enum registry_table_id {
    REGISTRY_EXTENSIONS,
    REGISTRY_SUBPROTOCOLS,
    REGISTRY_VERSIONS,
    REGISTRY_CLOSE_CODES,
    REGISTRY_OPCODES,
    REGISTRY_HEADER_BITS,
    REGISTRY_TABLES
};

enum registry_status {
    REGISTRY_ASSIGNED,
    REGISTRY_UNASSIGNED,
    REGISTRY_RESERVED,
    REGISTRY_PRIVATE_USE,
    REGISTRY_INTERIM, /* a version number of a draft */
    REGISTRY_STANDARD /* a version number of a standard */
};

/* What one record says. A table of names has names and low = high = 0; a table of numbers has the
 * range low..high (one number: low = high), `name` being what to call it:
 *
 *   table         name                             description
 *   extensions    the token, "permessage-deflate"  the common name
 *   subprotocols  the token, "mqtt"                the common name
 *   versions      "Interim", "Reserved"...         ""
 *   close codes   "Normal Closure", "Unassigned"   the same, or a sentence (1014 "Bad Gateway")
 *   opcodes       "Text", "Connection Close"       "Text Frame", "Connection Close Frame"
 *   header bits   "RSV1"                           what the bit means */
struct registry_entry {
    const char *name;
    const char *description;
    const char *reference; /* "RFC 6455, erratum 3227", an address, or prose */
    const char *date;      /* registered, YYYY-MM-DD */
    const char *updated;   /* YYYY-MM-DD */
    uint32_t low, high;
    enum registry_status status;
};

/* How new entries are made: for the whole table (scope "", 0..0), for a range of its numbers
 * ("3000-3999", low..high), or for a kind ("Interim Version Numbers", 0..0). */
struct registry_rule {
    const char *scope;
    const char *rule; /* "First Come First Served" */
    uint32_t low, high;
};

struct registry_table {
    const char *title;
    const struct registry_entry
        *entries; /* numbers: sorted, not overlapping; names: as in the file */
    size_t n;
    const uint16_t *by_name; /* n indices of entries in strcmp order; NULL in a table of numbers */
    const struct registry_rule *rules;
    size_t n_rules;
};

struct registry {
    const char *title;
    const char *created; /* YYYY-MM-DD */
    const char *updated; /* YYYY-MM-DD: which edition this is */
    const char *source;  /* "built in" or "file" */
    struct registry_table table[REGISTRY_TABLES];
};

/* Why registry_load refused. `line` counts from 1; 0 when it is not about one line. The text is
 * ours: nothing of the file is in it. */
struct registry_error {
    unsigned long line;
    char text[128];
};

/* The registry of the build; never freed. The generated file holds it. */
const struct registry *registry_builtin(void);

/* Reads IANA's XML, in the layout of today or that of 2012 (rules in registries of their own).
 * Unknown elements and registries are skipped. A document type declaration is refused, and so are
 * entities. Returns a registry to be freed, or NULL with `error` filled (which must not be NULL).
 */
struct registry *registry_load(const uint8_t *xml, size_t n, struct registry_error *error);
void registry_free(struct registry *r); /* what registry_load gave; NULL is fine */

/* "Text", "Connection Close"; "Unassigned" when the table does not say otherwise. */
const char *registry_opcode_name(const struct registry *r, unsigned opcode);
const struct registry_entry *registry_opcode(const struct registry *r, unsigned opcode);

/* "Normal Closure"; "Unassigned" for 1000-3999 that the table lacks; "Private Use" for 4000-4999;
 * "Not Used" below 1000 (RFC 6455 section 7.4.2) and "Out of Range" from 5000. */
const char *registry_close_code_name(const struct registry *r, uint32_t code);
/* The record that covers the code, which can be one of unassigned codes; NULL when there is none.
 */
const struct registry_entry *registry_close_code_entry(const struct registry *r, uint32_t code);

/* Sec-WebSocket-Version values; NULL when there is no record. */
const struct registry_entry *registry_version(const struct registry *r, uint32_t version);

/* Exact and case-sensitive, as RFC 6455 compares them; NULL when not registered. */
const struct registry_entry *registry_subprotocol(const struct registry *r, const char *name,
                                                  size_t n);
const struct registry_entry *registry_extension(const struct registry *r, const char *name,
                                                size_t n);

/* The meaning registered for RSV1, RSV2 or RSV3 (rsv 1, 2, 3); NULL when none is. */
const struct registry_entry *registry_header_bit(const struct registry *r, unsigned rsv);

/* The rule by which a number of this table is registered; NULL when the table has no such rule. */
const struct registry_rule *registry_rule_for(const struct registry *r, enum registry_table_id id,
                                              uint32_t number);

/* "assigned", "unassigned", "reserved", "private use", "interim", "standard". */
const char *registry_status_name(enum registry_status status);

#endif
