// Floor 1, host: the functions of respawn.hpp for POSIX.
#pragma once

#include <tessera/base/config.hpp>

#if defined(TESSERA_POSIX)

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/error.hpp>
#include <tessera/host/descriptor.hpp>
#include <tessera/host/detached_child.hpp>
#include <tessera/host/file_info.hpp>
#include <tessera/host/inherited.hpp>
#include <tessera/host/segment_folder.hpp>

namespace tessera::host {

/// The number of the first given file in the new program. The others follow it.
inline constexpr int first_inherited = first_number;

namespace detail {

/// Copies with higher numbers than in the new program, so that no copy overwrites another file.
inline std::vector<Descriptor> copies_beyond(const InheritedHandles& handles,
                                             const std::string& subject) {
  std::vector<Descriptor> out;
  const int beyond = first_inherited + static_cast<int>(handles.size());
  for (const auto* const file : handles) {
    out.emplace_back(::fcntl(file->get(), F_DUPFD_CLOEXEC, beyond));
    if (!out.back()) throw last_failure(subject, "starting the program again");
  }
  return out;
}

/// What posix_spawn is told: all signals are as in a new program, and what is added to `actions`.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
    sigset_t all, none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
};

}  // namespace detail

inline bool has_gained_rights() noexcept {
  if (::getauxval(AT_SECURE) != 0) return true;
  return ::getuid() != ::geteuid() || ::getgid() != ::getegid();
}

inline Respawned respawn(const std::string& subject, std::vector<std::string> arguments,
                         const std::string& variable, const InheritedHandles& handles) {
  if (has_gained_rights())
    throw Error(Errc::not_permitted, subject,
                "this program has more rights than the one that started it (set-user bit, "
                "capabilities, or another effective user), and must not be started again",
                "use StartMethod::fork, or change the real user too");
  detail::SpawnSettings with;
  const auto copies = detail::copies_beyond(handles, subject);
  Numbers numbers;
  for (const auto& copy : copies) {
    const int number = first_inherited + static_cast<int>(numbers.size());
    ::posix_spawn_file_actions_adddup2(&with.actions, copy.get(), number);
    numbers.push_back(static_cast<std::uint64_t>(number));
  }
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  ::posix_spawn_file_actions_addclosefrom_np(&with.actions,
                                             first_inherited + static_cast<int>(copies.size()));
#endif
  arguments.push_back(as_word(numbers));
  std::vector<char*> words{program_invocation_name}, environment;
  for (auto& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  auto folder = segment_folder_given();
  const auto its_name = folder.substr(0, folder.find('=') + 1);
  for (char** kept = environ; kept != nullptr && *kept != nullptr; ++kept)
    if (!std::string_view(*kept).starts_with(its_name)) environment.push_back(*kept);
  environment.push_back(folder.data());
  environment.push_back(const_cast<char*>(variable.c_str()));
  environment.push_back(nullptr);
  const auto result = detail::by_helper(subject, [&] {
    pid_t pid = 0;
    const int failure = ::posix_spawn(&pid, "/proc/self/exe", &with.actions, &with.attributes,
                                      words.data(), environment.data());
    return detail::HelperResult{pid, failure};
  });
  if (result.failure != 0)
    throw system_failure(result.failure, subject, "starting the program again",
                         "see ulimit -u and the memory that is free; /proc must be there");
  return {result.pid};
}

inline std::vector<Descriptor> take_inherited(std::string_view word, std::size_t count) {
  std::vector<Descriptor> out;
  const auto numbers = as_numbers(word);
  if (!numbers || numbers->size() != count) return out;
  for (std::size_t i = 0; i < count; ++i)
    if ((*numbers)[i] != static_cast<std::size_t>(first_inherited) + i ||
        ::fcntl(static_cast<int>((*numbers)[i]), F_GETFD) < 0)
      return out;
  for (const auto number : *numbers) {
    out.emplace_back(static_cast<int>(number));
    ::fcntl(out.back().get(), F_SETFD, FD_CLOEXEC);
  }
  return out;
}

inline void forget_variable(const char* variable) noexcept { ::unsetenv(variable); }

}  // namespace tessera::host

#endif
