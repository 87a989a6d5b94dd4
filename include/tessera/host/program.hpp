// Floor 1, host: this program, started again.
//
// A new process image, not a copy of this process: its other threads, its memory and what they were
// in the middle of do not matter, and neither does how large it is.
#pragma once

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/base/text.hpp>
#include <tessera/host/file.hpp>
#include <tessera/host/segment_folder.hpp>
#include <tessera/host/unseen_child.hpp>

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/types.h>
#include <unistd.h>
#endif
#if defined(TESSERA_LINUX)
#include <sys/auxv.h>
#endif

namespace tessera::host {

/// Numbers as one word of a command line, and back; nothing if it is no such word.
using Numbers = std::vector<std::uint64_t>;
inline std::string as_word(const Numbers& numbers) {
  std::string out;
  for (const auto number : numbers) tessera::detail::append_item(out, std::to_string(number), ",");
  return out;
}
inline std::optional<Numbers> as_numbers(std::string_view word) {
  Numbers out;
  const char *at = word.data(), *const end = at + word.size();
  for (;;) {
    const auto [next, failure] = std::from_chars(at, end, out.emplace_back());
    if (failure != std::errc()) return std::nullopt;
    if (next == end) return out;
    if (*next != ',') return std::nullopt;
    at = next + 1;
  }
}

/// Files, and on Windows other handles, that a program is started with.
using Given = std::vector<const Descriptor*>;

/// A program that was started.
struct Started {
  int pid = 0;
  Descriptor process{};  ///< on Windows
};

#if defined(TESSERA_POSIX)

/// True where this process has rights that whoever started it may lack: a program with the set-user
/// or set-group bit or capabilities of its file, or one that has changed its effective user alone,
/// whose next program is like that.
inline bool has_gained_rights() noexcept {
#if defined(TESSERA_LINUX)
  if (::getauxval(AT_SECURE) != 0) return true;
#endif
  return ::getuid() != ::geteuid() || ::getgid() != ::getegid();
}

/// The number of the first of them in the new program; the others follow.
inline constexpr int first_given = first_number;

namespace detail {

/// Copies beyond the numbers that the new program has them at: no copy overwrites another.
inline std::vector<Descriptor> copies_beyond(const Given& given, const std::string& subject) {
  std::vector<Descriptor> out;
  const int beyond = first_given + static_cast<int>(given.size());
  for (const auto* const file : given) {
    out.emplace_back(::fcntl(file->get(), F_DUPFD_CLOEXEC, beyond));
    if (!out.back()) throw last_failure(subject, "starting the program again");
  }
  return out;
}

}  // namespace detail

/// Starts the program that runs here once more, from its own file even if its name leads elsewhere
/// by now, with these arguments, a word for take_given() and `variable` (as in "NAME=value") in its
/// environment besides what is there. It is no child of this process. It has this process's folders
/// and standard streams, signals as a new program has them, and of all descriptors the `given`
/// alone (glibc before 2.34 can't close those that are not marked close-on-exec). Throws
/// Error(not_permitted) where it would have gained rights, Error(system).
inline Started start_again(const std::string& subject, std::vector<std::string> arguments,
                           const std::string& variable, const Given& given) {
#if defined(TESSERA_LINUX)
  if (has_gained_rights())
    throw Error(Errc::not_permitted, subject,
                "this program has more rights than whoever started it (set-user bit, capabilities, "
                "or another effective user), and must not be started again by anybody's word",
                "use StartMethod::fork, or change the real user too");
  struct Actions {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    Actions() {
      ::posix_spawn_file_actions_init(&actions);
      ::posix_spawnattr_init(&attributes);
    }
    Actions(const Actions&) = delete;
    Actions& operator=(const Actions&) = delete;
    ~Actions() {
      ::posix_spawn_file_actions_destroy(&actions);
      ::posix_spawnattr_destroy(&attributes);
    }
  } with;
  sigset_t all, none;
  ::sigfillset(&all);
  ::sigemptyset(&none);
  ::posix_spawnattr_setsigdefault(&with.attributes, &all);
  ::posix_spawnattr_setsigmask(&with.attributes, &none);
  ::posix_spawnattr_setflags(&with.attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  const auto copies = detail::copies_beyond(given, subject);
  Numbers numbers;
  for (const auto& copy : copies) {
    const int number = first_given + static_cast<int>(numbers.size());
    ::posix_spawn_file_actions_adddup2(&with.actions, copy.get(), number);
    numbers.push_back(static_cast<std::uint64_t>(number));
  }
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
  ::posix_spawn_file_actions_addclosefrom_np(&with.actions,
                                             first_given + static_cast<int>(copies.size()));
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
  const auto told = detail::by_helper(subject, [&] {
    pid_t pid = 0;
    const int failure = ::posix_spawn(&pid, "/proc/self/exe", &with.actions, &with.attributes,
                                      words.data(), environment.data());
    return detail::Told{pid, failure};
  });
  if (told.failure != 0)
    throw system_failure(told.failure, subject, "starting the program again",
                         "see ulimit -u and the memory that is free; /proc must be there");
  return {told.pid};
#else
  static_cast<void>(arguments), static_cast<void>(variable), static_cast<void>(given);
  throw Error(Errc::system, subject, "starting the program again needs Linux");
#endif
}

/// Takes, by the word that it was started with, `count` files that start_again() gave this program;
/// none if it gave others or none at all.
inline std::vector<Descriptor> take_given(std::string_view word, std::size_t count) {
  std::vector<Descriptor> out;
  const auto numbers = as_numbers(word);
  if (!numbers || numbers->size() != count) return out;
  for (std::size_t i = 0; i < count; ++i)
    if ((*numbers)[i] != static_cast<std::size_t>(first_given) + i ||
        ::fcntl(static_cast<int>((*numbers)[i]), F_GETFD) < 0)
      return out;
  for (const auto number : *numbers) {
    out.emplace_back(static_cast<int>(number));
    ::fcntl(out.back().get(), F_SETFD, FD_CLOEXEC);
  }
  return out;
}

/// What this process starts does not see `variable`.
inline void forget_variable(const char* variable) noexcept { ::unsetenv(variable); }

#endif

}  // namespace tessera::host

#if defined(TESSERA_WIN32)
#include <tessera/host/program_win32.hpp>
#endif
