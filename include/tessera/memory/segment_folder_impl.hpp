// Floor 3, memory: the definitions of segment_folder.hpp.
#pragma once

#include <string>

#include <tessera/base/config.hpp>
#include <tessera/host/segment_folder.hpp>
#include <tessera/memory/segment_folder.hpp>

namespace tessera {

TESSERA_FUNC void set_segment_folder(const std::string& path) { host::choose_segment_folder(path); }
TESSERA_FUNC std::string segment_folder() { return host::segment_folder(); }

}  // namespace tessera
