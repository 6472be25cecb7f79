/* fastattn-levels: prints which builds this machine can run, and what it lacks for the others.
 * With the name of a level: exit status 0 when that build runs, 1 when not, 2 for an unknown name. */
#include "levels.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    static const char *const names[] = {"x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"};
    levels_words words;
    char text[512];
    int status = argc > 1 ? 2 : 0;
    levels_read(&words);
    for (int level = 1; level <= 4; level++) {
        if (argc > 1 && strcmp(argv[1], names[level - 1]) != 0) continue;
        int lacks = levels_lack(level, &words, text, sizeof text) > 0;
        printf("%s%s%s\n", names[level - 1], lacks ? ": this machine lacks " : "", text);
        if (argc > 1) status = lacks;
    }
    return status;
}
