// Pools on Windows: their processes, who ends them, and what of the caller's they have.
#include <tessera.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/pools.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::into;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
namespace host = tessera::host;

namespace {

/// One of the hidden tests below, as a process of its own; what it is to know stands in variables.
class Program {
 public:
  explicit Program(const std::string& test) {
    const auto file = host::detail::program_file("test");
    std::wstring line =
        L'"' + file + L"\" -w NoTests \"" + std::wstring(test.begin(), test.end()) + L'"';
    STARTUPINFOW with{};
    with.cb = sizeof with;
    PROCESS_INFORMATION made{};
    if (::CreateProcessW(file.c_str(), line.data(), nullptr, nullptr, FALSE, 0, nullptr, nullptr,
                         &with, &made) == 0)
      throw std::runtime_error("CreateProcess failed");
    ::CloseHandle(made.hThread);
    process_ = host::Descriptor(made.hProcess);
    pid_ = static_cast<int>(made.dwProcessId);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { kill(); }

  int pid() const { return pid_; }
  void kill() const { ::TerminateProcess(process_.get(), host::ProcessHandle::killed); }
  /// Its exit code; -1 where it does not end.
  int exit_code() const {
    DWORD code = 0;
    if (::WaitForSingleObject(process_.get(), 20000) != WAIT_OBJECT_0) return -1;
    ::GetExitCodeProcess(process_.get(), &code);
    return static_cast<int>(code);
  }

 private:
  host::Descriptor process_;
  int pid_ = 0;
};

/// A variable of this process, and of those that it starts meanwhile.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    ::SetEnvironmentVariableA(name, value.c_str());
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::SetEnvironmentVariableA(name_, nullptr); }

 private:
  const char* name_;
};

std::string told() {
  const char* const name = std::getenv("TESSERA_TEST_NAME");
  return name != nullptr ? name : "";
}

std::atomic_ref<int> at(const SharedArray<int, 1>& array, std::size_t i) {
  return std::atomic_ref<int>(const_cast<int&>(array(i)));
}

}  // namespace

TEST_CASE("arrays and code are at other addresses in a worker than in its caller") {
  static int a_global = 0;
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({1});
  struct Addresses {
    std::uintptr_t element, global, module;
  };
  const auto here = [](auto v) {
    return Addresses{reinterpret_cast<std::uintptr_t>(&v(0)),
                     reinterpret_cast<std::uintptr_t>(&a_global),
                     reinterpret_cast<std::uintptr_t>(::GetModuleHandleW(nullptr))};
  };
  const auto there = pool.map({1}, here, into(a))(0);
  CHECK(there.element != reinterpret_cast<std::uintptr_t>(&a(0)));
  CHECK(there.module != reinterpret_cast<std::uintptr_t>(::GetModuleHandleW(nullptr)));
  CHECK(there.global - there.module ==
        reinterpret_cast<std::uintptr_t>(&a_global) -
            reinterpret_cast<std::uintptr_t>(::GetModuleHandleW(nullptr)));
}

TEST_CASE("a pool of copies is refused where a process can't be copied") {
  for (const auto method : {tessera::StartMethod::fork, tessera::StartMethod::fork_with_threads}) {
    const auto error = error_of([&] { TiledPool pool(1, {.start_method = method}); });
    CHECK(error.errc() == Errc::invalid_argument);
    CHECK(has(error.what(), "StartMethod::spawn"));
  }
}

TEST_CASE("more workers than Windows waits for are refused, and as many as it does compute") {
  const auto error = error_of([] { TiledPool pool(64); });
  CHECK(error.errc() == Errc::invalid_argument);
  CHECK(has(error.what(), "63"));
  TiledPool pool(63);
  auto a = SharedArray<int, 1>::create({1000});
  pool.map(
      {1}, [](const Tile<1>& t, auto v) { v = static_cast<int>(t.number()); }, into(a));
  for (std::size_t k = 0; k < 1000; ++k) REQUIRE(a(k) == static_cast<int>(k));
}

TEST_CASE("a program that forgot to call run_as_worker is told to, and is no worse for it") {
  {
    const Variable forgets("TESSERA_TEST_FORGETS", "1");
    for (int time = 0; time < 3; ++time) {
      const auto error = error_of([] { TiledPool pool(2); });
      CHECK(error.errc() == Errc::pool_unusable);
      CHECK(has(error.what(), "run_as_worker(argc, argv)"));
    }
  }
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({4});
  pool.map({1}, add_one, into(a));
  CHECK(a(3) == 1);
}

