// Floor 1, host: sleep until a name appears in a folder.
#pragma once

#include <chrono>
#include <string>

#include <tessera/base/config.hpp>

namespace tessera::host {

/// Watches a folder for new names.
///
///   FolderWatch(folder)  Sees what appears from now on. Where the system can't watch (inotify has
///                        no more watches, a folder of another machine), wait() only waits.
///   watches()            False if wait() only waits.
///   wait(name, at_most)  Returns soon after a file of that name has appeared, or a program has
///                        finished to write it; else after `at_most`; also without a reason.
class FolderWatch;

}  // namespace tessera::host

#if defined(TESSERA_POSIX)
#include <tessera/host/folder_watch_posix.hpp>
#else
#include <tessera/host/folder_watch_win32.hpp>
#endif
