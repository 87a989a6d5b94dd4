// Floor 1, host: children.hpp for Windows, where a keeper is a thread of its caller.
//
// Its channel is a queue of this process. Its children are in a job object of this process: when it
// ends, however it ends, the system ends them.
#pragma once

#include <tessera/host/children.hpp>

#if defined(TESSERA_WIN32)

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <tessera/host/program.hpp>

namespace tessera::host {

/// One end of a queue between two threads: what one end sends the other receives. Whoever sends
/// waits where the queue is full.
class Channel {
 public:
  Channel() = default;
  Channel(Channel&&) noexcept = default;
  Channel& operator=(Channel&& other) noexcept {
    std::swap(queue_, other.queue_);
    return *this;
  }
  ~Channel() { close(); }

  void send(char byte) const noexcept {
    if (queue_ == nullptr) return;
    auto& queue = *queue_;
    std::unique_lock lock(queue.mutex);
    queue.room.wait(lock, [&] { return queue.count < queue.bytes.size() || queue.closed; });
    if (queue.closed) return;
    queue.bytes[(queue.first + queue.count++) % queue.bytes.size()] = byte;
    ::SetEvent(queue.ready.get());
  }
  /// The byte that arrived, or nothing where the other end has closed.
  std::optional<char> receive() const noexcept {
    if (queue_ == nullptr) return std::nullopt;
    auto& queue = *queue_;
    for (;;) {
      ::WaitForSingleObject(queue.ready.get(), INFINITE);
      const std::lock_guard lock(queue.mutex);
      if (queue.count == 0) {
        if (queue.closed) return std::nullopt;
        continue;
      }
      const char byte = queue.bytes[queue.first];
      queue.first = (queue.first + 1) % queue.bytes.size();
      if (--queue.count == 0 && !queue.closed) ::ResetEvent(queue.ready.get());
      queue.room.notify_one();
      return byte;
    }
  }
  void close() noexcept {
    if (queue_ == nullptr) return;
    {
      const std::lock_guard lock(queue_->mutex);
      queue_->closed = true;
      queue_->room.notify_all();
      ::SetEvent(queue_->ready.get());
    }
    queue_.reset();
  }

  /// True once it has closed, and what was sent is received.
  bool closed() const noexcept {
    if (queue_ == nullptr) return true;
    const std::lock_guard lock(queue_->mutex);
    return queue_->closed && queue_->count == 0;
  }

  /// Signalled while there is something to receive, or an end.
  const Descriptor& descriptor() const noexcept { return queue_->ready; }

 private:
  friend struct ChannelPair;
  struct Queue {
    std::mutex mutex;
    std::condition_variable room;
    std::array<char, 64> bytes;
    std::size_t first = 0, count = 0;
    bool closed = false;
    Descriptor ready{::CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  };
  std::shared_ptr<Queue> queue_;
};

/// Both ends; bytes travel from ours to theirs.
struct ChannelPair {
  Channel ours, theirs;
  explicit ChannelPair(const std::string& subject) {
    ours.queue_ = theirs.queue_ = std::make_shared<Channel::Queue>();
    if (!ours.queue_->ready) throw last_failure(subject, "making an event");
  }
};

/// Programs that this process has started and that end when it ends.
class Children {
 public:
  explicit Children(const std::string& subject) : job_(::CreateJobObjectW(nullptr, nullptr)) {
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (!job_ || ::SetInformationJobObject(job_.get(), JobObjectExtendedLimitInformation, &limits,
                                           sizeof limits) == 0)
      throw last_failure(subject, "making a job object");
  }

  /// As host::start_again; gives the new process's number.
  int start_again(const std::string& subject, const std::vector<std::string>& arguments,
                  const std::string& variable, const Given& given) {
    children_.reserve(children_.size() + 1);  // a process that is there must be known
    auto started = host::start_again(subject, arguments, variable, given, job_);
    children_.push_back(std::move(started));
    return children_.back().pid;
  }

  /// A child that has ended and was not collected yet, if there is one.
  std::optional<ChildEnd> collect() noexcept {
    for (auto child = children_.begin(); child != children_.end(); ++child) {
      if (::WaitForSingleObject(child->process.get(), 0) != WAIT_OBJECT_0) continue;
      DWORD code = 0;
      ::GetExitCodeProcess(child->process.get(), &code);
      const ChildEnd end{child->pid, static_cast<int>(code)};
      children_.erase(child);
      return end;
    }
    return std::nullopt;
  }

  /// Kills one that is not collected yet.
  void kill(int pid) const noexcept {
    for (const auto& child : children_)
      if (child.pid == pid) ::TerminateProcess(child.process.get(), ProcessHandle::killed);
  }

  struct Woken {
    bool channel_ready, caller_ended;
  };
  /// Until a child ends, the channel has something or has closed, or the timeout. The caller is
  /// this process.
  Woken wait(const Channel& channel, const ProcessHandle&, int milliseconds) const noexcept {
    wait_for(&channel.descriptor(), milliseconds);
    return {::WaitForSingleObject(channel.descriptor().get(), 0) == WAIT_OBJECT_0, false};
  }
  /// Until a child ends, or the timeout.
  void wait(int milliseconds) const noexcept { wait_for(nullptr, milliseconds); }

 private:
  void wait_for(const Descriptor* also, int milliseconds) const noexcept {
    std::array<HANDLE, MAXIMUM_WAIT_OBJECTS> handles;
    DWORD count = 0;
    if (also != nullptr) handles[count++] = also->get();
    for (const auto& child : children_)
      if (count < handles.size()) handles[count++] = child.process.get();
    const DWORD timeout = milliseconds < 0 ? INFINITE : static_cast<DWORD>(milliseconds);
    if (count == 0)
      ::Sleep(timeout);
    else
      ::WaitForMultipleObjects(count, handles.data(), FALSE, timeout);
  }

  Descriptor job_;
  std::vector<Started> children_;
};

/// What one thread can wait for beside its channel.
inline constexpr std::size_t most_children = MAXIMUM_WAIT_OBJECTS - 1;

}  // namespace tessera::host

#endif