TEST_CASE("a worker has its caller's folder, streams and environment, and no word of its start") {
  const Variable variable("TESSERA_TEST_NAME", "seen");
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({3});
  struct Folder {
    std::array<wchar_t, 300> name;
  };
  const auto folder = pool.map(
      {3},
      [](auto v) {
        v(0) = told() == "seen";
        v(1) = std::getenv(tessera::detail::started_variable) == nullptr;
        v(2) = static_cast<int>(::GetFileType(::GetStdHandle(STD_OUTPUT_HANDLE)));
        Folder out{};
        ::GetCurrentDirectoryW(300, out.name.data());
        return out;
      },
      into(a))(0);
  CHECK(a(0) == 1);
  CHECK(a(1) == 1);
  CHECK(a(2) == static_cast<int>(::GetFileType(::GetStdHandle(STD_OUTPUT_HANDLE))));
  CHECK(std::filesystem::path(folder.name.data()) == std::filesystem::current_path());
}

TEST_CASE("a handle that others may inherit is not inherited by workers") {
  const host::Descriptor event = host::detail::inheritable(
      host::Descriptor(::CreateEventW(nullptr, TRUE, FALSE, nullptr)).get());
  REQUIRE(event);
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({1});
  const auto number = reinterpret_cast<std::uintptr_t>(event.get());
  pool.map(
      {1},
      [number](auto v) {
        // Another object may have this number there: it is no event that the caller sets.
        v(0) = static_cast<int>(::SetEvent(reinterpret_cast<HANDLE>(number)));
      },
      into(a));
  CHECK(::WaitForSingleObject(event.get(), 0) == WAIT_TIMEOUT);
}

TEST_CASE("a kernel that holds an address of this process is refused") {
  // Where Wine puts heap and stack, numbers are too small to tell; Windows puts them higher.
  void* const memory = ::VirtualAlloc(reinterpret_cast<void*>(std::uintptr_t{1} << 40), 4096,
                                      MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  REQUIRE(memory != nullptr);
  const int* const pointer = static_cast<int*>(memory);
  TiledPool pool(1);
  auto a = SharedArray<int, 1>::create({1});
  const auto error = error_of([&] {
    pool.map(
        {1}, [pointer](auto v) { v = *pointer; }, into(a));
  });
  CHECK(error.errc() == Errc::captured_address);
  ::VirtualFree(memory, 0, MEM_RELEASE);
  pool.map(
      {1}, [pointer](auto v) { v = pointer != nullptr; }, into(a));
  CHECK(a(0) == 1);  // nothing is there any more
}

TEST_CASE("workers end when their pool does") {
  std::vector<int> pids;
  {
    TiledPool pool(3);
    REQUIRE(wait_until([&] { return pool.worker_pids().size() == 3; }));
    pids = pool.worker_pids();
  }
  for (const int pid : pids) CHECK(has_ended(pid));
}

TEST_CASE("the caller that is killed", "[.program]") {
  const auto report = SharedArray<int, 1>::attach(told());
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({2});
  wait_until([&] { return pool.worker_pids().size() == 2; });
  const auto job = pool.map_async(
      {1}, [](auto) { std::this_thread::sleep_for(60s); }, into(a));
  for (std::size_t w = 0; w < 2; ++w) at(report, w).store(pool.worker_pids()[w]);
  std::this_thread::sleep_for(60s);
}

TEST_CASE("workers end with their caller, though it is killed in the middle of a job") {
  auto report = SharedArray<int, 1>::create({2});
  const Variable variable("TESSERA_TEST_NAME", report.name());
  const Program caller("the caller that is killed");
  REQUIRE(wait_until([&] { return at(report, 0).load() != 0 && at(report, 1).load() != 0; }));
  const std::array workers{at(report, 0).load(), at(report, 1).load()};
  for (const int pid : workers) CHECK_FALSE(has_ended(pid));
  caller.kill();
  CHECK(caller.exit_code() == static_cast<int>(host::ProcessHandle::killed));
  for (const int pid : workers) CHECK(wait_until([&] { return has_ended(pid); }, 2s));
}

TEST_CASE("the caller that makes pools", "[.program]") {
  for (;;) {
    TiledPool pool(2);
    auto a = SharedArray<int, 1>::create({64});
    for (int job = 0; job < 5; ++job) pool.map({4}, add_one, into(a));
  }
}

TEST_CASE("a caller that is killed at any moment leaves no process") {
  std::minstd_rand random(3);
  std::size_t busy = 0, left = 0;
  for (int trial = 0; trial < 25; ++trial) {
    const Program caller("the caller that makes pools");
    // Any moment, so that nothing is to be waited for.
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 300));
    busy += !children_of(caller.pid()).empty();
    caller.kill();
    REQUIRE(caller.exit_code() == static_cast<int>(host::ProcessHandle::killed));
    if (wait_until([&] { return children_of(caller.pid()).empty(); }, 2s)) continue;
    ++left;
    for (const int pid : children_of(caller.pid())) kill_process(pid);
  }
  REQUIRE(busy > 5);
  // Wine's own loader may stay where the caller ends in the middle of CreateProcess: it has not
  // come to the worker's program. One kill in three left a worker when these were to be put into a
  // job.
  REQUIRE(left <= 2);
}

