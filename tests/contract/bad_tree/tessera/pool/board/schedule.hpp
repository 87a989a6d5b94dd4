#pragma once
#include <tessera/pool/options.hpp>
