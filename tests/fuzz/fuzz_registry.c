/* Fuzzes the reader of the registry's XML: any file is a registry whose tables hold what they
 * promise, or an error with a text. */
#include "decoders/registry/registry.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_numbers(const struct registry *r, enum registry_table_id id)
{
    const struct registry_table *table = &r->table[id];

    for (size_t i = 0; i < table->n; i++) {
        const struct registry_entry *entry = &table->entries[i];

        assert(entry->low <= entry->high);
        assert(i == 0 || table->entries[i - 1].high < entry->low);
    }
}

static void check_names(const struct registry_table *table)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct registry_entry *entry = &table->entries[table->by_name[i]];
        size_t n = strlen(entry->name);

        assert(n > 0 && n <= REGISTRY_NAME_MAX_BYTES);
        assert(i == 0 || strcmp(table->entries[table->by_name[i - 1]].name, entry->name) < 0);
    }
}

static void look_up_all(const struct registry *r)
{
    const struct registry_table *names = &r->table[REGISTRY_SUBPROTOCOLS];

    for (size_t i = 0; i < names->n; i++) {
        const struct registry_entry *entry = &names->entries[i];

        assert(registry_subprotocol(r, entry->name, strlen(entry->name)) == entry);
    }
    for (unsigned i = 0; i <= 16; i++)
        assert(registry_opcode_name(r, i)[0]);
    for (uint32_t code = 900; code <= 5100; code += 25)
        assert(registry_close_code_name(r, code)[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registry_error error;
    struct registry *r = registry_load(data, size, &error);

    assert((error.text[0] == '\0') == (r != NULL));
    if (!r)
        return 0;
    check_numbers(r, REGISTRY_VERSIONS);
    check_numbers(r, REGISTRY_CLOSE_CODES);
    check_numbers(r, REGISTRY_OPCODES);
    check_names(&r->table[REGISTRY_EXTENSIONS]);
    check_names(&r->table[REGISTRY_SUBPROTOCOLS]);
    check_names(&r->table[REGISTRY_HEADER_BITS]);
    look_up_all(r);
    registry_free(r);
    return 0;
}
