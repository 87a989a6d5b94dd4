#include "support/catch.hpp"

#include <algorithm>
#include <complex>
#include <cstdint>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include <tessera/memory/shared_array.hpp>

#include "support/scene.hpp"

struct Station {
  char kind;  // 7 bytes of padding follow
  double height;
  std::int16_t counts[3];
  friend bool operator==(const Station&, const Station&) = default;
};
TESSERA_FIELDS(Station, kind, height, counts);

using namespace tessera_test;
using tessera::Errc;
using tessera::SharedArray;

static_assert(!std::is_copy_constructible_v<SharedArray<double, 2>>);
static_assert(!std::is_copy_assignable_v<SharedArray<double, 2>>);
static_assert(std::is_nothrow_move_constructible_v<SharedArray<double, 2>>);
static_assert(std::is_nothrow_move_assignable_v<SharedArray<double, 2>>);
static_assert(std::is_nothrow_swappable_v<SharedArray<double, 2>>);
static_assert(std::is_default_constructible_v<SharedArray<double, 2>>);

template <class A>
concept Reshapable = requires(A& a) {
  a.reshape(std::array<std::size_t, 2>{1, 6});
};
static_assert(!Reshapable<SharedArray<double, 2>>);

namespace {

template <class T>
T sample(int i) {
  if constexpr (std::is_same_v<T, Station>) {
    const auto small = static_cast<std::int16_t>(i);
    return {static_cast<char>('a' + i), i / 2.0, {small, -1, small}};
  } else if constexpr (std::is_same_v<T, bool>) {
    return i % 2 == 1;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<T>(i);
  } else {
    using Part = typename T::value_type;
    return {static_cast<Part>(i), static_cast<Part>(-i)};
  }
}

template <class T, std::size_t N>
std::vector<std::remove_const_t<T>> values(const SharedArray<T, N>& array) {
  return std::vector<std::remove_const_t<T>>(array.storage().begin(), array.storage().end());
}

template <std::size_t N>
void all_of_rank() {
  const auto name = unique_name();
  std::array<std::size_t, N> shape{};
  for (std::size_t d = 0; d < N; ++d) shape[d] = d % 3 + 1;
  auto a = SharedArray<int, N>::create(name, shape);
  std::iota(a.storage().begin(), a.storage().end(), 1);
  auto b = SharedArray<const int, N>::attach(name);
  CHECK(b.dimension() == N);
  CHECK(std::equal(b.shape().begin(), b.shape().end(), shape.begin(), shape.end()));
  CHECK(values(a) == values(b));
  xt::noalias(a) = b + b;
  CHECK(b.storage()[b.size() - 1] == 2 * static_cast<int>(b.size()));
  const xt::xtensor<int, N> copy = b;
  a = copy - b;
  CHECK(std::count(b.begin(), b.end(), 0) == static_cast<std::ptrdiff_t>(b.size()));
}

}  // namespace

TEMPLATE_TEST_CASE("every element type can be created, attached, copied, saved and loaded", "",
                   bool, std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, std::int32_t,
                   std::uint32_t, std::int64_t, std::uint64_t, long long, char, float, double,
                   std::complex<float>, std::complex<double>, Station) {
  using T = TestType;
  const auto name = unique_name();
  auto a = SharedArray<T, 2>::create(name, {2, 3});
  CHECK(values(a) == std::vector<T>(6, T{}));
  for (int i = 0; i < 6; ++i) a(i / 3, i % 3) = sample<T>(i);
  const auto b = SharedArray<const T, 2>::attach(name);
  CHECK(values(b) == values(a));
  CHECK(b(1, 1) == sample<T>(4));
  const auto c = SharedArray<T, 2>::copy_of(b);
  CHECK(values(c) == values(a));
  const Folder folder;
  a.save(folder.file("a.npy"));
  CHECK(values(SharedArray<T, 2>::load(folder.file("a.npy"))) == values(a));
  CHECK(values(SharedArray<const T, 2>::map_file(folder.file("a.npy"))) == values(a));
}

