/* Look-ups in the IANA WebSocket registry (RFC 6455 section 11). The tables are constant and
 * sorted; each look-up is a binary search and allocates nothing. */
#include "decoders/registry/registry.h"

#include <string.h>

static const struct registry_entry *find_number(const struct registry_table *table, uint32_t number)
{
    size_t low = 0, high = table->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct registry_entry *entry = &table->entries[middle];

        if (number < entry->low)
            high = middle;
        else if (number > entry->high)
            low = middle + 1;
        else
            return entry;
    }
    return NULL;
}

/* strcmp order of name[0..n) and a string, by unsigned bytes. */
static int compare_name(const char *name, size_t n, const char *other)
{
    size_t other_n = strlen(other);
    size_t common = n < other_n ? n : other_n;
    int order = common ? memcmp(name, other, common) : 0;

    if (order)
        return order;
    return n < other_n ? -1 : n > other_n;
}

static const struct registry_entry *find_name(const struct registry_table *table, const char *name,
                                              size_t n)
{
    size_t low = 0, high = table->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct registry_entry *entry = &table->entries[table->by_name[middle]];
        int order = compare_name(name, n, entry->name);

        if (order < 0)
            high = middle;
        else if (order > 0)
            low = middle + 1;
        else
            return entry;
    }
    return NULL;
}

const struct registry_entry *registry_opcode(const struct registry *r, unsigned opcode)
{
    return find_number(&r->table[REGISTRY_OPCODES], opcode);
}

const char *registry_opcode_name(const struct registry *r, unsigned opcode)
{
    const struct registry_entry *entry = registry_opcode(r, opcode);

    return entry ? entry->name : "Unassigned";
}

const struct registry_entry *registry_close_code_entry(const struct registry *r, uint32_t code)
{
    return find_number(&r->table[REGISTRY_CLOSE_CODES], code);
}

const char *registry_close_code_name(const struct registry *r, uint32_t code)
{
    const struct registry_entry *entry = registry_close_code_entry(r, code);

    if (entry)
        return entry->name;
    if (code < 1000)
        return "Not Used";
    if (code < 4000)
        return "Unassigned";
    return code < 5000 ? "Private Use" : "Out of Range";
}

const struct registry_entry *registry_version(const struct registry *r, uint32_t version)
{
    return find_number(&r->table[REGISTRY_VERSIONS], version);
}

const struct registry_entry *registry_subprotocol(const struct registry *r, const char *name,
                                                  size_t n)
{
    return find_name(&r->table[REGISTRY_SUBPROTOCOLS], name, n);
}

const struct registry_entry *registry_extension(const struct registry *r, const char *name,
                                                size_t n)
{
    return find_name(&r->table[REGISTRY_EXTENSIONS], name, n);
}

const struct registry_entry *registry_header_bit(const struct registry *r, unsigned rsv)
{
    static const char names[3][5] = {"RSV1", "RSV2", "RSV3"};

    if (rsv < 1 || rsv > 3)
        return NULL;
    return find_name(&r->table[REGISTRY_HEADER_BITS], names[rsv - 1], 4);
}

const struct registry_rule *registry_rule_for(const struct registry *r, enum registry_table_id id,
                                              uint32_t number)
{
    const struct registry_table *table = &r->table[id];

    for (size_t i = 0; i < table->n_rules; i++) {
        const struct registry_rule *rule = &table->rules[i];

        if (!rule->scope[0] || (rule->high && number >= rule->low && number <= rule->high))
            return rule;
    }
    return NULL;
}

const char *registry_status_name(enum registry_status status)
{
    switch (status) {
    case REGISTRY_ASSIGNED:
        return "assigned";
    case REGISTRY_UNASSIGNED:
        return "unassigned";
    case REGISTRY_RESERVED:
        return "reserved";
    case REGISTRY_PRIVATE_USE:
        return "private use";
    case REGISTRY_INTERIM:
        return "interim";
    case REGISTRY_STANDARD:
        return "standard";
    }
    return "";
}
