// All of tessera that is no template, for tessera::compiled.
#include <tessera/src.hpp>
