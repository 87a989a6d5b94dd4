#include <tessera/pool/pool_options.hpp>

#include "support/catch.hpp"

using tessera::PoolOptions;
using tessera::StartMethod;

TEST_CASE("options that give no start method have the one that the program has set") {
  const auto before = PoolOptions{}.start_method;
  tessera::set_start_method(StartMethod::spawn);
  const auto spawned = PoolOptions{}.start_method;
  tessera::set_start_method(StartMethod::fork_with_threads);
  const auto forked = PoolOptions{}.start_method;
  const PoolOptions given{.start_method = StartMethod::fork};
  tessera::set_start_method(before);
  CHECK(spawned == StartMethod::spawn);
  CHECK(forked == StartMethod::fork_with_threads);
  CHECK(given.start_method == StartMethod::fork);
}

TEST_CASE("options that say nothing of orphans do what the program has set") {
  const auto before = PoolOptions{}.reap_orphans;
  tessera::set_reap_orphans(true);
  const auto reaps = PoolOptions{}.reap_orphans;
  tessera::set_reap_orphans(false);
  const auto leaves = PoolOptions{}.reap_orphans;
  const PoolOptions given{.reap_orphans = true};
  tessera::set_reap_orphans(before);
  CHECK(reaps);
  CHECK_FALSE(leaves);
  CHECK(given.reap_orphans);
}

TEST_CASE("by default workers are pinned, and the caller computes nothing") {
  const PoolOptions options;
  CHECK(options.pin);
  CHECK_FALSE(options.caller_computes);
  CHECK_FALSE(options.user_may_change);
}
