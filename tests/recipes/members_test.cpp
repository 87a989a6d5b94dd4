// Arrays and a pool as members of a class, in containers, as parameters and as results.
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tessera.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/maps.hpp"
#include "support/scene.hpp"

using namespace tessera;
using tessera_test::unique_name;

namespace {

class Model {
 public:
  Model(std::size_t rows, std::size_t columns)
      : pool_(2), heat_(SharedArray<double, 2>::create({rows, columns})) {}

  void add(double amount) {  // a capture of `this` would be refused: take what the kernel needs
    pool_.map(
        {16, full}, [amount](auto u) { u += amount; }, into(heat_));
  }
  void start(double amount) {
    job_ = pool_.map_async(
        {16, full}, [amount](auto u) { u += amount; }, into(heat_));
  }
  void finish() { job_.get(); }
  const SharedArray<double, 2>& heat() const { return heat_; }

 private:
  TiledPool pool_;  // first: its workers are forked before there is an array
  SharedArray<double, 2> heat_;
  Job<void> job_;  // last: its end cancels the job
};

struct WithThis {
  TiledPool pool{2};
  SharedArray<double, 2> heat = SharedArray<double, 2>::create({8, 8});
  double amount = 1;
  void add() {
    pool.map(
        {4, full}, [this](auto u) { u += amount; }, into(heat));
  }
};

/// Writes.
void double_all(SharedArray<float, 3>& a) { a *= 2.0f; }
/// Reads an array that this program can't write, such as one from attach or map_file.
float first_of(const SharedArray<const float, 3>& a) { return a(0, 0, 0); }
/// Reads either kind: T is float or const float.
template <class T>
float last_of(const SharedArray<T, 3>& a) {
  return static_cast<float>(a.data()[a.size() - 1]);
}
/// Reads anything of xtensor's: an array, a view, a tile, an expression.
template <class E>
double mean_of(const xt::xexpression<E>& values) {
  return xt::mean(values.derived_cast())();
}

SharedArray<double, 2> ramp(std::size_t rows, std::size_t columns) {
  auto a = SharedArray<double, 2>::create({rows, columns});
  a = xt::reshape_view(xt::arange<double>(static_cast<double>(a.size())), {rows, columns});
  return a;  // moved, not copied
}

std::optional<SharedArray<const float, 2>> find(std::string_view name) try {
  return SharedArray<const float, 2>::attach(name);
} catch (const Error& error) {
  if (error.errc() == Errc::name_missing) return std::nullopt;
  throw;
}

}  // namespace

TEST_CASE("a class has a pool and its arrays as members, and moves") {
  Model model(40, 30);
  model.add(1.5);
  Model moved = std::move(model);
  moved.start(0.5);
  moved.finish();
  CHECK((moved.heat() == 2.0 * xt::ones<double>({40, 30})));
  moved.start(1);  // its end cancels the job
}

TEST_CASE("a kernel that captures this is refused before it runs") {
  WithThis model;
  try {
    model.add();
    FAIL("it ran");
  } catch (const Error& error) {
    CHECK(error.errc() == Errc::captured_address);
  }
}

TEST_CASE(
    "workers keep an array that was made before their pool, and none that was made after it") {
  struct WrongOrder {
    SharedArray<double, 1> before = SharedArray<double, 1>::create({100000});
    TiledPool pool{1};
    SharedArray<double, 1> after = SharedArray<double, 1>::create({100000});
  } wrong;
  const int worker = tessera_test::only_worker(wrong.pool);
  const auto before = tessera_test::inode_of(wrong.before);
  const auto after = tessera_test::inode_of(wrong.after);
  wrong.before = SharedArray<double, 1>();  // its name goes; its memory stays until the pool ends
  CHECK(!tessera_test::maps_of(worker, before).empty());
  CHECK(tessera_test::maps_of(worker, after).empty());
}

TEST_CASE("arrays stand in a vector: the levels of a multigrid") {
  TiledPool pool(2);
  std::vector<SharedArray<double, 2>> levels;
  for (std::size_t n = 64; n >= 8; n /= 2) levels.push_back(SharedArray<double, 2>::create({n, n}));
  levels.front() = ramp(64, 64);
  for (std::size_t k = 1; k < levels.size(); ++k) {
    const std::size_t n = levels[k - 1].shape(0);
    pool.map(
        {16, full}, [](auto coarse, auto fine) { coarse = fine; }, into(levels[k]),
        xt::view(levels[k - 1], xt::range(0, n, 2), xt::range(0, n, 2)));
  }

  REQUIRE(levels.size() == 4);
  CHECK(levels[3](1, 2) == levels[0](8, 16));
}

TEST_CASE("arrays stand in a map, by name") {
  TiledPool pool(2);
  std::map<std::string, SharedArray<float, 2>> fields;
  for (const char* name : {"u", "v", "speed"})
    fields.emplace(name, SharedArray<float, 2>::create({90, 180}));
  fields.at("u") = 3.0f;
  fields.at("v") = 4.0f;
  pool.map(
      {30, full}, [](auto s, auto u, auto v) { s = xt::sqrt(u * u + v * v); },
      into(fields.at("speed")), fields.at("u"), fields.at("v"));

  CHECK(fields.at("speed")(89, 179) == 5.0f);
  fields.erase("u");
  CHECK(fields.size() == 2);
}

TEST_CASE("functions take arrays by reference, or any expression") {
  const auto name = unique_name("parameter");
  auto a = SharedArray<float, 3>::create(name, {2, 3, 4});
  a = 1.0f;
  double_all(a);
  const auto b = SharedArray<const float, 3>::attach(name);
  const float first = first_of(b);
  const float last = last_of(a) + last_of(b);
  const double means = mean_of(a) + mean_of(xt::view(b, 0)) + mean_of(a + 1);

  CHECK(first == 2);
  CHECK(last == 4);
  CHECK(means == 7);
  TiledPool pool(2);
  const auto of_tiles = pool.map(
      {2, full}, [](auto in) { return mean_of(in); }, b);
  CHECK(xt::all(xt::equal(of_tiles, 2.0)));
}

TEST_CASE("functions return arrays, and perhaps none") {
  const auto a = ramp(5, 6);
  CHECK(a.owned());
  CHECK(a(4, 5) == 29);
  const auto name = unique_name("perhaps");
  CHECK(!find(name).has_value());
  auto made = SharedArray<float, 2>::create(name, {2, 2});
  made(1, 1) = 8;
  const auto found = find(name);
  REQUIRE(found.has_value());
  CHECK((*found)(1, 1) == 8);
  std::optional<SharedArray<float, 2>> later;  // made when it is known how large
  later = SharedArray<float, 2>::create({3, 3});
  later.reset();
}
