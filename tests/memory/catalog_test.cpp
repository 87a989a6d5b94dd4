#include "support/catch.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <tessera/memory/catalog.hpp>

#include "support/scene.hpp"
#include "support/segments.hpp"

// Every scene has a /dev/shm of its own: reap() is for the whole folder.

using namespace tessera_test;
using tessera::Errc;
using tessera::SegmentName;
using tessera::catalog::Entry;
using tessera::catalog::Force;
namespace catalog = tessera::catalog;
using Names = std::vector<std::string>;

namespace {

/// An array whose owner was killed.
void make_orphan(const std::string& name) {
  const auto failure = failure_in_child([&] {
    const auto owner = create(name);
    ::raise(SIGKILL);
  });
  must(failure == "killed by signal 9", "the owner was killed: " + failure);
  must(exists(shm_path(name)), "its name stays");
}

void make_kept(const std::string& name) { create(name)->keep(); }

void make_copy(const std::string& of, const std::string& name) {
  write_file(shm_path(name), bytes_of(shm_path(of)));
}

Entry::Kind kind_of(const std::string& name) {
  for (const auto& entry : catalog::list())
    if (entry.name == name) return entry.kind;
  throw std::runtime_error("not listed: " + name);
}

void unlink_all() {
  for (const auto& name : tessera::host::segment_names()) ::unlink(shm_path(name).c_str());
}

}  // namespace

TEST_CASE("the list says of every name whose it is, and changes nothing") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          const auto before = std::chrono::system_clock::now() - std::chrono::seconds(1);
          const auto owned = create("b-owned");
          make_orphan("c-orphan");
          make_kept("a-kept");
          make_copy("b-owned", "d-copy");
          write_file(shm_path("e-text"), "hello");
          std::filesystem::create_directory(shm_path("f-folder"));
          std::filesystem::create_symlink(shm_path("b-owned"), shm_path("g-link"));
          const auto entries = catalog::list();
          must(entries.size() == 7, "seven entries");
          using Kind = Entry::Kind;
          const Kind kinds[] = {Kind::kept,    Kind::owned,   Kind::orphan, Kind::foreign,
                                Kind::foreign, Kind::foreign, Kind::foreign};
          for (std::size_t i = 0; i < 7; ++i) {
            must(entries[i].name[0] == static_cast<char>('a' + i), "sorted by name");
            must(entries[i].kind == kinds[i], "the right kind of " + entries[i].name);
            must(entries[i].header.has_value() == (i < 4), "a header where there is one");
          }
          must(entries[1].header->shape == std::vector<std::size_t>{2, 3}, "with its shape");
          must(entries[1].bytes == 320, "and its bytes");
          must(
              entries[1].created > before && entries[1].created <= std::chrono::system_clock::now(),
              "and its time");
          must(owned->owned() && kind_of("b-owned") == Entry::Kind::owned, "nothing has changed");
          must(kind_of("c-orphan") == Kind::orphan, "nothing has changed");
          std::filesystem::remove(shm_path("f-folder"));
          unlink_all();
        }) == "");
}

TEST_CASE("reaping removes exactly the orphans") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          const auto owned = create("owned");
          make_orphan("orphan");
          make_orphan("another");
          make_kept("kept");
          make_copy("owned", "copy");
          make_copy("orphan", "copy-of-orphan");
          write_file(shm_path("text"), "hello");
          write_file(shm_path("numpy"), bytes_of(shm_path("owned")).substr(0, 152));
          must(catalog::reap() == Names{"another", "orphan"}, "two are removed");
          must(catalog::reap().empty(), "none is left");
          must(tessera::host::segment_names() ==
                   Names{"copy", "copy-of-orphan", "kept", "numpy", "owned", "text"},
               "all others are there");
          unlink_all();
        }) == "");
}

TEST_CASE("an orphan whose header or control block was changed is no longer a proven orphan") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          make_orphan("x");
          const auto good = bytes_of(shm_path("x"));
          for (const std::size_t at : {0u, 20u, 192u, 200u, 204u, 192u + 48u}) {
            auto bytes = good;
            bytes[at] = static_cast<char>(bytes[at] ^ 0x7f);
            // In place, so that the inode stays.
            std::fstream file(shm_path("x"), std::ios::in | std::ios::out | std::ios::binary);
            file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
            file.close();
            must(catalog::reap().empty(), "changed at " + std::to_string(at) + ", it stays");
          }
          std::fstream file(shm_path("x"), std::ios::in | std::ios::out | std::ios::binary);
          file.write(good.data(), static_cast<std::streamsize>(good.size()));
          file.close();
          must(catalog::reap() == Names{"x"}, "as it was, it goes");
        }) == "");
}

TEST_CASE("another user's orphan is not ours to reap or remove") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          make_orphan("x");
          if (::chown(shm_path("x").c_str(), 12345, 12345) != 0) {
            unlink_all();  // only root can try this
            return;
          }
          must(kind_of("x") == Entry::Kind::foreign, "it is foreign");
          must(catalog::reap().empty(), "not reaped");
          must(error_of([] { catalog::remove("x"); }).errc() == Errc::not_permitted, "nor removed");
          unlink_all();
        }) == "");
}