TEST_CASE("arrays have any number of axes from 0 to 8") {
  all_of_rank<0>();
  all_of_rank<1>();
  all_of_rank<2>();
  all_of_rank<3>();
  all_of_rank<4>();
  all_of_rank<5>();
  all_of_rank<6>();
  all_of_rank<7>();
  all_of_rank<8>();
}

TEST_CASE("arrays with a zero extent work like any other") {
  const auto name = unique_name();
  auto a = SharedArray<double, 3>::create(name, {4, 0, 5});
  CHECK(a.size() == 0);
  CHECK(a.begin() == a.end());
  auto b = SharedArray<double, 3>::attach(name, {4, 0, 5});
  xt::noalias(b) = a + a;
  b = a * 2.0;
  const Folder folder;
  a.save(folder.file("a.npy"));
  CHECK(SharedArray<double, 3>::load(folder.file("a.npy")).shape()[1] == 0);
  CHECK(SharedArray<double, 3>::map_file(folder.file("a.npy")).size() == 0);
  CHECK(SharedArray<int, 1>::copy_of(std::vector<int>{}).size() == 0);
}

TEST_CASE("a second attachment sees what the first one writes, and the other way") {
  const auto name = unique_name();
  auto a = SharedArray<int, 1>::create(name, {3});
  auto b = SharedArray<int, 1>::attach(name);
  a(0) = 10;
  b(1) = 11;
  CHECK(b(0) == 10);
  CHECK(a(1) == 11);
#if defined(TESSERA_POSIX)
  CHECK(failure_in_child([&] { SharedArray<int, 1>::attach(name)(2) = 12; }) == "");
  CHECK(a(2) == 12);
#endif
}

TEST_CASE("two arrays are independent, and so is a copy of one") {
  auto a = SharedArray<int, 1>::create({2}), b = SharedArray<int, 1>::create({2});
  a(0) = 1;
  auto c = SharedArray<int, 1>::copy_of(a);
  c(0) = 2;
  CHECK(a(0) == 1);
  CHECK(b(0) == 0);
  CHECK(a.name() != b.name());
}

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("the owner's end removes the name, and an attacher's end, exit or crash does not") {
  const auto name = unique_name();
  {
    const auto owner = SharedArray<int, 1>::create(name, {2});
    CHECK(owner.owned());
    { const auto guest = SharedArray<int, 1>::attach(name); }
    CHECK(exists(shm_path(name)));
    CHECK(failure_in_child([&] { const auto guest = SharedArray<int, 1>::attach(name); }) == "");
    CHECK(exists(shm_path(name)));
    CHECK(failure_in_child([&] {
            const auto guest = SharedArray<int, 1>::attach(name);
            ::raise(SIGKILL);
          }) == "killed by signal 9");
    CHECK(exists(shm_path(name)));
  }
  CHECK_FALSE(exists(shm_path(name)));
  CHECK(error_of([&] { SharedArray<int, 1>::attach(name); }).errc() == Errc::name_missing);
  CHECK(SharedArray<int, 1>::create(name, {5}).size() == 5);
}
#endif

#if defined(TESSERA_POSIX)  // no name outlives all processes
TEST_CASE("a kept array is there until it is removed by name") {
  const auto name = unique_name();
  {
    auto a = SharedArray<int, 1>::create(name, {1});
    a(0) = 7;
    a.keep();
    CHECK_FALSE(a.owned());
  }
  CHECK(SharedArray<int, 1>::attach(name)(0) == 7);
  CHECK(SharedArray<int, 1>::remove(name));
  CHECK_FALSE(exists(shm_path(name)));
  CHECK_FALSE(SharedArray<int, 1>::remove(name));
}
#endif

TEST_CASE("an owned array can't be removed by name from outside") {
  const auto name = unique_name();
  const auto a = SharedArray<int, 1>::create(name, {1});
  CHECK(error_of([&] { SharedArray<int, 1>::remove(name); }).errc() == Errc::not_permitted);
  CHECK(exists(shm_path(name)));
}

