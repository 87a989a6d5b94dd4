#include <tessera/pool/keeper/link.hpp>

#include <utility>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::detail::make_link;
using tessera::detail::Message;
using tessera::host::ChannelPair;

TEST_CASE("messages arrive in the order in which they were sent") {
  const ChannelPair pair("test");
  const auto all = {Message::start, Message::timeout, Message::kill, Message::stop};
  for (const auto message : all) send(pair.ours, message);
  for (const auto message : all) CHECK(pair.theirs.receive() == static_cast<char>(message));
}

TEST_CASE("a caller that has closed its end is a message without a byte") {
  ChannelPair pair("test");
  send(pair.ours, Message::stop);
  pair.ours.close();
  CHECK(pair.theirs.receive() == static_cast<char>(Message::stop));
  CHECK_FALSE(pair.theirs.receive().has_value());
  CHECK(pair.theirs.closed());
}

TEST_CASE("to say something to a keeper that has ended does no harm") {
  ChannelPair pair("test");
  pair.theirs.close();
  send(pair.ours, Message::stop);
  send(pair.ours, Message::stop);
}

#if defined(TESSERA_POSIX)  // there a keeper is a process
TEST_CASE("a link to a keeper that lives has its channel and its process") {
  ChannelPair pair("test");
  auto link = make_link(tessera::host::own_pid(), std::move(pair.ours));
  REQUIRE(link);
  CHECK_FALSE(link->process.wait_ended(std::chrono::milliseconds(0)));
  send(link->channel, Message::start);
  CHECK(pair.theirs.receive() == static_cast<char>(Message::start));
}

TEST_CASE("a keeper that has closed its end is no link, whoever has its number now") {
  ChannelPair pair("test");
  pair.theirs.close();
  CHECK_FALSE(make_link(tessera::host::own_pid(), std::move(pair.ours)));
}

TEST_CASE("a keeper that has ended and was collected is no link") {
  ChannelPair pair("test");
  Child keeper([] {});
  const auto pid = keeper.pid();
  REQUIRE(keeper.failure() == "");
  pair.theirs.close();
  CHECK_FALSE(make_link(pid, std::move(pair.ours)));
}
#endif
