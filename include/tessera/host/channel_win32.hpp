// Floor 1, host: the members of channel.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file.hpp>

namespace tessera::host {

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
  bool closed() const noexcept {
    if (queue_ == nullptr) return true;
    const std::lock_guard lock(queue_->mutex);
    return queue_->closed && queue_->count == 0;
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

struct ChannelPair {
  Channel ours, theirs;
  explicit ChannelPair(const std::string& subject) {
    ours.queue_ = theirs.queue_ = std::make_shared<Channel::Queue>();
    if (!ours.queue_->ready) throw last_failure(subject, "making an event");
  }
};

}  // namespace tessera::host

#endif
