/* What pkg-config and CMake users compile: prints the tier of the build that the dynamic linker chose. */
#include <fastattn.h>

#include <stdio.h>

int main(void) {
    const char *tier = fa_simd_tier();
    printf("%s\n", tier != NULL ? tier : fa_last_error());
    return 0;
}
