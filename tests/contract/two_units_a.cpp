// With two_units_b.cpp: everything in the headers may be defined in several units of one program.
#include <tessera.hpp>

int from_the_other_unit();

int main() { return from_the_other_unit(); }
