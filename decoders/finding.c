/* The table of findings (findings.def) as data. */
#include "finding.h"

#include <assert.h>
#include <stddef.h>

static const struct finding_kind kinds[FINDING_COUNT] = {
#define FINDING(name, id_, severity_, class_, section_, sentence_)                                 \
    [FINDING_##name] = {.id = id_,                                                                 \
                        .section = section_,                                                       \
                        .sentence = sentence_,                                                     \
                        .severity = SEVERITY_##severity_,                                          \
                        .class = CLASS_##class_},
#include "findings.def"
#undef FINDING
};

const struct finding_kind *finding_kind(enum finding_id id)
{
    assert((unsigned)id < FINDING_COUNT);
    return &kinds[id];
}

const char *finding_severity_name(enum finding_severity severity)
{
    static const char *const names[SEVERITY_COUNT] = {"note", "warning", "error"};
    assert((unsigned)severity < SEVERITY_COUNT);
    return names[severity];
}

const char *finding_class_name(enum finding_class class)
{
    static const char *const names[CLASS_COUNT] = {"protocol", "security", "capture", "limit"};
    assert((unsigned)class < CLASS_COUNT);
    return names[class];
}
