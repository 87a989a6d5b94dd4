#include <tessera/pool/worker/context.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"
#include "support/segments.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::detail::JobHead;
using tessera::detail::JobMemory;
using tessera::detail::PoolMemory;
using tessera::detail::WorkerContext;

namespace {

/// Round 4 of a job that writes one array and reads another.
struct RoundOfWorker {
  PoolMemory pool_memory{1};
  std::vector<std::uint64_t> words = std::vector<std::uint64_t>(sizeof(JobHead) / 8 + 1);
  std::shared_ptr<tessera::Segment> out = create(unique_name()), in = create(unique_name());
  WorkerContext context;

  explicit RoundOfWorker(bool collects = false)
      : context(pool_memory.board, memory(collects), 4, 0) {
    context.add_argument(out->data(), *out, true);
    context.add_argument(in->data() + 8, *in, false);
  }
  const tessera::detail::FailureLog& log() const { return pool_memory.board.replies().failures; }

 private:
  JobMemory memory(bool collects) {
    JobHead head;
    head.tiles = 3;
    head.tile_bytes_at = sizeof head;
    head.collects = collects ? 1 : 0;
    head.arguments = 2;
    auto* const start = reinterpret_cast<std::byte*>(words.data());
    std::memcpy(start, &head, sizeof head);
    return JobMemory(start);
  }
};

}  // namespace

TEST_CASE("a worker has the first element of each argument, and the arrays that it writes") {
  const RoundOfWorker worker;
  CHECK(worker.context.arguments == std::vector{worker.out->data(), worker.in->data() + 8});
  CHECK(worker.context.outputs == std::vector{worker.out.get()});
  CHECK(worker.context.round.number() == 4);
}

TEST_CASE("a kernel that threw is told with its tile and stops the round") {
  const RoundOfWorker worker;
  worker.context.report_throw(2, "no rain");
  const auto told = worker.log().of_tiles();
  REQUIRE(told.size() == 1);
  CHECK((told[0].tile == 2 && told[0].code == Errc::kernel_failed && told[0].text == "no rain"));
  CHECK(worker.context.round.stopped());
}

TEST_CASE("a round whose job collects goes on when a kernel threw") {
  const RoundOfWorker worker(true);
  worker.context.report_throw(0, "no");
  CHECK(worker.log().thrown() == 1);
  CHECK_FALSE(worker.context.round.stopped());
}

TEST_CASE("what was written behind an output is told once, and what stood there is back") {
  const RoundOfWorker worker;
  CHECK_FALSE(worker.context.report_overrun(1));
  worker.out->data()[24] = std::byte{7};  // behind six integers
  CHECK(worker.context.report_overrun(1));
  CHECK(worker.out->intact());
  CHECK_FALSE(worker.context.report_overrun(2));
  const auto told = worker.log().of_tiles();
  REQUIRE(told.size() == 1);
  CHECK(told[0].tile == 1);
  CHECK(has(told[0].text, worker.out->name()));
}

TEST_CASE("what is written behind an array that is only read is not looked at") {
  const RoundOfWorker worker;
  worker.in->data()[24] = std::byte{7};
  CHECK_FALSE(worker.context.report_overrun(1));
}
