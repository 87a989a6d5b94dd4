// Floor 1, host: an open file, with what the system knew of it when it was opened.
#pragma once

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>

namespace tessera::host {

/// An open file, and what the system knew of it when it was opened.
struct OpenFile : Descriptor {
  FileInfo info;
};

}  // namespace tessera::host
