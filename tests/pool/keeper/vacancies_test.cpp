#include <tessera/pool/keeper/vacancies.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using tessera::detail::Vacancies;
using Slots = std::vector<std::size_t>;

TEST_CASE("a slot is filled once, after its pause") {
  Vacancies vacancies(3);
  const Vacancies::Clock::time_point now{};
  CHECK_FALSE(vacancies.any());
  vacancies.add(1, false, now);
  CHECK(vacancies.any());
  CHECK(vacancies.milliseconds_to_next(now) == 100);
  CHECK(vacancies.take_due(now + 99ms).empty());
  CHECK(vacancies.take_due(now + 100ms) == Slots{1});
  CHECK_FALSE(vacancies.any());
  CHECK(vacancies.take_due(now + 1h).empty());
}

TEST_CASE("a slot whose setup fails waits longer and longer, and no other one with it") {
  Vacancies vacancies(2);
  Vacancies::Clock::time_point now{};
  for (const auto pause : {200ms, 400ms, 800ms, 1600ms, 1600ms}) {
    vacancies.add(0, true, now);
    CHECK(vacancies.take_due(now + pause - 1ms).empty());
    now += pause;
    CHECK(vacancies.take_due(now) == Slots{0});
  }
  vacancies.add(0, true, now);
  vacancies.add(1, false, now);
  CHECK(vacancies.milliseconds_to_next(now) == 100);
  CHECK(vacancies.take_due(now + 100ms) == Slots{1});
  CHECK(vacancies.milliseconds_to_next(now + 100ms) == 1500);
}

TEST_CASE("a slot whose worker was set up waits as at first") {
  Vacancies vacancies(1);
  Vacancies::Clock::time_point now{};
  vacancies.add(0, true, now);
  vacancies.add(0, true, now);
  vacancies.add(0, false, now);
  CHECK(vacancies.milliseconds_to_next(now) == 100);
}