TEST_CASE("illegal names are refused by create, attach, copy_of, load and remove") {
  using A = SharedArray<int, 1>;
  using namespace std::string_literals;
  for (const auto& name : {""s, "a\0b"s, "a/b"s, "/a"s, ".a"s, std::string(300, 'a')}) {
    CHECK(error_of([&] { A::create(name, {1}); }).errc() == Errc::invalid_name);
    CHECK(error_of([&] { A::attach(name); }).errc() == Errc::invalid_name);
    CHECK(error_of([&] { A::copy_of(name, std::vector<int>{1}); }).errc() == Errc::invalid_name);
    CHECK(error_of([&] { A::load(name, "/none.npy"); }).errc() == Errc::invalid_name);
    CHECK(error_of([&] { A::remove(name); }).errc() == Errc::invalid_name);
  }
}

TEST_CASE("a path in the place of a name is refused, and the order of the two is told") {
  const Folder folder;
  const auto name = unique_name();
  SharedArray<int, 1>::create({1}).save(folder.file("a.npy"));
  CHECK(SharedArray<int, 1>::load(name, folder.file("a.npy")).name() == name);
  const auto swapped = error_of([&] { SharedArray<int, 1>::load(folder.file("a.npy"), name); });
  CHECK(swapped.errc() == Errc::invalid_name);
  CHECK(has(swapped.advice(), "the name comes first"));
  const auto missing = error_of([&] { SharedArray<int, 1>::load("a.npy", name); });
  CHECK(missing.errc() == Errc::name_missing);
  CHECK(has(missing.advice(), "the name comes first"));
}

TEST_CASE("negative and overflowing shapes are refused") {
  const auto name = unique_name();
  CHECK(error_of([&] {
          SharedArray<int, 2>::create(name, {3, -1});
        }).errc() == Errc::invalid_shape);
  const auto most = ~std::size_t{0};
  CHECK(error_of([&] {
          SharedArray<int, 2>::create(name, {most, most});
        }).errc() == Errc::invalid_shape);
  CHECK_FALSE(exists(shm_path(name)));
}

TEST_CASE("attaching with another type, rank or shape is an Error that names both sides") {
  const auto name = unique_name();
  const auto a = SharedArray<float, 2>::create(name, {2, 3});
  const auto says = [&](const tessera::Error& error, Errc code, const char* part) {
    CHECK(error.errc() == code);
    CHECK(has(error.what(), part));
    CHECK(error.subject() == name);
  };
  says(error_of([&] { SharedArray<double, 2>::attach(name); }), Errc::type_mismatch,
       "float32 ('<f4'), not float64 ('<f8')");
  says(error_of([&] { SharedArray<Station, 2>::attach(name); }), Errc::type_mismatch,
       "float32 ('<f4'), not [('kind', '|i1'), ('', '|V7'), ('height', '<f8'), ('counts', '<i2', "
       "(3,)), ");
  says(error_of([&] { SharedArray<float, 3>::attach(name); }), Errc::rank_mismatch, "2 axes");
  says(error_of([&] {
         SharedArray<float, 2>::attach(name, {3, 2});
       }),
       Errc::shape_mismatch, "(2, 3), not (3, 2)");
  CHECK(SharedArray<float, 2>::attach(name, {2, 3}).size() == 6);
}

TEST_CASE("a moved-from array is empty and harmless, and what it was moved to owns") {
  const auto name = unique_name();
  auto a = SharedArray<int, 2>::create(name, {2, 3});
  a(1, 2) = 5;
  auto b = std::move(a);
  CHECK(b.owned());
  CHECK(b(1, 2) == 5);
  CHECK_FALSE(a.owned());
  CHECK(a.name().empty());
  CHECK(a.path().empty());
  CHECK(a.size() == 0);
  CHECK(a.begin() == a.end());
  CHECK(error_of([&] { a.keep(); }).errc() == Errc::invalid_argument);
  CHECK(error_of([&] { a.save("/nowhere.npy"); }).errc() == Errc::invalid_argument);
  CHECK(error_of([&] { a.flush(); }).errc() == Errc::invalid_argument);
  CHECK(error_of([&] { a = b + b; }).errc() == Errc::shape_mismatch);
  CHECK(error_of([&] { xt::noalias(a) = b + b; }).errc() == Errc::shape_mismatch);
  CHECK(exists(shm_path(name)));
  a = std::move(b);
  CHECK(a(1, 2) == 5);
  auto& itself = a;
  a = std::move(itself);
  CHECK(a(1, 2) == 5);
  CHECK(exists(shm_path(name)));
  a = SharedArray<int, 2>();
  CHECK_FALSE(exists(shm_path(name)));
}