TEST_CASE("the one that exits", "[.program]") {
  const auto report = SharedArray<int, 1>::attach(told());
  static std::optional<TiledPool> of_the_program;
  static std::optional<tessera::Job<void>> job;
  std::optional<TiledPool> of_this_block;
  const int destroyed = at(report, 2).load();
  auto& pool = destroyed != 0 ? of_the_program : of_this_block;
  pool.emplace(2);
  auto a = SharedArray<int, 1>::create({2});
  const auto kernel = [](const Tile<1>& tile, auto) {
    if (tile.number() == 1) std::this_thread::sleep_for(300ms);  // which no stop shortens
    while (!tile.stop_requested()) std::this_thread::sleep_for(1ms);
  };
  auto running = pool->map_async({1}, kernel, into(a));
  if (destroyed == 2)
    job.emplace(std::move(running));
  else
    new auto(std::move(running));  // the pool ends it, or the program's end does
  wait_until([&] { return pool->worker_pids().size() == 2; });
  for (std::size_t w = 0; w < 2; ++w) at(report, w).store(pool->worker_pids()[w]);
  std::exit(0);
}

TEST_CASE("a program that calls exit with a pool alive and a job running leaves no process") {
  const int destroyed = GENERATE(0, 1, 2);  // nothing, the pool, its job too
  auto report = SharedArray<int, 1>::create({3});
  report(2) = destroyed;
  const Variable variable("TESSERA_TEST_NAME", report.name());
  const Program program("the one that exits");
  CHECK(program.exit_code() == 0);
  for (const std::size_t w : {0, 1}) {
    const int pid = at(report, w).load();
    REQUIRE(pid != 0);
    CHECK(wait_until([&] { return has_ended(pid); }, 5s));
  }
}

TEST_CASE("a pool whose program can't be started says why") {
  // As where an updater has put another in its place.
  const std::filesystem::path own(host::detail::program_file("test"));
  const auto away = std::filesystem::path(own).replace_extension(".away");
  std::filesystem::rename(own, away);
  const auto error = error_of([] { TiledPool pool(2); });
  std::filesystem::rename(away, own);
  CHECK(error.errc() == Errc::name_missing);
  CHECK(has(error.what(), "starting the program again"));
  CHECK_FALSE(has(error.what(), "run_as_worker"));
  TiledPool pool(2);
  CHECK(pool.workers() == 2);
}

TEST_CASE("a pool whose workers can't be started any more says so and works once they can") {
  const std::filesystem::path own(host::detail::program_file("test"));
  const auto away = std::filesystem::path(own).replace_extension(".away");
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({4});
  REQUIRE(wait_until([&] { return pool.worker_pids().size() == 2; }));
  const auto pids = pool.worker_pids();
  std::filesystem::rename(own, away);
  for (const int pid : pids) kill_process(pid);
  REQUIRE(wait_until([&] { return pool.worker_pids().empty(); }));
  const auto error = error_of([&] { pool.map({1}, add_one, into(a)); });
  std::filesystem::rename(away, own);
  CHECK(error.errc() == Errc::pool_unusable);
  CHECK(has(error.what(), "the program's file is in place"));
  pool.map({1}, add_one, into(a));
  for (const int element : a) CHECK(element == 1);
}

