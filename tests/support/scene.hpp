// What tests with files and processes share: names nobody else has, children whose failure is a
// string, a folder of names of a test's own, waiting for an event.
//
// Catch2's assertions work in the test's own process only. A child says must() instead; what it
// throws, or the signal that ends it, comes back as the text that failure_in_child returns: empty
// if all went well.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <tessera/base/config.hpp>
#include <tessera/base/error.hpp>
#include <tessera/host/process.hpp>
#include <tessera/host/segment_files.hpp>

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace tessera_test {

/// For a test that can't be tried here, as its first words: CTest tells that it was skipped.
///   if (::geteuid() != 0) return skip("only root can try this");
inline void skip(std::string_view why) {
  std::printf("test skipped: %.*s\n", static_cast<int>(why.size()), why.data());
}

/// A name that no other test, and no other run of this one, uses.
inline std::string unique_name(std::string_view what = "x") {
  static int count = 0;
  return "t" + std::to_string(tessera::host::own_pid()) + "-" + std::to_string(++count) + "-" +
         std::string(what);
}

inline std::string shm_path(const std::string& name) { return tessera::host::segment_path(name); }

/// Whether a segment, by its path, or a file is there.
inline bool exists(const std::string& path) {
  if (std::filesystem::exists(std::filesystem::symlink_status(path))) return true;
  return !tessera::host::names_outlive_processes &&
         tessera::host::open_existing(path, tessera::host::Access::read_only, path).has_value();
}

/// Whether a segment goes: at once; on Windows when the workers that have it attached let go.
inline bool goes(const std::string& path) {
  const auto patience = std::chrono::seconds(tessera::host::names_outlive_processes ? 0 : 20);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (exists(path)) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// An expectation in a child.
inline void must(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error("not so: " + what);
}

/// The Error that `call` throws.
template <class Call>
tessera::Error error_of(Call&& call) {
  try {
    call();
  } catch (const tessera::Error& error) {
    return error;
  }
  throw std::runtime_error("no Error was thrown");
}

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Looks until `event` is so; false if the deadline passes first.
template <class Event>
bool wait_until(Event&& event, std::chrono::milliseconds deadline = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!event()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

/// Kills a process, as the out-of-memory killer does or a task manager.
inline void kill_process(int pid) {
#if defined(TESSERA_POSIX)
  ::kill(pid, SIGKILL);
#else
  try {
    tessera::host::ProcessHandle(pid).kill();
  } catch (const tessera::Error&) {
    // It has ended already.
  }
#endif
}

/// For a kernel: its worker is killed.
[[noreturn]] inline void die() {
  kill_process(tessera::host::own_pid());
  for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
}

/// For a kernel: its worker writes where nothing is.
inline void crash() {
  volatile std::uintptr_t nowhere = 8;
  *reinterpret_cast<volatile int*>(nowhere) = 1;
}

/// How the end of a process is told that was killed, or crashed.
#if defined(TESSERA_POSIX)
inline constexpr const char *words_of_kill = "was killed by signal 9 (Killed)",
                            *words_of_crash = "was killed by signal 11 (Segmentation fault)";
#else
inline constexpr const char *words_of_kill = "was killed",
                            *words_of_crash = "crashed: access violation (0xc0000005)";
#endif

#if defined(TESSERA_POSIX)

/// True while a thread (a process's first, given its pid) sleeps in the kernel: it waits for
/// something.
inline bool asleep(int tid) {
  std::ifstream stat("/proc/" + std::to_string(tid) + "/stat");
  std::string text;
  std::getline(stat, text);
  const auto name_end = text.rfind(')');
  return name_end != std::string::npos && text.compare(name_end, 3, ") S") == 0;
}

/// True while every other thread of this process is asleep.
inline bool others_asleep() {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    const int tid = std::stoi(thread.path().filename().string());
    if (tid != ::gettid() && !asleep(tid)) return false;
  }
  return true;
}

/// Waits until every other thread of this process is asleep; not where that can't be seen.
inline void await_sleepers() { wait_until(others_asleep); }

/// A forked child that runs `body` and ends without running the parent's destructors.
class Child {
 public:
  template <class Body>
  explicit Child(Body&& body) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork failed");
    if (pid_ == 0) {
      ::close(ends[0]);
      std::string text;
      try {
        body();
      } catch (const std::exception& error) {
        text = error.what();
      } catch (...) {
        text = "an exception of unknown type";
      }
      if (!text.empty() && ::write(ends[1], text.data(), text.size()) < 0) ::_exit(98);
      ::_exit(text.empty() ? 0 : 99);
    }
    ::close(ends[1]);
    report_ = ends[0];
  }
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), report_(std::exchange(other.report_, -1)) {}
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (pid_ > 0) {
      kill(SIGKILL);
      failure();
    }
  }

  ::pid_t pid() const { return pid_; }
  void kill(int signal) const { ::kill(pid_, signal); }

  /// Waits for its end. Empty if the child ran to it, else what went wrong there.
  std::string failure() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    std::string text(4096, '\0');
    const auto got = ::read(report_, text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    ::close(report_);
    if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
    if (WEXITSTATUS(status) == 0) return {};
    return text.empty() ? "exit status " + std::to_string(WEXITSTATUS(status)) : text;
  }

 private:
  ::pid_t pid_ = -1;
  int report_ = -1;
};

