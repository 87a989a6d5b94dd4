#pragma once
#include <tessera/base/error.hpp>
#include <tessera/host/file_posix.hpp>  // defect
