// Floor 1, host: the folder of a path.
#pragma once

#include <string>

#include <tessera/host/file_info.hpp>

namespace tessera::host {

/// The folder of a path, with a slash at its end.
inline std::string folder_of(const std::string& path) {
  const auto slash = path.find_last_of(windows_paths ? "/\\" : "/");
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

}  // namespace tessera::host
