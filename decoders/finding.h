/*
 * The table of findings (findings.def) as an enum and as data.
 *
 * A finding is what wsight says about the traffic: a broken rule, a risk, a loss in the capture or
 * a cap that was hit. Bad input never becomes an error; it becomes a finding.
 */
#ifndef WSIGHT_FINDING_H
#define WSIGHT_FINDING_H

enum finding_id {
#define FINDING(name, id, severity, class, section, sentence) FINDING_##name,
#include "findings.def"
#undef FINDING
    FINDING_COUNT
};

enum finding_severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR, SEVERITY_COUNT };

enum finding_class { CLASS_PROTOCOL, CLASS_SECURITY, CLASS_CAPTURE, CLASS_LIMIT, CLASS_COUNT };

struct finding_kind {
    const char *id;       /* stable and dotted: ws.mask.missing */
    const char *section;  /* of the spec, "" where there is none: RFC 6455 5.1 */
    const char *sentence; /* what it means, without a full stop */
    enum finding_severity severity;
    enum finding_class class;
};

const struct finding_kind *finding_kind(enum finding_id id);

/* "note", "warning", "error". */
const char *finding_severity_name(enum finding_severity severity);

/* "protocol", "security", "capture", "limit". */
const char *finding_class_name(enum finding_class class);

#endif
