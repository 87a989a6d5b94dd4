#include <tessera/pool/board/setup_report.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using tessera::detail::SetupReport;

TEST_CASE("a setup that nobody has reported has not ended and has not failed") {
  const SetupReport report{};
  CHECK_FALSE(report.ended(1));
  CHECK_FALSE((report.ever_ready() || report.ever_failed()));
  CHECK(report.failures(1) == 0);
  CHECK(report.text().empty());
}

TEST_CASE("failures in a row are counted until a successor is set up") {
  SetupReport report;
  report.succeed(1);
  CHECK((report.ready(1) && report.ever_ready() && report.failures(1) == 0));
  report.fail(2, "no table");
  CHECK(report.failures(2) == 1);
  report.fail(3, "no table again");
  CHECK((report.failures(3) == 2 && report.ever_failed()));
  CHECK(report.text() == "no table again");
  CHECK((report.ended(3) && !report.ready(3)));
  CHECK_FALSE(report.ended(4));
  report.succeed(4);
  CHECK(report.failures(4) == 0);
}

TEST_CASE("numbers that no process has had were written by a kernel, and mean nothing") {
  SetupReport report;
  report.succeed(2);
  report.fail(4000000000u, "?");
  CHECK(report.failures(2) == 0);
  report.fail(3, "no table");
  report.succeed(4000000000u);
  CHECK(report.failures(3) == 3);
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
