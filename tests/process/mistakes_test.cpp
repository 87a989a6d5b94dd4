// Mistakes that users make, and what the Error says: what it is about, what happened, what to do.
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <tessera.hpp>

#include "support/catch.hpp"
#include "support/processes.hpp"
#include "support/scene.hpp"
#include "support/xtensor.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::full;
using tessera::into;
using tessera::SharedArray;
using tessera::Tile;
using tessera::TiledPool;
using tessera::whole;

namespace {

/// A call that throws an Error, and a part of each of its three sentences.
struct Mistake {
  std::string made;
  std::function<void()> call;
  Errc code;
  std::string subject, happened, advice;
};

void check(const std::vector<Mistake>& list) {
  for (const auto& mistake : list) {
    INFO(mistake.made);
    const auto error = error_of(mistake.call);
    INFO(error.what());
    CHECK(error.errc() == mistake.code);
    CHECK(has(error.subject(), mistake.subject));
    CHECK(has(error.what_happened(), mistake.happened));
    CHECK(has(error.advice(), mistake.advice));
    // One line, for a log; all three sentences; no name that users do not know.
    const std::string line = error.what();
    CHECK(line.find('\n') == std::string::npos);
    CHECK(line.starts_with("tessera: "));
    CHECK_FALSE(error.what_happened().empty());
    CHECK_FALSE(error.advice().empty());
    for (const char* const ours : {"detail", "Section", "host::", "errno"})
      CHECK_FALSE(has(line, ours));
  }
}

}  // namespace

TEST_CASE("mistakes with names and shapes are told: what, where, what to do") {
  const auto name = unique_name();
  const auto a = SharedArray<double, 2>::create(name, {6, 8});
  using A = SharedArray<double, 2>;
  check({
      {"attach to what nobody has made", [] { A::attach("tessera-test-nobody"); },
       Errc::name_missing, "tessera-test-nobody", "there is no array of that name", "create it"},
      {"attach before the other program has begun", [] { A::attach("tessera-test-late", 1ms); },
       Errc::timed_out, "tessera-test-late", "did not appear in time", "wait longer"},
      {"create twice",
       [&] {
         A::create(name, {6, 8});
       },
       Errc::name_taken, name, "taken by an array whose owner lives: process ", "attach to it"},
      {"a path for a name",
       [] {
         A::create("data/a", {6, 8});
       },
       Errc::invalid_name, "data/a", "a character that is not allowed", "use 1 to 200 of A-Z"},
      {"an empty name",
       [] {
         A::create("", {6, 8});
       },
       Errc::invalid_name, "name ''", "it is empty", "use 1 to 200"},
      {"a name that is too long",
       [] {
         A::create(std::string(400, 'x'), {6, 8});
       },
       Errc::invalid_name, "xxx...", "it has 400 characters", "use 1 to 200"},
      {"a negative extent",
       [] {
         A::create({static_cast<std::size_t>(-1), 8});
       },
       Errc::invalid_shape, "", "more than any memory", "an extent may be negative"},
      {"more than the memory",
       [] {
         A::create({std::size_t{1} << 30, std::size_t{1} << 20});
       },
       Errc::no_space, "", "wants 9007199254741248 bytes, and ", "another folder: TESSERA_DIR"},
      {"another element type", [&] { SharedArray<float, 2>::attach(name); }, Errc::type_mismatch,
       name, "float64 ('<f8'), not float32 ('<f4')", "use the element type"},
      {"another rank", [&] { SharedArray<double, 3>::attach(name); }, Errc::rank_mismatch, name,
       "it has 2 axes, shape (6, 8), not 3", "use the rank"},
      {"another shape",
       [&] {
         A::attach(name, {6, 9});
       },
       Errc::shape_mismatch, name, "its shape is (6, 8), not (6, 9)", "use the shape"},
      {"keep what another has made", [&] { A::attach(name).keep(); }, Errc::invalid_argument, name,
       "only the process that created an array", "on the array that create returned"},
      {"remove what is in use", [&] { tessera::catalog::remove(name); }, Errc::not_permitted, name,
       "its owner lives", "let the owner end"},
      {"use what was moved from", [] { A().save("never.npy"); }, Errc::invalid_argument,
       "SharedArray", "it holds no array", "create or attach it"},
      {"a range of another shape",
       [&] {
         A::attach(name) = xt::xtensor<double, 2>({6, 9}, 1.0);
       },
       Errc::shape_mismatch, name, "its shape is (6, 8), the values' is (6, 9)",
       "can't change its shape"},
  });
}

