# Makes the manual page: awk -v version=V -f manual.awk decoders/findings.def ui/wsight.1.in
# @VERSION@ is replaced by the version, a line @FINDINGS@ by an entry for each finding of the table.

# The table: FINDING(NAME, "id", SEVERITY, CLASS, "section", "sentence"), on one line or several.
FNR == NR {
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

{
    gsub(/@VERSION@/, version)
    print
}

END {
    if (!findings) {
        print "manual.awk: no finding in the table" > "/dev/stderr"
        exit 1
    }
    if (!listed) {
        print "manual.awk: the page has no line @FINDINGS@" > "/dev/stderr"
        exit 1
    }
}
