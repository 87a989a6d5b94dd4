// Floor 1, host: an open file with its properties at the time of opening.
#pragma once

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>

namespace tessera::host {

/// An open file, and its properties when it was opened.
struct OpenFile : Descriptor {
  FileInfo info;
};

}  // namespace tessera::host
