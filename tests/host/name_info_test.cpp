#include <tessera/host/name_info.hpp>

#if defined(TESSERA_POSIX)  // names in folders

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <string>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("what stands under a name is told without opening it") {
  const Folder folder;
  write_file(folder.file("file"), "12345");
  std::filesystem::create_symlink(folder.file("file"), folder.file("link"));
  REQUIRE(::mkfifo(folder.file("fifo").c_str(), 0600) == 0);
  const auto thing = [&](const char* name) {
    return std::string(host::read_name_info(folder.file(name)).value().thing);
  };
  CHECK((thing("file") == "a file" && thing("link") == "a link" && thing("fifo") == "a fifo" &&
         thing("") == "a folder"));
  const auto look = host::read_name_info(folder.file("file"));
  CHECK((look->bytes == 5 && look->regular && look->ours && look->user == ::geteuid()));
  CHECK_FALSE(host::read_name_info(folder.file("none")));
}

TEST_CASE("who removes orphans unasked sees every own file that may be a segment, and no other") {
  CHECK(failure_in_private_shm(MiB, [] {
          const std::string block(64, 'x');
          for (const auto* name : {"a", "b", ".hidden"}) write_file(shm_path(name), block);
          write_file(shm_path("odd"), "x");
          write_file(shm_path("empty"), "");
          std::filesystem::create_symlink(shm_path("a"), shm_path("link"));
          std::set<std::string> seen;
          host::visit_own_files(std::chrono::microseconds(0),
                                [&](const std::string& name) { seen.insert(name); });
          must(seen == std::set<std::string>{"a", "b"}, "two names may be segments");
          for (const auto* name : {"a", "b", ".hidden", "odd", "empty", "link"})
            ::unlink(shm_path(name).c_str());
        }) == "");
}

#endif
