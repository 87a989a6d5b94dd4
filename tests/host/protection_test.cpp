#include <tessera/host/protection.hpp>

#include <cstddef>

#include <tessera/host/mapping.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("bytes are rounded up to whole pages") {
  CHECK(host::whole_pages(0, 4096) == 0);
  CHECK(host::whole_pages(1, 4096) == 4096);
  CHECK(host::whole_pages(4096, 4096) == 4096);
  CHECK(host::whole_pages(4097, 4096) == 8192);
  const auto page = host::page_size();
  CHECK((page >= 4096 && (page & (page - 1)) == 0 && host::segment_page_size() % page == 0));
}

TEST_CASE("protected pages can be read and not written, and those behind them can be written") {
  const auto page = host::page_size();
  host::Mapping mapping = host::Mapping::anonymous(2 * page, "test");
  auto* const at = mapping.data();
  at[0] = std::byte{7};
  host::protect(at, 0, "nothing");
  at[1] = std::byte{8};
  host::protect(at, page, "test");
  CHECK((at[0] == std::byte{7} && at[1] == std::byte{8}));
  CHECK(refuses_writes(at));
  CHECK(refuses_writes(at + page - 1));
  CHECK_FALSE(refuses_writes(at + page));
}
