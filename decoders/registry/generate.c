/* Build-time program: turns the registry's XML (websocket.xml, IANA's schema) into the constant C
 * table of registry.h and its registry_builtin.
 *
 *     generate websocket.xml [registry_table.c]
 *
 * Without a second name it writes to standard output. */
#include "decoders/registry/registry.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const table_names[REGISTRY_TABLES] = {
    "extensions", "subprotocols", "versions", "close_codes", "opcodes", "header_bits",
};

static const char *const table_ids[REGISTRY_TABLES] = {
    "REGISTRY_EXTENSIONS",  "REGISTRY_SUBPROTOCOLS", "REGISTRY_VERSIONS",
    "REGISTRY_CLOSE_CODES", "REGISTRY_OPCODES",      "REGISTRY_HEADER_BITS",
};

static const char *const status_ids[] = {
    [REGISTRY_ASSIGNED] = "REGISTRY_ASSIGNED", [REGISTRY_UNASSIGNED] = "REGISTRY_UNASSIGNED",
    [REGISTRY_RESERVED] = "REGISTRY_RESERVED", [REGISTRY_PRIVATE_USE] = "REGISTRY_PRIVATE_USE",
    [REGISTRY_INTERIM] = "REGISTRY_INTERIM",   [REGISTRY_STANDARD] = "REGISTRY_STANDARD",
};

/* A string literal. Whatever could mean something else in C (quotes, trigraphs, bytes beyond ASCII)
 * is an octal escape of three digits, which cannot swallow what follows. */
static void put_string(const char *s)
{
    putchar('"');
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c < ' ' || c > '~' || c == '"' || c == '\\' || c == '?')
            printf("\\%03o", (unsigned)c);
        else
            putchar(c);
    }
    printf("\", ");
}

static void put_entries(const struct registry_table *table, const char *name)
{
    printf("static const struct registry_entry %s[] = {\n", name);
    for (size_t i = 0; i < table->n; i++) {
        const struct registry_entry *e = &table->entries[i];

        printf("    {");
        put_string(e->name);
        put_string(e->description);
        put_string(e->reference);
        put_string(e->date);
        put_string(e->updated);
        printf("%lu, %lu, %s},\n", (unsigned long)e->low, (unsigned long)e->high,
               status_ids[e->status]);
    }
    printf("};\n\n");
}

static void put_order(const struct registry_table *table, const char *name)
{
    printf("static const uint16_t %s_by_name[] = {", name);
    for (size_t i = 0; i < table->n; i++)
        printf("%s%u,", i % 16 ? " " : "\n    ", (unsigned)table->by_name[i]);
    printf("\n};\n\n");
}

static void put_rules(const struct registry_table *table, const char *name)
{
    printf("static const struct registry_rule %s_rules[] = {\n", name);
    for (size_t i = 0; i < table->n_rules; i++) {
        const struct registry_rule *rule = &table->rules[i];

        printf("    {");
        put_string(rule->scope);
        put_string(rule->rule);
        printf("%lu, %lu},\n", (unsigned long)rule->low, (unsigned long)rule->high);
    }
    printf("};\n\n");
}

static void put_table(const struct registry_table *table, const char *id, const char *name)
{
    printf("        [%s] = {", id);
    put_string(table->title);
    printf("%s, %zu, ", table->n ? name : "NULL", table->n);
    if (table->by_name)
        printf("%s_by_name, ", name);
    else
        printf("NULL, ");
    if (table->n_rules)
        printf("%s_rules, %zu},\n", name, table->n_rules);
    else
        printf("NULL, 0},\n");
}

static void put_registry(const struct registry *r)
{
    printf("/* Generated from decoders/registry/websocket.xml. */\n"
           "#include \"decoders/registry/registry.h\"\n\n");
    for (size_t i = 0; i < REGISTRY_TABLES; i++) {
        if (r->table[i].n)
            put_entries(&r->table[i], table_names[i]);
        if (r->table[i].by_name)
            put_order(&r->table[i], table_names[i]);
        if (r->table[i].n_rules)
            put_rules(&r->table[i], table_names[i]);
    }
    printf("static const struct registry builtin = {\n    ");
    put_string(r->title);
    put_string(r->created);
    put_string(r->updated);
    put_string("built in");
    printf("\n    {\n");
    for (size_t i = 0; i < REGISTRY_TABLES; i++)
        put_table(&r->table[i], table_ids[i], table_names[i]);
    printf("    },\n};\n\n"
           "const struct registry *registry_builtin(void)\n{\n    return &builtin;\n}\n");
}

static int generate(const char *from, const char *to, const uint8_t *xml, size_t n)
{
    struct registry_error error;
    struct registry *r = registry_load(xml, n, &error);

    if (!r) {
        fprintf(stderr, "%s:%lu: %s\n", from, error.line, error.text);
        return 1;
    }
    if (to && !freopen(to, "w", stdout)) {
        perror(to);
        registry_free(r);
        return 1;
    }
    put_registry(r);
    registry_free(r);
    if (fflush(stdout) || ferror(stdout)) {
        perror(to ? to : "generate");
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const size_t room = (size_t)REGISTRY_XML_MAX_BYTES + 1;
    bool usage = argc != 2 && argc != 3;
    uint8_t *xml = malloc(room);
    FILE *in = usage ? NULL : fopen(argv[1], "rb");
    size_t n = in && xml ? fread(xml, 1, room, in) : 0;
    int status = 1;

    if (usage)
        fprintf(stderr, "usage: generate websocket.xml [registry_table.c]\n");
    else if (!in || !xml || ferror(in))
        perror(argv[1]);
    else
        status = generate(argv[1], argc == 3 ? argv[2] : NULL, xml, n);
    if (in)
        fclose(in);
    free(xml);
    return status;
}
