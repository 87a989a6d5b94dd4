// Public: run_as_worker. Floor 4, pool: the entry point of a program that a pool has started again.
//
// On POSIX the started program is the keeper, and forks the workers. On Windows it is a worker. See
// keeper/spawn.hpp.
#pragma once

#include <optional>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>

namespace tessera {

/// For programs that use StartMethod::spawn. Call it first in main():
///
///     int main(int argc, char** argv) {
///       if (auto code = tessera::run_as_worker(argc, argv)) return *code;
///
/// If a pool has started this process, the call works for the pool until the pool ends. Then it
/// ends the process, without the program's destructors and exit handlers. Otherwise it returns
/// nothing at once, and the program goes on. Code before the call runs in every such process.
/// Kernels see globals as they are at the call.
///
/// It prints an error and returns 70 if the pool is not of the same user and the same file, or if
/// the program has more rights than its starter (set-user bit, capabilities of the file). On
/// Windows the pool passes handles; only the process that starts another can do that, with its own
/// token.
std::optional<int> run_as_worker(int argc, char** argv);

}  // namespace tessera

#if !defined(TESSERA_COMPILED)
#include <tessera/pool/run_as_worker_impl.hpp>
#endif