template <class Body>
std::string failure_in_child(Body&& body) {
  return Child(std::forward<Body>(body)).failure();
}

/// Gives this process mounts of its own. Needs root, or user namespaces; says so if it has neither.
inline void leave_mounts() {
  must(::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0,
       "unshare of mounts works (run as root, or allow user namespaces)");
  must(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mounts can be private");
}

/// Runs `body` in a child that sees an empty folder of names, a tmpfs of `bytes`. Whatever other
/// tests do, its names are its own, and so is what it reaps. Empty if all went well and nothing was
/// left there.
template <class Body>
std::string failure_in_private_shm(std::size_t bytes, Body&& body) {
  return failure_in_child([&] {
    leave_mounts();
    const auto options = "size=" + std::to_string(bytes);
    const std::string folder = tessera::host::segment_folder();
    must(::mount("tmpfs", folder.c_str(), "tmpfs", 0, options.c_str()) == 0,
         "a tmpfs can be mounted");
    body();
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      must(false, "nothing is left: " + entry.path().string());
  });
}

#endif

#if !defined(TESSERA_POSIX)
inline void await_sleepers() {}
#endif

inline constexpr std::size_t MiB = std::size_t{1} << 20;

#if defined(TESSERA_POSIX)

/// What this process may do with the memory at an address, as /proc tells it ("rw-s"); empty where
/// none is.
inline std::string access_at(const void* address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long long from = 0, to = 0;
    char access[5] = {};
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    if (std::sscanf(line.c_str(), "%llx-%llx %4s", &from, &to, access) == 3 && from <= at &&
        at < to)
      return access;
  }
  return {};
}
inline bool is_mapped(const void* address) { return !access_at(address).empty(); }
inline bool is_read_only(const void* address) { return access_at(address).starts_with("r-"); }

/// True if whoever writes there crashes.
inline bool refuses_writes(const void* address) {
  return failure_in_child([address] {
           ::signal(SIGSEGV, SIG_DFL);
           *static_cast<volatile char*>(const_cast<void*>(address)) = 'x';
         }) == "killed by signal " + std::to_string(SIGSEGV);
}

/// As failure_in_child, where there are forks; else the body has this process.
template <class Body>
std::string failure_apart(Body&& body) {
  return failure_in_child(std::forward<Body>(body));
}

#else

