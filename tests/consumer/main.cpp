// What a user's program sees: one header, C++20, no macro of ours but TESSERA_*. Without `using`:
// into, whole and swap are found by their arguments. No pool: that takes three times as long to
// compile, and this is compiled for every way in.
#include <tessera.hpp>

static_assert(__cplusplus >= 202002L);
static_assert(TESSERA_VERSION_MAJOR == 0);
static_assert(TESSERA_VERSION == 100 * TESSERA_VERSION_MINOR + TESSERA_VERSION_PATCH);
static_assert(std::string_view(TESSERA_VERSION_STRING).size() >= 5);

int main() {
  auto a = tessera::SharedArray<double, 2>::create({4, 6});
  auto b = tessera::SharedArray<double, 2>::copy_of(2.0 * a + 1.0);
  const auto output = into(xt::view(a, xt::all(), 0));
  const auto table = whole(b);
  swap(a, b);
  return output.shape[0] == 4 && table.shape[1] == 6 && a(3, 5) == 1.0 && b(3, 5) == 0.0 ? 0 : 1;
}