TEST_CASE("mistakes with files are told: what, where, what to do") {
  const Folder folder;
  using A = SharedArray<double, 2>;
  const auto a = A::create({6, 8});
  const auto good = folder.file("good.npy"), text = folder.file("text.npy"),
             part = folder.file("part.npy"), hdf = folder.file("field.h5");
  a.save(good);
  write_file(text, "month,value\n1,2.5\n");
  write_file(part, bytes_of(good).substr(0, 200));
  write_file(hdf, "\x89HDF\r\n\x1a\n" + std::string(200, ' '));
  check({
      {"a wrong path", [&] { A::load(folder.file("nothing.npy")); }, Errc::name_missing,
       "nothing.npy", "there is no such file", "check the path"},
      {"a text for an array", [&] { A::load(text); }, Errc::not_an_array, "text.npy",
       "not a readable .npy array", "numpy.save"},
      {"a file that was copied in part", [&] { A::load(part); }, Errc::not_an_array, "part.npy",
       "it is truncated: 200 bytes of 512", "write it again"},
      {"a file of another format", [&] { A::load(hdf); }, Errc::not_an_array, "field.h5",
       "is an HDF5 or NetCDF-4 file", "python3 -c"},
      {"a folder for a file", [&] { A::load(folder.file("")); }, Errc::not_an_array, "",
       "it is a folder", "regular file"},
      {"a file of another type", [&] { SharedArray<float, 2>::load(good); }, Errc::type_mismatch,
       "good.npy", "float64 ('<f8'), not float32 ('<f4')", "use the element type"},
      {"path and name in the wrong order", [&] { A::load(good, "a"); }, Errc::invalid_name,
       "good.npy", "a character that is not allowed", "the name comes first"},
      {"a folder that is not there", [&] { a.save(folder.file("none/a.npy")); }, Errc::name_missing,
       "a.npy", "No such file or directory", "the folder must exist"},
      {"create a file that is there",
       [&] {
         A::create_file(good, {2, 2});
       },
       Errc::name_taken, "good.npy", "the file exists", "map_file it"},
  });
}

TEST_CASE("mistakes with pools and jobs are told: what, where, what to do") {
  const Scene scene;
  TiledPool pool(1);
  using A = SharedArray<double, 2>;
  auto a = A::create({6, 8}), b = A::create({6, 9});
  A none;
  double local = 1;
  const auto set = [](auto v) { v = 1; };
  const auto copy = [](auto v, auto x) { v = x(0, 0); };
  check({
      {"a tile of 0",
       [&] {
         pool.map({0, 4}, set, into(a));
       },
       Errc::invalid_shape, "tile shape", "axis 0 of the tile is 0", "tessera::full"},
      {"arrays of different shapes",
       [&] {
         pool.map({2, 2}, copy, into(a), b);
       },
       Errc::shape_mismatch, "TiledPool", "do not line up: extents 9 and 8", "whole(...)"},
      {"in place, with neighbours",
       [&] {
         pool.map({2, 2}, copy, into(a), whole(a));
       },
       Errc::overlap, "TiledPool", "which other tiles read", "write to another array"},
      {"a captured reference",
       [&] {
         pool.map(
             {2, 2}, [&local](auto v) { v = local; }, into(a));
       },
       Errc::captured_address, "kernel", "an address of this process's memory", "capture by value"},
      {"an array that was moved from",
       [&] {
         pool.map({2, 2}, set, into(none));
       },
       Errc::invalid_argument, "SharedArray", "holds no array", "before the job"},
      {"a number of another job's tile",
       [&] {
         pool.map({2, 2}, {.only = std::vector<std::size_t>{99}}, set, into(a));
       },
       Errc::invalid_argument, "TiledPool", "asks for tile 99, and the job has 12 tiles",
       "numbered from 0"},
      {"a kernel that throws",
       [&] {
         pool.map(
             {6, 8}, [](auto) { throw std::runtime_error("bad cell"); }, into(a));
       },
       Errc::kernel_failed, "TiledPool", "the kernel threw in tile 0 [..., :, :]: bad cell",
       "0 of 1 tiles are done"},
      {"values that do not fit the tile",
       [&] {
         pool.map(
             {6, 8}, [](auto v) { v = xt::xtensor<double, 1>({3}, 1.0); }, into(a));
       },
       Errc::kernel_failed, "TiledPool", "extent 3 on axis -1 does not fit the tile's 8",
       "tiles are done"},
      {"rows of a view with steps",
       [&] {
         pool.map(
             {6, full}, [](auto v) { v.row(0)[0] = 1; },
             into(xt::view(a, xt::all(), xt::range(0, 8, 2))));
       },
       Errc::kernel_failed, "TiledPool", "its rows are not contiguous; index it as tile(i, j)",
       "tiles are done"},
      {"a kernel that ends the process",
       [&] {
         pool.map(
             {6, 8}, {.max_attempts = 1}, [](auto) { ::_exit(3); }, into(a));
       },
       Errc::worker_died, "TiledPool", "ended with exit code 3; the state of tile 0",
       "the pool can be used"},
      {"a kernel that never ends",
       [&] {
         pool.map(
             {6, 8}, {.tile_timeout = 20ms, .max_attempts = 1}, [](auto) { ::pause(); }, into(a));
       },
       Errc::worker_died, "TiledPool", "its tile took longer than 0.02 s", "the pool can be used"},
      {"a job that was cancelled",
       [&] {
         auto first = pool.map_async(
             {6, 8}, [](auto) { ::usleep(500000); }, into(a));
         auto job = pool.map_async({6, 8}, set, into(a));
         job.cancel();
         job.get();
       },
       Errc::cancelled, "TiledPool", "cancelled", "its elements are as they were"},
      {"no workers", [] { const TiledPool empty(0); }, Errc::invalid_argument, "TiledPool",
       "a pool of 0 workers computes nothing", "ask for 1 to 1024"},
      {"too many workers", [] { const TiledPool large(5000); }, Errc::invalid_argument, "TiledPool",
       "more than 1024", "ask for 1 to 1024"},
      {"a folder of names that is not there",
       [] {
         tessera::set_segment_folder("/nonexistent");
         A::create({2, 2});
       },
       Errc::invalid_argument, "", "No such file or directory", "name a folder that exists"},
  });
}