TEST_CASE("assigning to a moved-from array of rank 0 is an Error") {
  auto a = SharedArray<int, 0>::create({});
  const auto b = std::move(a);
  CHECK_THROWS_AS(a = b + b, tessera::Error);
  CHECK_THROWS_AS(xt::noalias(a) = b + b, tessera::Error);
}

TEST_CASE("swapping exchanges the arrays, not their elements") {
  const auto first = unique_name("1"), second = unique_name("2");
  auto a = SharedArray<int, 1>::create(first, {2});
  {
    auto b = SharedArray<int, 1>::create(second, {3});
    a(1) = 1;
    b(2) = 2;
    std::swap(a, b);
    CHECK(a.name() == second);
    CHECK(b.name() == first);
    CHECK(a(2) == 2);
    CHECK(b(1) == 1);
    swap(a, b);
    CHECK(a.size() == 2);
    swap(a, b);
  }
  CHECK_FALSE(exists(shm_path(first)));
  CHECK(exists(shm_path(second)));
}

#if defined(TESSERA_POSIX)  // fork
TEST_CASE(
    "a forked child can use an array, but only its parent can keep it, and only its end removes "
    "it") {
  const auto name = unique_name();
  auto a = SharedArray<int, 1>::create(name, {2});
  CHECK(failure_in_child([&] {
          a(0) = 7;
          must(!a.owned(), "the child does not own it");
          must(error_of([&] { a.keep(); }).errc() == Errc::invalid_argument, "it can't keep");
          a = SharedArray<int, 1>();
        }) == "");
  CHECK(exists(shm_path(name)));
  CHECK(a(0) == 7);
  CHECK(a.owned());
}
#endif

TEST_CASE("a file needs a path") {
  CHECK(error_of([] { SharedArray<int, 1>::create_file("", {1}); }).errc() ==
        Errc::invalid_argument);
  CHECK(error_of([] { SharedArray<int, 1>::map_file(""); }).errc() == Errc::name_missing);
}

TEST_CASE("assigning values of another shape throws and changes nothing") {
  auto a = SharedArray<int, 2>::create({2, 3});
  std::iota(a.storage().begin(), a.storage().end(), 1);
  const auto before = values(a);
  const auto shape = a.shape();
  const xt::xtensor<int, 2> wide({2, 4}, 9), tall({3, 2}, 9), flat({1, 6}, 9), bigger({20, 30}, 9),
      row({1, 3}, 9);
  const xt::xtensor<int, 1> lower({3}, 9), single({6}, 9);
  const xt::xtensor<int, 3> higher({1, 2, 3}, 9);
  const xt::xarray<int> dynamic = wide;
  const auto refused = [&](auto&& assign) {
    CHECK_THROWS_AS(assign(), std::exception);
    CHECK(values(a) == before);
    CHECK(a.shape() == shape);
    CHECK(a.strides()[0] == 3);
  };
  // At -O3 g++ sees what xtensor would write for an expression of more axes, had the array not
  // refused it before.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif
  const auto both = [&](const auto& e) {
    refused([&] { a = e; });
    refused([&] { a = e + e; });
    refused([&] { xt::noalias(a) = e; });
    refused([&] { xt::noalias(a) = e + e; });
  };
  both(wide);
  both(tall);
  both(flat);
  both(bigger);
  both(row);
  both(single);
  both(higher);
  both(dynamic);
  both(lower);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
  refused([&] { a = xt::xtensor<int, 2>({4, 4}, 9); });
  refused([&] { a = xt::view(wide, xt::all(), xt::range(0, 2)); });
  refused([&] { a += bigger; });
  refused([&] { a = wide + a; });
}

TEST_CASE("a wrong shape is an Error with both shapes") {
  auto a = SharedArray<int, 2>::create({2, 3});
  const xt::xtensor<int, 2> wide({2, 4}, 9);
  const auto error = error_of([&] { xt::noalias(a) = wide; });
  CHECK(error.errc() == Errc::shape_mismatch);
  CHECK(has(error.what(), "its shape is (2, 3), the values' is (2, 4)"));
}