TEST_CASE(
    "any user's orphans are told and reaped where that is asked for, and nothing else of theirs") {
  if (::geteuid() != 0) return skip("only root can try this");
  CHECK(failure_in_private_shm(4 * MiB, [] {
          using Kind = Entry::Kind;
          const auto owned = create("owned");
          make_orphan("orphan");
          make_kept("kept");
          make_copy("owned", "copy");
          make_orphan("own");
          for (const auto* const name : {"owned", "orphan", "kept", "copy"})
            must(::chown(shm_path(name).c_str(), 12345, 12345) == 0, "it is given away");
          const auto kinds = [](const catalog::Options& options) {
            std::vector<Kind> out;
            for (const auto& entry : catalog::list(options)) out.push_back(entry.kind);
            return out;
          };
          // copy, kept, orphan, own, owned
          must(kinds({}) == std::vector{Kind::foreign, Kind::foreign, Kind::foreign, Kind::orphan,
                                        Kind::foreign},
               "foreign, but for one");
          must(kinds({.any_user = true}) ==
                   std::vector{Kind::foreign, Kind::kept, Kind::orphan, Kind::orphan, Kind::owned},
               "as they are");
          must(catalog::list()[0].user == 12345 && catalog::list()[3].user == 0,
               "with their users");
          must(catalog::reap() == Names{"own"}, "one's own without asking");
          must(catalog::reap({.any_user = true}) == Names{"orphan"}, "the other one");
          must(tessera::host::segment_names() == Names{"copy", "kept", "owned"}, "no others");
          unlink_all();
        }) == "");
}

TEST_CASE("what can't be removed is not told as reaped") {
  if (::geteuid() != 0) return skip("only root can try this");
  CHECK(failure_in_private_shm(4 * MiB, [] {
          make_orphan("x");
          must(::chown(shm_path("x").c_str(), 12345, 12345) == 0 &&
                   ::chmod(shm_path("x").c_str(), 0644) == 0 &&
                   ::chmod(tessera::host::segment_folder(), 01777) == 0,
               "it is another user's, to be read by all");
          must(failure_in_child([] {
                 must(
                     ::setresgid(54321, 54321, 54321) == 0 && ::setresuid(54321, 54321, 54321) == 0,
                     "another user can be become");
                 must(catalog::reap({.any_user = true}).empty(), "nothing is reaped");
               }) == "",
               "whoever may not remove it");
          must(catalog::reap({.any_user = true}) == Names{"x"}, "root may");
        }) == "");
}

TEST_CASE("what can't be opened is listed with its size and its user") {
  if (::geteuid() != 0) return skip("only root can try this");
  CHECK(failure_in_private_shm(4 * MiB, [] {
          const auto mine = create("x", {100});
          must(
              failure_in_child([] {
                must(::setresgid(54321, 54321, 54321) == 0 && ::setresuid(54321, 54321, 54321) == 0,
                     "another user can be become");
                const auto entries = catalog::list();
                must(entries.size() == 1 && entries[0].kind == Entry::Kind::foreign &&
                         !entries[0].header && entries[0].user == 0,
                     "it is root's, and that is all");
                must(entries[0].bytes == std::filesystem::file_size(shm_path("x")), "and its size");
              }) == "",
              "by another user");
        }) == "");
}

TEST_CASE("remove takes kept arrays and orphans, owned ones by force, foreign files never") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          const auto remove = [](const char* name, Force force = Force::no) {
            return catalog::remove(name, force);
          };
          make_kept("kept");
          make_orphan("orphan");
          auto owned = create("owned");
          make_copy("owned", "copy");
          must(remove("kept") && !exists(shm_path("kept")), "a kept array");
          must(!remove("kept"), "once");
          must(remove("orphan") && !exists(shm_path("orphan")), "an orphan");
          const auto error = error_of([&] { remove("owned"); });
          must(error.errc() == Errc::not_permitted && has(error.what(), "its owner lives"),
               error.what());
          must(error_of([&] { remove("copy", Force::yes); }).errc() == Errc::not_permitted,
               "no copy");
          must(remove("owned", Force::yes) && !exists(shm_path("owned")), "an owned one by force");
          const auto second = create("owned");
          owned.reset();
          must(exists(shm_path("owned")), "whose end does not touch the next of that name");
          ::unlink(shm_path("copy").c_str());
        }) == "");
}

TEST_CASE("an array that was renamed before its owner ended is listed as kept and can be removed") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          auto owner = create("x");
          std::filesystem::rename(shm_path("x"), shm_path("y"));
          owner.reset();
          must(exists(shm_path("y")), "its owner knows it by its old name only");
          must(kind_of("y") == Entry::Kind::kept, "it stays until it is removed");
          must(catalog::reap().empty(), "nothing to reap");
          must(catalog::remove("y"), "removed");
        }) == "");
}

TEST_CASE("looking at a live array never makes its owner lose it or its creator fail") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          Child looker([] {
            for (;;) {
              catalog::list();
              catalog::reap();
            }
          });
          for (int i = 0; i < 300; ++i) {
            const auto owner = create("x");
            must(exists(shm_path("x")), "it has its name");
          }
        }) == "");
}
