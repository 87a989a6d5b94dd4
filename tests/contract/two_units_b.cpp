#include <tessera.hpp>

int from_the_other_unit();

int from_the_other_unit() { return 0; }
