// expect: ok
// Were this refused, every other case here would fail for the wrong reason.
#include <tessera.hpp>

int main() { return 0; }
