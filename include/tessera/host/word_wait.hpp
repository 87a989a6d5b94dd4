// Floor 1, host: sleep until a word of shared memory changes. The sleeper may have it read-only.
//
// Linux waits on the word itself (futex). On Windows a wait between processes needs an object with
// a name: an event that exists while somebody waits. Any number of processes wait on one word, and
// each of them may be killed at any time: nothing of it stays.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <type_traits>

#include <tessera/base/config.hpp>
#include <tessera/host/waker.hpp>

#if defined(TESSERA_WIN32)
#include <tessera/host/descriptor.hpp>
#include <tessera/host/win32.hpp>
#endif

namespace tessera::host {

/// The name of what is waited on, the same in all processes: text that ends with a 0. Nothing is
/// allocated for it, since arrays end without memory too.
using WaitName = std::array<char, 64>;

/// Wakes all that wait for this word. Call it after changing the word. Only Windows calls name().
template <class Name>
  requires std::is_invocable_r_v<WaitName, Name>
void wake_waiters([[maybe_unused]] std::uint32_t* word,
                  [[maybe_unused]] const Name& name) noexcept {
#if defined(TESSERA_POSIX)
  Waker().wake(word, 0, 1);
#else
  if (const Descriptor event{::OpenEventA(EVENT_MODIFY_STATE, FALSE, name().data())})
    ::SetEvent(event.get());
#endif
}

/// Returns when it is woken, after `at_most`, without a reason, or at once if the word is not
/// `seen`. On Windows a wake may get lost where several wait: it takes `at_most` then.
template <class Name>
  requires std::is_invocable_r_v<WaitName, Name>
void wait_for_change(std::uint32_t* word, std::uint32_t seen, std::chrono::nanoseconds at_most,
                     [[maybe_unused]] const Name& name) noexcept {
#if defined(TESSERA_POSIX)
  Waker().wait(word, seen, at_most);
#else
  // Reset before the word is read: a change after that sets it again.
  const Descriptor event(::CreateEventA(nullptr, TRUE, FALSE, name().data()));
  if (!event) return ::Sleep(detail::milliseconds_of(at_most));
  ::ResetEvent(event.get());
  if (std::atomic_ref(*word).load() == seen)
    ::WaitForSingleObject(event.get(), detail::milliseconds_of(at_most));
#endif
}

}  // namespace tessera::host
