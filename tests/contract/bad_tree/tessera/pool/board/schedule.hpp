#pragma once
#include <tessera/pool/kernel.hpp>
