// Segments whose bytes somebody has changed: whatever they are, attach refuses them or has all of
// what it hands out.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include <tessera/memory/catalog.hpp>
#include <tessera/memory/orphan.hpp>
#include <tessera/memory/shared_array.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <unistd.h>
#endif

using namespace tessera_test;
using tessera::Errc;
namespace catalog = tessera::catalog;
namespace host = tessera::host;

namespace {

/// The segment of an array of 5 x 7 ones, to be written over as a whole.
class Rewritten {
 public:
  Rewritten() {
    auto array = tessera::SharedArray<int, 2>::create(name_, {5, 7});
    array.fill(1);
    const auto open = host::open_existing(shm_path(name_), host::Access::read_only, name_);
    good_ = host::read_at(*open, 0, 128 + 192 + 128, name_);
#if defined(TESSERA_POSIX)
    owner_ = std::move(array);
    file_ = host::Descriptor(::open(owner_.path().c_str(), O_RDWR | O_CLOEXEC));
#endif
  }
  const std::string& name() const { return name_; }
  const std::string& good() const { return good_; }

#if defined(TESSERA_POSIX)
  void write(const std::string& bytes) {
    if (::ftruncate(file_.get(), static_cast<off_t>(bytes.size())) != 0) std::abort();
    host::write_at(file_, 0, bytes, name_);
  }
  /// How many there are.
  static std::size_t room(const std::string& bytes) { return bytes.size(); }

 private:
  tessera::SharedArray<int, 2> owner_;
  host::Descriptor file_;
#else
  void write(const std::string& bytes) {
    section_.reset();
    if (!bytes.empty()) section_ = std::make_unique<Planted>(name_, bytes);
  }
  static std::size_t room(const std::string& bytes) { return (bytes.size() + 4095) / 4096 * 4096; }

 private:
  std::unique_ptr<Planted> section_;
#endif
  std::string name_ = unique_name(), good_;
};

/// Where every change is a new segment, fewer.
constexpr int changes = host::names_outlive_processes ? 30000 : 3000;

}  // namespace

TEST_CASE("whatever bytes a segment gets, attach refuses it or finds it consistent") {
  using Array = tessera::SharedArray<const int, 2>;
  Rewritten segment;
  const auto& name = segment.name();
  const auto good = segment.good();
  REQUIRE(good.size() == 128 + 192 + 128);

  std::mt19937 random(20240229);
  const auto below = [&](std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  const std::array<std::string, 12> words{
      "'<i4'",  "'>i4'",          "'<f8'",  "True",
      "(5, 7)", "(5, 7, )",       "(0, 7)", "(9223372036854775807, 7)",
      "(35,)",  "[('a', '<i4')]", "-1",     "'|V4'"};
  int accepted = 0, refused = 0;
  for (int round = 0; round < changes; ++round) {
    auto bytes = good;
    switch (below(4)) {
      case 0:  // one bit
        for (auto n = below(3) + 1; n-- > 0;) {
          const auto at = below(256);
          bytes[at < 128 ? at : at + 192] ^= static_cast<char>(1 << below(8));
        }
        break;
      case 1: {  // any byte of the header or the control block
        for (auto n = below(4) + 1; n-- > 0;) {
          const auto at = below(256);
          bytes[at < 128 ? at : at + 192] = static_cast<char>(below(256));
        }
        break;
      }
      case 2: {  // words that mean something, where the header has its own
        const auto& word = words[below(words.size())];
        const std::size_t places[] = {20, 27, 44, 51, 60};
        const auto at = places[below(5)];
        bytes.replace(at, word.size(), word);
        break;
      }
      default:  // the file's end
        bytes.resize(below(bytes.size() + 1));
        if (!bytes.empty())
          bytes[below(std::min<std::size_t>(bytes.size(), 128))] = static_cast<char>(below(256));
    }
    segment.write(bytes);
    try {
      const auto array = Array::attach(name);
      std::size_t elements = 1;
      for (const auto extent : array.shape()) elements *= extent;
      long long sum = 0;
      for (const int value : array) sum += value;  // all of it can be read
      const auto at = reinterpret_cast<const std::byte*>(array.data()) - array.segment()->data();
      if (array.size() != elements || at != 0 || sum > 40 * (1LL << 31) ||
          array.segment()->header().data_offset + elements * 4 > segment.room(bytes))
        FAIL("accepted, but not consistent, in round " << round);
      array.segment()->ended();
      ++accepted;
    } catch (const tessera::Error& error) {
      if (error.errc() == Errc::system)
        FAIL("not a typed Error in round " << round << ": " << error.what());
      ++refused;
    }
    if (round % 16 == 0) {
      catalog::detail::entry(name);
      if (tessera::detail::remove_orphan(name)) FAIL("removed under its owner in round " << round);
    }
  }
  segment.write(good);
  CHECK(accepted > changes / 30);
  CHECK(refused > changes / 30);
  CHECK(xt::sum(Array::attach(name))() == 35);
}