TEST_CASE("the one without streams", "[.program]") {
  for (const DWORD which : {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE})
    ::SetStdHandle(which, nullptr);
  TiledPool pool(2);
  auto a = SharedArray<int, 1>::create({4});
  pool.map(
      {1}, [](auto v) { std::printf("nobody reads this"), v = 1; }, into(a));
  ::ExitProcess(a(3) == 1 ? 17 : 18);
}

TEST_CASE("a pool works in a program without standard streams") {
  CHECK(Program("the one without streams").exit_code() == 17);
}

TEST_CASE("the one that creates", "[.program]") {
  auto a = SharedArray<int, 1>::create(told(), {3});
  REQUIRE(wait_until([&] { return at(a, 1).load() == 2; }));
  a(2) = 3;
}

TEST_CASE("the one that attaches", "[.program]") {
  std::optional<SharedArray<int, 1>> a;
  REQUIRE(wait_until([&] {
    try {
      a = SharedArray<int, 1>::attach(told());
    } catch (const tessera::Error&) {
      return false;
    }
    return true;
  }));
  at(*a, 1).store(2);
  REQUIRE(wait_until([&] { return at(*a, 2).load() == 3; }));
}

TEST_CASE("two programs of which none is the other's parent share an array by its name") {
  const auto name = unique_name();
  const Variable variable("TESSERA_TEST_NAME", name);
  const Program one("the one that creates"), other("the one that attaches");
  CHECK(one.exit_code() == 0);
  CHECK(other.exit_code() == 0);
  CHECK_FALSE(exists(name));
}

TEST_CASE("a job's files may have any letters in their paths, and are free after it") {
  const Folder folder;
  TiledPool pool(1);
  auto out = SharedArray<int, 1>::create({4});
  for (const char* const name : {"caf\xc3\xa9.npy", "\xe6\x95\xb0 \xd1\x84.npy"}) {
    const auto path = folder.file(name);
    out.fill(1);
    out.save(path);
    {
      const auto file = SharedArray<const int, 1>::map_file(path);
      CHECK(SharedArray<const int, 1>::map_file(file.path())(3) == 1);
      pool.transform(
          out, [](int x) { return x + 1; }, file);
    }
    CHECK(out(3) == 2);
    out.save(path);  // its worker lets go of it in time
    CHECK(SharedArray<int, 1>::load(path)(3) == 2);
    const std::u8string text(path.begin(), path.end());
    CHECK(std::filesystem::exists(std::filesystem::path(text)));
  }
}

TEST_CASE("pools in several threads at once compute, each its own") {
  std::array<int, 3> wrong{};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&wrong, t] {
      TiledPool pool(2);
      auto a = SharedArray<int, 1>::create({100});
      for (int round = 0; round < 50; ++round) pool.map({7}, add_one, into(a));
      for (const int element : a) wrong[t] += element != 50;
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == std::array{0, 0, 0});
}

TEST_CASE("the argument of workers without a pool that gave it is an Error") {
  const Variable quiet("WINEDEBUG", "-all");
  for (const std::string arguments :
       {"", " 7,1,0,0,0", " 7,1,0,0,0 4,8,12", " x 4", " 7,9,9,0,0 0,0,0"}) {
    const auto file = host::detail::program_file("test");
    std::wstring line = L'"' + file + L"\" --tessera-worker";
    line.append(arguments.begin(), arguments.end());
    STARTUPINFOW with{};
    with.cb = sizeof with;
    PROCESS_INFORMATION made{};
    REQUIRE(::CreateProcessW(file.c_str(), line.data(), nullptr, nullptr, FALSE, 0, nullptr,
                             nullptr, &with, &made) != 0);
    ::CloseHandle(made.hThread);
    const host::Descriptor process(made.hProcess);
    REQUIRE(::WaitForSingleObject(process.get(), 20000) == WAIT_OBJECT_0);
    DWORD code = 0;
    ::GetExitCodeProcess(process.get(), &code);
    CHECK(code == 70);
  }
}

TEST_CASE("a process may use the cores of its affinity") {
  DWORD_PTR allowed = 0, all = 0;
  REQUIRE(::GetProcessAffinityMask(::GetCurrentProcess(), &allowed, &all) != 0);
  const auto cores = host::allowed_cores();
  CHECK(host::usable_cores() == cores.size());
  for (const int core : cores) CHECK((allowed >> core & 1) == 1);
  CHECK(host::this_core() >= 0);
}
