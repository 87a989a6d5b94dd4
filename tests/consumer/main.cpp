// What a user's program sees: one header, C++20, and no macro of ours but TESSERA_*.
#include <tessera.hpp>

static_assert(__cplusplus >= 202002L);
static_assert(TESSERA_VERSION_MAJOR == 0);

int main() { return 0; }
