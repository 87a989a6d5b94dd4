// Pools of programs that change their user or groups while they run.
#include <grp.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::into;
using tessera::PoolOptions;
using tessera::SharedArray;
using tessera::StartMethod;
using tessera::TiledPool;

namespace {

constexpr unsigned another_user = 61236;

/// The users of all tiles of a job.
unsigned user_of_workers(TiledPool& pool, SharedArray<int, 1>& a) {
  return pool.map(
      {1}, [](auto) { return static_cast<unsigned>(::geteuid()); }, into(a))(0);
}

/// A process that has another user leaves its names: they go with their folder.
template <class Body>
std::string failure_with_names_apart(Body&& body) {
  const Folder folder;
  const auto names = folder.file("names");
  std::filesystem::create_directory(names);
  std::filesystem::permissions(names, std::filesystem::perms::all);
  return failure_in_child([&] {
    tessera::set_segment_folder(names);
    body();
  });
}

void must_refuse(TiledPool& pool, SharedArray<int, 1>& a) {
  const auto kernel = [](auto v) { v += 1; };
  for (const auto& error : {error_of([&] { pool.map({1}, kernel, into(a)); }),
                            error_of([&] { pool.map_async({1}, kernel, into(a)).get(); })})
    must(error.errc() == Errc::pool_unusable && has(error.what(), "make the pool after the change"),
         error.what());
  must(a(0) == 0, "nothing has run");
}

}  // namespace

TEST_CASE(
    "a pool made before its process changes its user or groups refuses jobs, and says when to make "
    "it") {
  const Scene scene;
  if (::geteuid() != 0) return skip("only root can try this");
  const auto method = GENERATE(StartMethod::fork, StartMethod::spawn);
  const std::vector<std::function<int()>> changes{[] { return ::setuid(another_user); },
                                                  [] { return ::seteuid(another_user); },
                                                  [] { return ::setresuid(another_user, 0, 0); },
                                                  [] { return ::setgid(another_user); },
                                                  [] { return ::setegid(another_user); },
                                                  [] {
                                                    const gid_t one = another_user;
                                                    return ::setgroups(1, &one);
                                                  }};
  for (const auto& change : changes)
    CHECK(failure_with_names_apart([&] {
            auto a = SharedArray<int, 1>::create({4});
            TiledPool pool(1, {.start_method = method});
            must(change() == 0, "it can be changed");
            must_refuse(pool, a);
          }) == "");
}

TEST_CASE(
    "a pool refuses jobs while its process has another user, however soon they come, and no "
    "longer") {
  const Scene scene;
  if (::geteuid() != 0) return skip("only root can try this");
  CHECK(failure_with_names_apart([&] {
          auto a = SharedArray<int, 1>::create({4});
          TiledPool pool(1);
          for (int time = 0; time < 50; ++time) {
            must(user_of_workers(pool, a) == 0, "a job runs");
            must(::seteuid(another_user) == 0, "another user can be become");
            must_refuse(pool, a);
            must(::seteuid(0) == 0, "and be left");
          }
        }) == "");
}

TEST_CASE("a pool whose process may change its user goes on with the old one") {
  const Scene scene;
  if (::geteuid() != 0) return skip("only root can try this");
  CHECK(failure_with_names_apart([&] {
          auto a = SharedArray<int, 1>::create({4});
          TiledPool pool(1, {.user_may_change = true});
          must(::setgid(another_user) == 0 && ::setuid(another_user) == 0,
               "another user can be become");
          must(user_of_workers(pool, a) == 0, "with the old one");
          TiledPool later(1, {.start_method = StartMethod::fork});
          auto b = SharedArray<int, 1>::create({4});
          must(user_of_workers(later, b) == another_user, "one made later has the new one");
        }) == "");
}

TEST_CASE("a pool without processes goes on with whatever user its process has") {
  const Scene scene;
  if (::geteuid() != 0) return skip("only root can try this");
  CHECK(failure_with_names_apart([&] {
          auto a = SharedArray<int, 1>::create({4});
          auto pool = TiledPool::in_caller();
          must(::setuid(another_user) == 0, "another user can be become");
          must(user_of_workers(pool, a) == another_user, "with the new one");
        }) == "");
}
