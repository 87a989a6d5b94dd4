#pragma once
#include <tessera/base/error.hpp>
#include <tessera/host/file.hpp>  // defect