inline MEMORY_BASIC_INFORMATION memory_at(const void* address) {
  MEMORY_BASIC_INFORMATION out{};
  ::VirtualQuery(address, &out, sizeof out);
  return out;
}
inline bool is_mapped(const void* address) { return memory_at(address).State == MEM_COMMIT; }
inline bool is_read_only(const void* address) {
  return memory_at(address).Protect == PAGE_READONLY;
}
inline bool refuses_writes(const void* address) { return is_read_only(address); }

template <class Body>
std::string failure_apart(Body&& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

/// A process sees no names here but those of what it has.
template <class Body>
std::string failure_in_private_shm(std::size_t, Body&& body) {
  return failure_apart([&] {
    body();
    must(tessera::host::segment_names().empty(), "no name is left");
  });
}

#endif

/// An object whose address looks like one. Windows has stack and heap where addresses do, but Wine
/// has them below 2^32, among the numbers.
template <class T>
class Far {
 public:
#if defined(TESSERA_POSIX)
  template <class... Args>
  explicit Far(Args&&... args) : object_(std::forward<Args>(args)...) {}
  T& operator*() { return object_; }
#else
  template <class... Args>
  explicit Far(Args&&... args) {
    for (auto at = std::uintptr_t{1} << 40; memory_ == nullptr; at += 1 << 16)
      memory_ = ::VirtualAlloc(reinterpret_cast<void*>(at), sizeof(T), MEM_RESERVE | MEM_COMMIT,
                               PAGE_READWRITE);
    object_ = ::new (memory_) T(std::forward<Args>(args)...);
  }
  ~Far() {
    object_->~T();
    ::VirtualFree(memory_, 0, MEM_RELEASE);
  }
  T& operator*() { return *object_; }
#endif
  Far(const Far&) = delete;
  Far& operator=(const Far&) = delete;

 private:
#if defined(TESSERA_POSIX)
  T object_;
#else
  void* memory_ = nullptr;
  T* object_ = nullptr;
#endif
};

/// A folder on disk that goes with this object.
class Folder {
 public:
  Folder()
      : path_((std::filesystem::temp_directory_path() / unique_name("tessera-test")).string()) {
    if (!std::filesystem::create_directory(path_))
      throw std::runtime_error("the folder is there already");
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_;
};

inline std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// A segment of these bytes, whatever they are, as long as this object lives.
class Planted {
 public:
#if defined(TESSERA_POSIX)
  Planted(const std::string& name, std::string_view bytes) : path_(shm_path(name)) {
    write_file(path_, bytes);
  }
  ~Planted() { ::unlink(path_.c_str()); }
#else
  Planted(const std::string& name, std::string_view bytes)
      : section_(::CreateFileMappingA(INVALID_HANDLE_VALUE, nullptr, PAGE_READWRITE, 0,
                                      static_cast<DWORD>(bytes.size()), name.c_str())) {
    tessera::host::write_at(section_, 0, bytes, name);
  }
#endif
  Planted(const Planted&) = delete;
  Planted& operator=(const Planted&) = delete;

 private:
#if defined(TESSERA_POSIX)
  std::string path_;
#else
  tessera::host::Descriptor section_;
#endif
};

/// Removes a path when it ends, for names that a test makes by hand.
struct Removed {
  explicit Removed(std::string p) : path(std::move(p)) {}
  Removed(const Removed&) = delete;
  Removed& operator=(const Removed&) = delete;
  ~Removed() { ::unlink(path.c_str()); }
  std::string path;
};

/// Runs a Python program; true if it ended well. TESSERA_TEST_PYTHON has NumPy, or is empty.
inline bool python(const std::string& program) {
  const Folder folder;
  write_file(folder.file("program.py"), program);
  const auto command =
      "'" + std::string(TESSERA_TEST_PYTHON) + "' '" + folder.file("program.py") + "'";
  return std::system(command.c_str()) == 0;
}
inline bool has_python() { return std::string_view(TESSERA_TEST_PYTHON) != ""; }

}  // namespace tessera_test
