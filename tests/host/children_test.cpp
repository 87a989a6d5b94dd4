#include <tessera/host/children.hpp>

#if defined(TESSERA_POSIX)  // fork

#include <signal.h>
#include <unistd.h>

#include <tessera/host/process.hpp>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
namespace host = tessera::host;

TEST_CASE("a keeper sees that its caller has ended, and kills a child that goes on") {
  CHECK(failure_in_child([] {
          host::Children children("test");
          host::ChannelPair pair("test");
          const auto pause = [] {
            for (;;) ::pause();
            return 0;
          };
          const auto other = host::fork_child("test", pause);
          const auto child = host::fork_child("test", pause);
          const host::ProcessHandle caller(other);
          children.kill(other);
          bool seen = false;
          must(wait_until([&] {
                 seen = children.wait(pair.theirs, caller, 20000).caller_ended;
                 return seen;
               }),
               "the caller's end is seen");
          must(wait_until([&] { return children.collect().has_value(); }), "and collected");
          must(!children.collect(), "the other child lives");
          children.kill(child);
          must(wait_until([&] {
                 children.wait(20000);
                 const auto end = children.collect();
                 return end && end->pid == child &&
                        has(host::describe_exit(end->status), "was killed by signal 9");
               }),
               "it is told how the child ended");
        }) == "");
}

TEST_CASE("a wait for children ends after its time where none ends") {
  CHECK(failure_in_child([] {
          const host::Children children("test");
          children.wait(1);
          must(::getpid() > 0, "it has returned");
        }) == "");
}

#endif