TEST_CASE("no resize changes the shape, and the same shape is allowed") {
  auto a = SharedArray<int, 2>::create({2, 3});
  using S = std::array<std::size_t, 2>;
  CHECK_THROWS_AS(a.resize(S{3, 2}), tessera::Error);
  CHECK_THROWS_AS(a.resize(S{3, 2}, true), tessera::Error);
  CHECK_THROWS_AS(a.resize(std::vector<std::size_t>{6}), tessera::Error);
  CHECK_THROWS_AS(a.resize(S{2, 2}, xt::layout_type::row_major), tessera::Error);
  CHECK_THROWS_AS(a.resize(S{2, 2}, a.strides()), tessera::Error);
  a.resize(S{2, 3});
  a.resize(S{2, 3}, xt::layout_type::row_major);
  CHECK(a.shape() == S{2, 3});
}

TEST_CASE("arrays take part in expressions like any xtensor container") {
  auto a = SharedArray<double, 2>::create({2, 3}), b = SharedArray<double, 2>::create({2, 3});
  std::iota(a.storage().begin(), a.storage().end(), 1);
  b.fill(2);
  xt::xtensor<double, 2> c = a * b - 1.0;
  CHECK(c(1, 2) == 11);
  CHECK(xt::sum(a)() == 21);
  CHECK(xt::mean(a, {0})(0) == 2.5);
  CHECK(xt::amax(a)() == 6);
  CHECK(xt::allclose(xt::transpose(a), xt::transpose(a)));
  CHECK(xt::all(xt::equal(a, a)));
  a += b;
  a *= 2.0;
  CHECK(a(0, 0) == 6);
  a = xt::where(a > 10.0, 0.0, a);
  CHECK(a(1, 2) == 0);
  xt::noalias(a) = xt::zeros<double>({2, 3});
  CHECK(xt::sum(a)() == 0);
}

TEST_CASE("assigning a number sets every element, as on a view") {
  auto a = SharedArray<double, 2>::create({3, 4});
  a = 7.0;
  CHECK(xt::all(xt::equal(a, 7.0)));
  a = 3;
  CHECK(xt::all(xt::equal(a, 3.0)));
  auto ticks = SharedArray<int, 0>::create({});
  ticks = 5;
  CHECK(ticks() == 5);
  auto empty = SharedArray<double, 2>::create({0, 4});
  empty = 1.0;
  SharedArray<double, 2> none;
  CHECK(error_of([&] { none = 1.0; }).errc() == Errc::invalid_argument);
}

TEST_CASE("integers convert to the array's element type as in xtensor") {
  auto a = SharedArray<float, 1>::copy_of(xt::xtensor<int, 1>{1, 2, 3});
  CHECK(a(2) == 3.0f);
  auto b = SharedArray<int, 1>::copy_of(xt::xtensor<double, 1>{1.9, -1.9});
  CHECK(b(0) == 1);
  CHECK(b(1) == -1);
}

TEST_CASE("a range becomes an array of rank 1, and an expression one of its shape") {
  const auto name = unique_name();
  const auto a = SharedArray<int, 1>::copy_of(name, std::vector<int>{3, 1, 2});
  CHECK(a.name() == name);
  CHECK(values(a) == std::vector<int>{3, 1, 2});
  const auto b = SharedArray<const double, 2>::copy_of(xt::ones<double>({2, 2}) * 3.0);
  CHECK(values(b) == std::vector<double>(4, 3.0));
  CHECK(b.owned());
  const xt::xarray<int> dynamic{{1, 2}, {3, 4}};
  CHECK(values(SharedArray<int, 2>::copy_of(dynamic)) == std::vector<int>{1, 2, 3, 4});
  CHECK(error_of([&] { SharedArray<int, 3>::copy_of(dynamic); }).errc() == Errc::rank_mismatch);
}

