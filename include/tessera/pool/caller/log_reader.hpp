// Floor 4, pool/caller: reads what workers print, and passes it on line by line.
//
// Each worker prints into a pipe of its own, with a mark before each tile. Who waits for workers
// reads the pipes: a worker whose pipe is full waits for that. No thread is needed. Each call reads
// no more than what the pipes hold, so who prints without end can't hold the caller.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <tessera/host/output_pipe.hpp>
#include <tessera/pool/board/output_mark.hpp>
#include <tessera/pool/worker_log.hpp>

namespace tessera::detail {

class LogReader {
 public:
  using Sink = std::function<void(const LogLine&)>;

  /// `pipes` must outlive it; none: nothing is ever read. `runner` tells whose thread is in the
  /// sink, which must not use the pool.
  LogReader(std::span<const host::OutputPipe> pipes, Sink sink,
            std::atomic<std::thread::id>& runner)
      : pipes_(pipes), sink_(std::move(sink)), runner_(runner), printers_(pipes.size()) {}

  /// A job begins. Its tiles have numbers below `user_tiles`, in each of its slabs.
  void begin_job(std::size_t user_tiles) {
    if (pipes_.empty()) return;
    const std::lock_guard lock(mutex_);
    user_tiles_ = user_tiles;
  }
  /// Passes on whole lines that were printed until now.
  void read() {
    if (pipes_.empty()) return;
    const std::lock_guard lock(mutex_);
    for (std::size_t w = 0; w < pipes_.size(); ++w) read(w, Clock::now() + longest_read);
  }
  /// The job's workers have left it. Passes on all that they have printed.
  void end_job() {
    if (pipes_.empty()) return;
    const std::lock_guard lock(mutex_);
    for (std::size_t w = 0; w < pipes_.size(); ++w) {
      read(w, (Clock::time_point::max)());
      auto& printer = printers_[w];
      if (!printer.rest.empty()) pass_on(w, std::exchange(printer.rest, {}));
      printer.tile.reset();
    }
  }

  /// True if the sink has thrown. Later lines are dropped until the exception is taken.
  bool failed() const {
    if (pipes_.empty()) return false;
    const std::lock_guard lock(mutex_);
    return failure_ != nullptr;
  }
  /// Throws what the sink has thrown.
  void rethrow() {
    if (pipes_.empty()) return;
    std::unique_lock lock(mutex_);
    if (const auto failure = std::exchange(failure_, nullptr)) {
      lock.unlock();
      std::rethrow_exception(failure);
    }
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t longest_line = 65536;
  static constexpr std::chrono::milliseconds longest_read{10};  // then others are looked at

  struct Printer {
    std::string rest;  // of a line whose end was not read yet
    std::optional<std::size_t> tile;
  };

  // Reads what is in the pipe now, and not what comes meanwhile, until about that time.
  void read(std::size_t w, Clock::time_point until) {
    auto& rest = printers_[w].rest;
    std::array<char, 4096> bytes;
    try {
      for (auto left = pipes_[w].available(); left > 0 && Clock::now() < until;) {
        const auto n = pipes_[w].read(std::span(bytes).first((std::min)(left, bytes.size())));
        if (n == 0) return;
        left -= n;
        std::string_view text(bytes.data(), n);
        for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
          rest += text.substr(0, end);
          text.remove_prefix(end + 1);
          take_line(w, std::exchange(rest, {}));
        }
        rest += text;
        if (rest.size() > longest_line) {
          const auto cut = before_mark(rest);
          pass_on(w, rest.substr(0, cut));
          rest.erase(0, cut);
        }
      }
    } catch (const std::bad_alloc&) {
      if (!failure_) failure_ = std::current_exception();
    }
  }
  void take_line(std::size_t w, const std::string& line) {
    const auto [text, is_mark, tile] = read_mark(line);
    if (!text.empty() || !is_mark) pass_on(w, text);
    if (!is_mark) return;
    printers_[w].tile = tile;
    if (tile && user_tiles_ != 0) printers_[w].tile = *tile % user_tiles_;
  }
  void pass_on(std::size_t w, std::string_view text) {
    if (failure_) return;
    const auto before = runner_.exchange(std::this_thread::get_id());
    try {
      sink_({w, printers_[w].tile, text});
    } catch (...) {
      failure_ = std::current_exception();
    }
    runner_.store(before);
  }

  std::span<const host::OutputPipe> pipes_;
  Sink sink_;
  std::atomic<std::thread::id>& runner_;
  mutable std::mutex mutex_;  // the pool's end may read beside a job
  std::vector<Printer> printers_;
  std::size_t user_tiles_ = 0;
  std::exception_ptr failure_;
};

}  // namespace tessera::detail
