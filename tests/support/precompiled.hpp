// What every test includes, compiled once for all test programs: it saves a third of their time. What
// a source forgets to include itself is found by the target compiles_alone.
#pragma once

#include <tessera.hpp>

#include "catch.hpp"
