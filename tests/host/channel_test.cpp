#include <tessera/host/channel.hpp>

#include <thread>

#include "support/catch.hpp"

namespace host = tessera::host;

TEST_CASE("a channel is closed once its other end is and what that sent is received") {
  host::ChannelPair pair("test");
  CHECK_FALSE(pair.theirs.closed());
  pair.ours.send('x');
  pair.ours.close();
  CHECK_FALSE(pair.theirs.closed());
  CHECK(pair.theirs.receive() == 'x');
  CHECK(pair.theirs.closed());
}

TEST_CASE("who receives from a channel waits for the byte") {
  host::ChannelPair pair("test");
  char got = 0;
  std::thread receiver([&] { got = pair.theirs.receive().value_or('-'); });
  pair.ours.send('y');
  receiver.join();
  CHECK(got == 'y');
}
