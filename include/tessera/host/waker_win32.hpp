// Floor 1, host: the members of waker.hpp for Windows.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_WIN32)

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tessera/host/descriptor.hpp>
#include <tessera/host/file_info.hpp>
#include <tessera/host/win32.hpp>

namespace tessera::host {

namespace detail {

/// The futex of Windows, for the threads of one process. Looked up at run time: no linker lists its
/// library.
struct AddressWait {
  BOOL(WINAPI* wait)(volatile VOID*, PVOID, SIZE_T, DWORD) = nullptr;
  VOID(WINAPI* wake_all)(PVOID) = nullptr;

  static const AddressWait& instance() noexcept {
    static const AddressWait its = [] {
      const auto find = [](const char* name) {
        // Cast through a pointer type to which every function pointer may be cast.
        return reinterpret_cast<void (*)()>(
            ::GetProcAddress(::GetModuleHandleW(L"kernelbase.dll"), name));
      };
      AddressWait out;
      out.wait = reinterpret_cast<decltype(out.wait)>(find("WaitOnAddress"));
      out.wake_all = reinterpret_cast<decltype(out.wake_all)>(find("WakeByAddressAll"));
      return out;
    }();
    return its;
  }
};

inline DWORD milliseconds_of(std::chrono::nanoseconds time) noexcept {
  return static_cast<DWORD>(std::clamp<std::int64_t>(time.count() / 1'000'000, 1, 1'000'000'000));
}

}  // namespace detail

class Waker {
 public:
  Waker() = default;
  static Waker made(const std::string& subject) {
    Waker out;
    out.semaphores_ = std::make_shared<Semaphores>();
    for (auto& semaphore : *out.semaphores_) {
      semaphore = Descriptor(::CreateSemaphoreW(nullptr, 0, 2 * most_at_once, nullptr));
      if (!semaphore) throw last_failure(subject, "making a semaphore");
    }
    return out;
  }

  static constexpr std::size_t handles = 2;
  void give(std::vector<const Descriptor*>& list) const {
    for (const auto& semaphore : *semaphores_) list.push_back(&semaphore);
  }
  static Waker taken(std::vector<Descriptor>& list, std::size_t at) {
    Waker out;
    out.semaphores_ = std::make_shared<Semaphores>();
    for (auto& semaphore : *out.semaphores_) semaphore = std::move(list[at++]);
    return out;
  }

  void wake(std::uint32_t* word, std::uint32_t epoch, std::uint32_t sleepers) const noexcept {
    if (semaphores_ == nullptr) return detail::AddressWait::instance().wake_all(word);
    const auto count = std::min<std::uint32_t>(sleepers, most_at_once);
    ::ReleaseSemaphore((*semaphores_)[epoch % 2].get(), static_cast<LONG>(count), nullptr);
  }
  void wait(std::uint32_t* word, std::uint32_t epoch,
            std::chrono::nanoseconds at_most) const noexcept {
    const auto milliseconds = detail::milliseconds_of(at_most);
    if (semaphores_ == nullptr)
      detail::AddressWait::instance().wait(word, &epoch, sizeof epoch, milliseconds);
    else if (std::atomic_ref(*word).load() == epoch)
      ::WaitForSingleObject((*semaphores_)[epoch % 2].get(), milliseconds);
  }

 private:
  // Used in turn: a sleeper that has woken and sleeps again can't take the wake of another one.
  using Semaphores = std::array<Descriptor, 2>;
  static constexpr std::uint32_t most_at_once = 1024;

  std::shared_ptr<Semaphores> semaphores_;
};

}  // namespace tessera::host

#endif
