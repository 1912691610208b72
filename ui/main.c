// wsight's command line: so far it knows its own name and version.
#include "config.h"

#include <stdio.h>
#include <string.h>

static const char usage[] = "Usage: wsight [--help | --version]\n";

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("wsight %s\n", WSIGHT_VERSION) < 0;
    if (argc > 1)
        fprintf(stderr, "wsight: unknown argument: %s\n", argv[1]);
    fputs(usage, stderr);
    return 2;
}
