#include <tessera/host/folder_watch.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::host::FolderWatch;

TEST_CASE("a watch returns after its time if the name does not appear") {
  const Folder folder;
  FolderWatch watch(folder.file(""));
  write_file(folder.file("other"), "x");
  const auto began = std::chrono::steady_clock::now();
  watch.wait("wanted", 20ms);
  CHECK(std::chrono::steady_clock::now() - began >= 20ms);
}

#if defined(TESSERA_POSIX)
TEST_CASE("a watch returns when the name appears, by whatever way, and not for another name") {
  const Folder folder;
  const auto path = folder.file("wanted");
  FolderWatch watch(folder.file(""));
  REQUIRE(watch.watches());
  const auto comes = [&](auto&& make) {
    std::filesystem::remove(path);
    std::thread maker([&] {
      write_file(folder.file("other"), "x");
      make();
    });
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!exists(path) && std::chrono::steady_clock::now() < end) watch.wait("wanted", 20s);
    maker.join();
    return std::chrono::steady_clock::now() < end;
  };
  CHECK(comes([&] { write_file(path, "x"); }));
  CHECK(comes([&] { std::filesystem::rename(folder.file("other"), path); }));
  CHECK(comes([&] {
    write_file(folder.file("third"), "x");
    std::filesystem::create_hard_link(folder.file("third"), path);
  }));
}

TEST_CASE("a watch of a folder that is not there, or that goes, only waits") {
  FolderWatch nowhere("/tessera-test/no/such/folder");
  CHECK_FALSE(nowhere.watches());
  nowhere.wait("wanted", 1ms);
  const auto path = std::filesystem::temp_directory_path() / unique_name("watched");
  std::filesystem::create_directory(path);
  FolderWatch watch(path.string());
  std::filesystem::remove(path);
  for (int k = 0; k < 3; ++k) watch.wait("wanted", 1ms);
  CHECK_FALSE(watch.watches());
}

TEST_CASE("a watch sees nothing of what an earlier one has watched") {
  const Folder before, folder;
  {
    FolderWatch watch(before.file(""));
    write_file(before.file("wanted"), "x");
  }
  FolderWatch watch(folder.file(""));
  write_file(before.file("wanted"), "y");
  const auto began = std::chrono::steady_clock::now();
  watch.wait("wanted", 20ms);
  CHECK(std::chrono::steady_clock::now() - began >= 20ms);
}

TEST_CASE("watches of a forked child and of its parent both see the name") {
  const Folder folder;
  { const FolderWatch earlier(folder.file("")); }
  const auto sees = [&] {
    FolderWatch watch(folder.file(""));
    write_file(folder.file("ready" + std::to_string(tessera::host::own_pid())), "");
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!exists(folder.file("wanted")) && std::chrono::steady_clock::now() < end)
      watch.wait("wanted", 20s);
    return std::chrono::steady_clock::now() < end;
  };
  Child first([&] { must(sees(), "one child sees it"); });
  Child second([&] { must(sees(), "the other child sees it"); });
  REQUIRE(wait_until([&] {
    return exists(folder.file("ready" + std::to_string(first.pid()))) &&
           exists(folder.file("ready" + std::to_string(second.pid())));
  }));
  write_file(folder.file("wanted"), "x");
  CHECK(first.failure() == "");
  CHECK(second.failure() == "");
}
#endif
