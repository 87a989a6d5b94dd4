#pragma once
#include <tessera/host/mapping.hpp>
#include "file_info.hpp"  // defect
