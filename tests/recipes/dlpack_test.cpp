// DLPack: an array as a tensor of another library in this process, and back.
#include <algorithm>
#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <tessera.hpp>
#include <type_traits>
#include <utility>

#include "support/catch.hpp"
#include "support/maps.hpp"

#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>
#else
// The structs of version 0.8, as its specification gives them.
enum DLDeviceType : std::int32_t { kDLCPU = 1 };
enum DLDataTypeCode { kDLInt = 0, kDLUInt = 1, kDLFloat = 2, kDLComplex = 5, kDLBool = 6 };
struct DLDevice {
  DLDeviceType device_type;
  std::int32_t device_id;
};
struct DLDataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;  // 1, but for vectors as elements
};
struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t *shape, *strides;  // strides: in elements
  std::uint64_t byte_offset;      // of the first element from data
};
struct DLManagedTensor {
  DLTensor dl_tensor;
  void* manager_ctx;                       // the producer's own
  void (*deleter)(DLManagedTensor* self);  // the consumer calls it once
};
#endif

static_assert(sizeof(DLTensor) == 48 && offsetof(DLTensor, dtype) == 20 &&
              offsetof(DLTensor, shape) == 24);
static_assert(sizeof(DLManagedTensor) == 64 && offsetof(DLManagedTensor, deleter) == 56);

using namespace tessera;

namespace {

template <class T>
DLDataType dl_type() {
  static_assert(std::is_arithmetic_v<T> || std::is_same_v<T, std::complex<float>> ||
                    std::is_same_v<T, std::complex<double>>,
                "DLPack has no structs");
  const auto code = std::is_same_v<T, bool>       ? kDLBool
                    : std::is_floating_point_v<T> ? kDLFloat
                    : !std::is_arithmetic_v<T>    ? kDLComplex
                    : std::is_signed_v<T>         ? kDLInt
                                                  : kDLUInt;
  return {static_cast<std::uint8_t>(code), 8 * sizeof(T), 1};
}

/// What a library that takes DLPack gets. The memory stays mapped until that calls the deleter.
template <class T, std::size_t N>
DLManagedTensor* to_dlpack(SharedArray<T, N>& a) {
  static_assert(!std::is_const_v<T>, "DLPack 0.8 knows no read-only tensors");
  struct Hold {
    decltype(xt::view(a, xt::all())) elements;  // a view keeps the memory mapped
    std::array<std::int64_t, N> shape, strides;
    DLManagedTensor tensor;
  };
  auto* const hold = new Hold{xt::view(a, xt::all()), {}, {}, {}};
  std::copy_n(a.shape().begin(), N, hold->shape.begin());
  std::int64_t step = 1;
  for (std::size_t d = N; d-- > 0; step *= hold->shape[d]) hold->strides[d] = step;
  hold->tensor.dl_tensor = {a.data(),
                            {kDLCPU, 0},
                            static_cast<std::int32_t>(N),
                            dl_type<T>(),
                            hold->shape.data(),
                            hold->strides.data(),
                            0};
  hold->tensor.manager_ctx = hold;
  hold->tensor.deleter = [](DLManagedTensor* self) {
    delete static_cast<Hold*>(self->manager_ctx);
  };
  return &hold->tensor;
}

/// A new array with the elements of a tensor.
template <class T, std::size_t N>
SharedArray<T, N> copy_of_dlpack(const DLTensor& tensor) {
  const auto type = dl_type<T>();
  if (tensor.device.device_type != kDLCPU || tensor.ndim != static_cast<int>(N) ||
      tensor.dtype.code != type.code || tensor.dtype.bits != type.bits || tensor.dtype.lanes != 1)
    throw std::invalid_argument("a tensor of another device, rank or type");
  std::array<std::size_t, N> shape;
  std::array<std::ptrdiff_t, N> strides;
  std::ptrdiff_t step = 1;
  for (std::size_t d = N; d-- > 0; step *= tensor.shape[d]) {
    shape[d] = static_cast<std::size_t>(tensor.shape[d]);
    strides[d] = tensor.strides != nullptr ? tensor.strides[d] : step;
  }
  const auto* const first = static_cast<const std::byte*>(tensor.data) + tensor.byte_offset;
  return SharedArray<T, N>::copy_of(
      TileView<const T, N>(reinterpret_cast<const T*>(first), shape, strides));
}

}  // namespace

TEST_CASE("an array is a DLPack tensor of the same memory, shape and type") {
  auto a = SharedArray<float, 3>::create({4, 1, 5});
  DLManagedTensor* const managed = to_dlpack(a);
  const DLTensor& t = managed->dl_tensor;
  CHECK(t.data == a.data());
  CHECK(t.byte_offset == 0);
  CHECK(t.device.device_type == kDLCPU);
  CHECK(t.device.device_id == 0);
  REQUIRE(t.ndim == 3);
  CHECK(std::array{t.shape[0], t.shape[1], t.shape[2]} == std::array<std::int64_t, 3>{4, 1, 5});
  CHECK(std::array{t.strides[0], t.strides[1], t.strides[2]} ==
        std::array<std::int64_t, 3>{5, 5, 1});
  CHECK(t.dtype.code == kDLFloat);
  CHECK(t.dtype.bits == 32);
  CHECK(t.dtype.lanes == 1);
  static_cast<float*>(t.data)[3 * 5 + 2] = 6;
  CHECK(a(3, 0, 2) == 6);
  managed->deleter(managed);

  CHECK(dl_type<std::int16_t>().code == kDLInt);
  CHECK(dl_type<std::uint8_t>().code == kDLUInt);
  CHECK(dl_type<bool>().code == kDLBool);
  CHECK(dl_type<std::complex<double>>().code == kDLComplex);
  CHECK(dl_type<std::complex<double>>().bits == 128);
}

TEST_CASE("the memory of a DLPack tensor is mapped until its deleter runs") {
  auto a = SharedArray<double, 1>::create({1000});
  a = 4;
  const auto inode = tessera_test::inode_of(a);
  const auto mapped = [&] { return tessera_test::maps_of(host::own_pid(), inode).size(); };
  DLManagedTensor* const managed = to_dlpack(a);
  a = SharedArray<double, 1>();  // the array ends, and its name goes
  CHECK(mapped() > 0);
  CHECK(static_cast<const double*>(managed->dl_tensor.data)[999] == 4);
  managed->deleter(managed);
  CHECK(mapped() == 0);
}

TEST_CASE("a DLPack tensor with any strides is copied into an array") {
  std::array<std::int32_t, 12> elements{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  std::array<std::int64_t, 2> shape{3, 2}, strides{1, 4};  // the left half of a 4x3, transposed
  DLTensor tensor{elements.data(), {kDLCPU, 0},    2, dl_type<std::int32_t>(),
                  shape.data(),    strides.data(), 4};
  const auto a = copy_of_dlpack<std::int32_t, 2>(tensor);
  CHECK((a == xt::xtensor<std::int32_t, 2>{{1, 5}, {2, 6}, {3, 7}}));
  tensor.strides = nullptr;  // row-major
  CHECK((copy_of_dlpack<std::int32_t, 2>(tensor) ==
         xt::xtensor<std::int32_t, 2>{{1, 2}, {3, 4}, {5, 6}}));
  CHECK_THROWS_AS((copy_of_dlpack<float, 2>(tensor)), std::invalid_argument);
  CHECK_THROWS_AS((copy_of_dlpack<std::int32_t, 3>(tensor)), std::invalid_argument);
}
