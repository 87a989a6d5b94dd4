#pragma once
#include <tessera/memory/shared_array.hpp>
#include <xtensor/xtensor.hpp>
#include <atomic>
