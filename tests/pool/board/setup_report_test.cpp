#include <tessera/pool/board/setup_report.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using tessera::detail::SetupReport;

TEST_CASE("a setup that nobody has reported has not ended and does not fail") {
  const SetupReport report{};
  CHECK_FALSE(report.ended(1));
  CHECK_FALSE(report.failing());
  CHECK(report.text().empty());
}

TEST_CASE("a failed setup fails until a successor is set up") {
  SetupReport report;
  report.succeed(1);
  CHECK(report.ready(1));
  CHECK_FALSE(report.failing());
  report.fail(2, "no table");
  CHECK(report.failing());
  CHECK(report.text() == "no table");
  CHECK((report.ended(2) && !report.ready(2)));
  CHECK_FALSE(report.ended(3));
  report.succeed(3);
  CHECK_FALSE(report.failing());
}

TEST_CASE("a report of one process says nothing of the next") {
  SetupReport report;
  report.succeed(4);
  CHECK_FALSE(report.ready(5));
  CHECK_FALSE(report.ended(5));
}

TEST_CASE("a text that is too long is cut") {
  SetupReport report;
  report.fail(1, std::string(5000, 'x'));
  CHECK(report.text() == std::string(SetupReport::text_size - 1, 'x'));
}
