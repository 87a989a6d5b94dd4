// Floor 4, pool/caller: the definitions of async_job.hpp.
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/doorbell.hpp>
#include <tessera/memory/segment.hpp>
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/async_job.hpp>
#include <tessera/pool/caller/cancel_token.hpp>
#include <tessera/pool/caller/job_order.hpp>
#include <tessera/pool/report.hpp>

namespace tessera::detail {

TESSERA_FUNC JobError not_begun(const JobOrder& order) {
  std::vector<std::size_t> all;
  if (order.only) all = order.as_user_tiles(*order.only);
  for (std::size_t tile = 0; !order.only && tile < order.user_tiles(); ++tile) all.push_back(tile);
  return {Errc::cancelled,
          "the job was cancelled before it began",
          "its elements are as they were",
          std::move(all),
          {}};
}

struct AsyncJob::Parts {
  enum class Phase : int { queued, running, ended, skipped };
  static_assert(std::atomic<Phase>::is_always_lock_free);

  std::shared_ptr<PoolMemory> pool;
  std::shared_ptr<CancelToken> cancel = std::make_shared<CancelToken>();
  std::vector<Segment::NameUse> names{};
  std::atomic<Phase> phase{Phase::queued};
  std::mutex releasing{};
  host::Doorbell ended{};
  // Written before the end and read after it.
  std::size_t done = 0;
  std::exception_ptr error{};
  Report report{};
};

TESSERA_FUNC AsyncJob::AsyncJob(JobOrder job_order, std::shared_ptr<PoolMemory> pool)
    : order(std::move(job_order)), parts_(new Parts{.pool = std::move(pool)}) {
  order.cancel = parts_->cancel;
  parts_->names.reserve(order.arguments.size());
  for (const auto& argument : order.arguments) parts_->names.emplace_back(argument.segment);
  parts_->report.tiles = order.wanted_user_tiles();
}
TESSERA_FUNC AsyncJob::~AsyncJob() = default;

TESSERA_FUNC bool AsyncJob::begin() noexcept {
  auto phase = Parts::Phase::queued;
  if (parts_->phase.compare_exchange_strong(phase, Parts::Phase::running)) return true;
  release_if_skipped();
  return false;
}
TESSERA_FUNC void AsyncJob::end(std::exception_ptr error, Report report) noexcept {
  parts_->done = error ? tiles_done() : order.wanted_user_tiles();
  parts_->error = std::move(error);
  parts_->report = std::move(report);
  release_arrays();
  parts_->phase.store(Parts::Phase::ended);  // releases all of the above, and the results
  parts_->ended.ring();
}

TESSERA_FUNC void AsyncJob::cancel() noexcept {
  if (parts_->pool->inherited()) return;
  const int kept = errno;
  const auto round = parts_->cancel->request();
  auto phase = Parts::Phase::queued;
  if (parts_->phase.compare_exchange_strong(phase, Parts::Phase::skipped)) {
    parts_->ended.ring();
  } else if (phase == Parts::Phase::running && round != 0) {
    parts_->pool->board.membership().stop(round);
    parts_->pool->board.done_bell().ring();
  }
  errno = kept;
}

TESSERA_FUNC bool AsyncJob::wait_until(Clock::time_point deadline) {
  parts_->pool->check_process();
  for (;;) {
    const auto epoch = parts_->ended.epoch();
    if (over()) return true;
    const auto now = Clock::now();
    if (now >= deadline) return false;
    if (parts_->pool->in_kernel())
      throw Error(Errc::invalid_argument, "TiledPool",
                  "a kernel can't wait for a job of the pool that runs it",
                  "wait for it where the first job was started");
    parts_->ended.wait(epoch, std::min<Clock::duration>(deadline - now, std::chrono::hours(1)));
  }
}
TESSERA_FUNC void AsyncJob::abandon() noexcept {
  if (parts_->pool->inherited()) return;
  cancel();
  // A kernel that destroys its own Job can't wait for itself.
  const auto waits = [this] { return !over() && !parts_->pool->in_kernel(); };
  if (!waits() || wait_until(Clock::now() + std::chrono::seconds(2))) return;
  parts_->cancel->expire();
  parts_->pool->board.done_bell().ring();
  while (waits()) wait_until(Clock::now() + std::chrono::hours(1));
}

TESSERA_FUNC Progress AsyncJob::progress() const {
  parts_->pool->check_process();
  const auto total = order.wanted_user_tiles();
  if (parts_->cancel->round() != 0 && parts_->phase.load() == Parts::Phase::running) {
    const auto done = tiles_done();
    // The next job sets the counters to 0, with release, after this job's end. So if this thread
    // has read such a 0, it sees the end here.
    if (parts_->phase.load() == Parts::Phase::running) return {done, total};
  }
  return {parts_->phase.load() == Parts::Phase::ended ? parts_->done : 0, total};
}

TESSERA_FUNC void AsyncJob::check_end() const {
  if (parts_->phase.load() == Parts::Phase::skipped) throw not_begun(order);
  if (parts_->error) std::rethrow_exception(parts_->error);
}
TESSERA_FUNC const Report& AsyncJob::report() const noexcept { return parts_->report; }

TESSERA_FUNC bool AsyncJob::over() noexcept {
  release_if_skipped();
  const auto phase = parts_->phase.load();
  return phase == Parts::Phase::ended || phase == Parts::Phase::skipped;
}
TESSERA_FUNC std::size_t AsyncJob::tiles_done() const noexcept {
  if (parts_->cancel->round() == 0) return 0;
  std::size_t done = 0;
  for (const auto& slot : parts_->pool->board.workers())
    done += slot.tiles.load(std::memory_order_acquire);
  return done / order.slabs_per_tile;
}
// cancel() must not do this. So the first thread that sees `skipped` does it. Done on return.
TESSERA_FUNC void AsyncJob::release_if_skipped() noexcept {
  if (parts_->phase.load() != Parts::Phase::skipped) return;
  const std::lock_guard lock(parts_->releasing);
  release_arrays();
}
TESSERA_FUNC void AsyncJob::release_arrays() noexcept {
  parts_->names.clear();
  order.arguments.clear();
}

}  // namespace tessera::detail
