// Public: PoolOptions, StartMethod, set_start_method, set_reap_orphans. Floor 4, pool: options of a
// pool. Every option has a default.
#pragma once

#include <atomic>
#include <functional>

#include <tessera/host/capabilities.hpp>
#include <tessera/pool/worker_log.hpp>
#include <tessera/pool/worker_setup.hpp>

namespace tessera {

/// How the processes of a pool are started.
enum class StartMethod {
  /// Workers are copies of the caller at that moment, with all that it has loaded and set. The
  /// fastest start. Not on Windows. Throws Error(invalid_argument) if the caller has other threads:
  /// a copy would have their locks, and data that they were changing.
  fork,
  /// The pool starts the program's file again. main() must begin with run_as_worker:
  ///
  ///     if (auto code = tessera::run_as_worker(argc, argv)) return *code;
  ///     TiledPool pool(8, {.start_method = StartMethod::spawn});
  ///
  /// It takes as long as the program takes to start. Memory and threads of the caller do not
  /// matter. Kernels see globals as they are at the call of run_as_worker. Libraries that are
  /// loaded after it are unknown to workers.
  spawn,
  /// As fork, even if there are other threads. A lock that one of them holds at that moment stays
  /// locked in the workers for ever: your own locks, and the C library's lock for exit handlers,
  /// which a kernel needs to construct a static object with a destructor. The C library's memory,
  /// streams and loader are safe.
  fork_with_threads
};

namespace detail {

inline std::atomic<StartMethod> usual_start_method{host::can_fork ? StartMethod::fork
                                                                  : StartMethod::spawn};
inline std::atomic<bool> usually_reaps{true};
}  // namespace detail

/// Sets the start method of later pools whose options give none. The default is fork, on Windows
/// spawn.
inline void set_start_method(StartMethod method) noexcept {
  detail::usual_start_method.store(method);
}

/// Sets whether later pools remove orphans when they start, if their options do not say. The
/// default is true; see PoolOptions::reap_orphans.
inline void set_reap_orphans(bool reaps) noexcept { detail::usually_reaps.store(reaps); }

/// How a pool works: `TiledPool pool(2, {.caller_computes = true})`.
struct PoolOptions {
  /// The thread that waits for a job is one of the workers. No core idles and short jobs end
  /// sooner, but a kernel that crashes ends the program. A pool with only this worker has no
  /// process and no keeper: if the program is killed, its names stay until the next pool starts and
  /// removes them.
  bool caller_computes = false;
  /// Each worker is pinned to a core of its own, if there are as many workers as cores that this
  /// process may use, and as long as no other process keeps that core busy. Otherwise no worker is
  /// pinned. Pinned workers stay in the caller's session, and short jobs end sooner. If one thread
  /// uses two such pools in turn, workers of the other pool spin on the same cores for about 50
  /// microseconds after each job: better set this to false for the second pool.
  bool pin = true;
  /// How its processes are started; see set_start_method().
  StartMethod start_method = detail::usual_start_method.load();
  /// The pool removes orphans of this user when it starts. An orphan is an array whose program
  /// ended without removing its name: the program was killed, and it had no keeper or the keeper
  /// was killed too. If there are more than 64 names, the search ends after two milliseconds.
  /// Folders that other machines share are not searched. Set it to false to look at what a dead
  /// program left.
  bool reap_orphans = detail::usually_reaps.load();
  /// How many threads OpenMP in kernels, OpenBLAS, MKL and BLIS may use in each worker, if the
  /// program is linked with them (on Windows: with their DLLs, without BLIS). One: the workers are
  /// the threads, and with more of them each job would have cores times cores. 0: as many as the
  /// library would use. It does not hold for the caller's own thread.
  int library_threads = 1;
  /// Each worker calls this function once before its first job, and so does each worker that
  /// replaces a dead one; with caller_computes, the thread that makes the pool, too. It loads what
  /// kernels find in globals, opens files, sets a locale or a seed. As a kernel, it captures by
  /// value. It may take the worker's number, a std::size_t.
  ///
  ///     TiledPool pool(8, {.each_worker = [](std::size_t worker) { table = load_table(worker);
  ///     }});
  ///
  /// The constructor waits for all workers. If the function throws or ends its process, it throws
  /// Error(pool_unusable). If that happens to a replacement later, others go on, and the
  /// replacement is started again, ever more seldom. A job that waits for workers of which each has
  /// failed three times in a row throws that Error some seconds later. A function that never
  /// returns is waited for.
  WorkerSetup each_worker{};
  /// Gets what workers print, to both streams, line by line, with the worker's number and its tile.
  /// Lines of a job arrive while the job is waited for, at the latest before map returns, in the
  /// thread that runs the job; lines of a worker that dies arrive too. Lines of each_worker arrive
  /// before the constructor returns.
  ///
  ///     TiledPool pool(8, {.log = log_to_stderr});
  ///     TiledPool pool(8, {.log = [&](const LogLine& line) { lines.emplace_back(line.text); }});
  ///
  /// A line of more than 64 KiB arrives in pieces. The function must not use the pool: it gets an
  /// Error. If it throws, the job stops, and map (or the constructor) throws that, and no JobError.
  /// A worker that prints more than a pipe holds (64 KiB to 1 MiB) waits until the caller reads,
  /// which with caller_computes is between tiles; that wait counts for JobOptions::tile_timeout. A
  /// tile costs one system call more, about a microsecond. Without this option, workers print
  /// where the caller prints, and parts of lines may mix. What the caller itself prints in a kernel
  /// (caller_computes) is not read. Of std::cout after sync_with_stdio(false), only what a kernel
  /// flushes arrives. It takes two descriptors for each worker.
  std::function<void(const LogLine&)> log{};
  /// Run jobs even if this process has changed its user or groups since the pool was made. Kernels
  /// run with the old ones. If false, such a job throws Error(pool_unusable).
  bool user_may_change = false;
};

}  // namespace tessera
