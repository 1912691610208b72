# Makes the manual page: awk -v version=V -f manual.awk FINDINGS FIELDS ui/wsight.1.in, with the tables
# decoders/findings.def and analyzer/filter/filter_fields.def. @VERSION@ is replaced by the version, a
# line @FINDINGS@ by an entry for each finding, a line @FIELDS@ by the fields of display filters.

# The table: FINDING(NAME, "id", SEVERITY, CLASS, "section", "sentence"), on one line or several.
FNR == 1 {
    file++
}

file == 1 {
    if ($0 ~ /^FINDING\(/)
        entry = ""
    entry = entry " " $0
    if ($0 ~ /"\)[ \t]*$/ && split(entry, part, "\"") == 7 && entry ~ /^ FINDING\(/) {
        split(part[3], kind, /[ ,]+/)
        id[++findings] = part[2]
        heading[findings] = tolower(kind[2]) ", " tolower(kind[3]) (part[4] == "" ? "" : ", " part[4])
        sentence[findings] = part[6]
        entry = ""
    }
    next
}

# FIELD(GROUP, "name", TYPE, NEEDS, getter, "meaning"), on one line or two, and ALIAS("name", "own").
file == 2 {
    if ($0 ~ /^FIELD\(/)
        entry = ""
    entry = entry " " $0
    if ($0 ~ /"\)[ \t]*$/ && split(entry, part, "\"") == 5 && entry ~ /^ FIELD\(/) {
        split(part[1], first, /[ (,]+/)
        split(part[3], kind, /[ ,]+/)
        field[++fields] = part[2]
        group[fields] = tolower(first[3])
        type[fields] = tolower(kind[2])
        meaning[fields] = part[4]
        entry = ""
    }
    if ($0 ~ /^ALIAS\(/) {
        split($0, part, "\"")
        alias[++aliases] = part[2]
        own[aliases] = part[4]
        entry = ""
    }
    next
}

# Text for roff: no line may begin a request, and a hyphen in an id is a minus sign.
function roff(text)
{
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    return text ~ /^[.']/ ? "\\&" text : text
}

$0 == "@FINDINGS@" {
    for (i = 1; i <= findings; i++)
        printf ".TP\n.B %s\n%s (%s)\n", roff(id[i]), roff(sentence[i]), roff(heading[i])
    listed = 1
    next
}

$0 == "@FIELDS@" {
    for (i = 1; i <= fields; i++) {
        if (group[i] != group[i - 1])
            printf ".SS Fields: %s\n", group[i]
        printf ".TP\n.BR %s \" (%s)\"\n%s.\n", roff(field[i]), type[i], roff(meaning[i])
    }
    print ".SS Other names, as in Wireshark"
    for (i = 1; i <= aliases; i++)
        printf ".B %s\nis\n.BR %s %s\n", roff(alias[i]), roff(own[i]), i < aliases ? "," : "."
    next
}

{
    gsub(/@VERSION@/, version)
    print
}

END {
    if (!findings) {
        print "manual.awk: no finding in the table" > "/dev/stderr"
        exit 1
    }
    if (!fields || !aliases) {
        print "manual.awk: no field in the table" > "/dev/stderr"
        exit 1
    }
    if (!listed) {
        print "manual.awk: the page has no line @FINDINGS@" > "/dev/stderr"
        exit 1
    }
}