TEST_CASE("an array of const elements can't be written, however it was made") {
  const auto name = unique_name();
  const auto owner = SharedArray<int, 1>::create(name, {2});
  const Folder folder;
  owner.save(folder.file("a.npy"));
  using Const = SharedArray<const int, 1>;
  const auto attached = Const::attach(name), mapped = Const::map_file(folder.file("a.npy")),
             loaded = Const::load(folder.file("a.npy")), copied = Const::copy_of(owner);
  for (const auto* array : {&attached, &mapped, &loaded, &copied}) {
    static_assert(std::is_same_v<decltype((*array)(0)), const int&>);
    CHECK(refuses_writes(&(*array)(0)));
  }
}

TEST_CASE("a file on disk can be mapped, changed in place and flushed, and is never removed") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  {
    auto a = SharedArray<double, 2>::create_file(path, {2, 2});
    CHECK(a.name().empty());
    CHECK(std::filesystem::path(a.path()) == std::filesystem::path(path));
    CHECK_FALSE(a.owned());
    a(1, 1) = 2.5;
    a.flush();
    CHECK(error_of([&] { a.keep(); }).errc() == Errc::invalid_argument);
  }
  CHECK(std::filesystem::file_size(path) == 128 + 32);
  {
    auto a = SharedArray<double, 2>::map_file(path);
    CHECK(a(1, 1) == 2.5);
    a(0, 0) = 1;
  }
  CHECK(SharedArray<const double, 2>::map_file(path)(0, 0) == 1);
  CHECK(error_of([&] { SharedArray<float, 2>::map_file(path); }).errc() == Errc::type_mismatch);
  CHECK(error_of([&] { SharedArray<double, 1>::map_file(path); }).errc() == Errc::rank_mismatch);
  CHECK(folder.entries() == 1);
}

TEST_CASE("create_file refuses an existing file and leaves it as it is") {
  const Folder folder;
  write_file(folder.file("a.npy"), "mine");
  const auto error = error_of([&] { SharedArray<int, 1>::create_file(folder.file("a.npy"), {2}); });
  CHECK(error.errc() == Errc::name_taken);
  CHECK(has(error.what(), "map_file"));
  CHECK(bytes_of(folder.file("a.npy")) == "mine");
  CHECK(folder.entries() == 1);
}

TEST_CASE("missing and foreign files are Errors that name the file") {
  const Folder folder;
  using A = SharedArray<int, 1>;
  const auto missing = folder.file("none.npy"), foreign = folder.file("foreign.npy");
  write_file(foreign, "PNG");
  for (auto* open : {+[](const std::string& path) { A::load(path); },
                     +[](const std::string& path) { A::map_file(path); }}) {
    CHECK(error_of([&] { open(missing); }).errc() == Errc::name_missing);
    CHECK(error_of([&] { open(missing); }).subject() == missing);
    CHECK(error_of([&] { open(foreign); }).errc() == Errc::not_an_array);
    CHECK(error_of([&] { open(folder.file("")); }).errc() == Errc::not_an_array);
  }
}

#if defined(TESSERA_POSIX)  // a file that is mapped can't be replaced
TEST_CASE("saving replaces a file all at once, and who had mapped the old one keeps it") {
  const Folder folder;
  const auto path = folder.file("a.npy");
  auto a = SharedArray<int, 1>::copy_of(std::vector<int>{1, 2});
  a.save(path);
  const auto old = SharedArray<const int, 1>::map_file(path);
  a(0) = 10;
  a.save(path);
  CHECK(old(0) == 1);
  CHECK(SharedArray<int, 1>::load(path)(0) == 10);
  CHECK(folder.entries() == 1);
  CHECK(error_of([&] { a.save(folder.file("none/a.npy")); }).errc() == Errc::name_missing);
}
#endif

#if defined(TESSERA_POSIX)  // a section is no file
TEST_CASE("a copy of a segment's file is an array, and load makes another of it") {
  const Folder folder;
  const auto a = SharedArray<int, 1>::copy_of(std::vector<int>{1, 2, 3});
  std::filesystem::copy_file(a.path(), folder.file("a.npy"));
  CHECK(values(SharedArray<int, 1>::load(folder.file("a.npy"))) == values(a));
  CHECK(values(SharedArray<int, 1>::map_file(folder.file("a.npy"))) == values(a));
}
#endif
