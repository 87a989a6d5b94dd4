#pragma once
#include <tessera/memory/shared_array.hpp>
#include <tessera/pool/options.hpp>
