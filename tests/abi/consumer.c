/* What pkg-config and CMake users compile: prints the tier of the build that the dynamic linker chose. */
#include <fastattn.h>

#include <stdio.h>

int main(void) {
    printf("%s\n", fa_simd_tier());
    return 0;
}
