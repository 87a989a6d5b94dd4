// The ticket lock, and the queue of asynchronous jobs, without a pool around them.
#include <tessera/pool/board/board.hpp>
#include <tessera/pool/caller/job_queue.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::detail::AsyncJob;
using tessera::detail::JobOrder;
using tessera::detail::JobQueue;
using tessera::detail::PoolMemory;
using tessera::detail::TicketLock;

namespace {

struct Site {
  std::shared_ptr<PoolMemory> pool_memory = std::make_shared<PoolMemory>(1);
  TicketLock ticket_lock;
  std::vector<AsyncJob*> ran;  // by one thread at a time
  std::optional<JobQueue> queue;

  Site() {
    queue.emplace(ticket_lock, [this](AsyncJob& job) {
      ran.push_back(&job);
      job.end({}, {});
    });
  }
  std::shared_ptr<AsyncJob> job() const { return std::make_shared<AsyncJob>(order(), pool_memory); }
  static JobOrder order() {
    JobOrder out;
    out.tiles = 3;
    return out;
  }
};

bool ended(AsyncJob& job) { return job.wait_until(AsyncJob::Clock::now() + 20s); }

}  // namespace

TEST_CASE("threads get the lock in the order in which they came") {
  TicketLock lock;
  std::vector<int> passed;
  std::vector<std::thread> threads;
  {
    const TicketLock::Guard first(lock);
    for (int i = 0; i < 20; ++i) {
      threads.emplace_back([&, i] {
        const TicketLock::Guard guard(lock);
        passed.push_back(i);  // alone in here, so without a lock
      });
      while (lock.waiting() != static_cast<std::uint64_t>(i) + 1) std::this_thread::yield();
    }
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(passed.size() == 20);
  for (int i = 0; i < 20; ++i) CHECK(passed[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("jobs run one after the other as they were submitted") {
  Site site;
  std::vector<std::shared_ptr<AsyncJob>> jobs;
  for (int k = 0; k < 200; ++k) {
    jobs.push_back(site.job());
    site.queue->submit(jobs.back());
  }
  REQUIRE(ended(*jobs.back()));
  REQUIRE(site.ran.size() == 200);
  for (std::size_t k = 0; k < 200; ++k) REQUIRE(site.ran[k] == jobs[k].get());
}

TEST_CASE("a job waits for those who took a ticket before it and holds up those after") {
  Site site;
  const auto job = site.job();
  std::thread late;
  {
    const TicketLock::Guard first(site.ticket_lock);
    site.queue->submit(job);
    late = std::thread([&] {
      const TicketLock::Guard guard(site.ticket_lock);
      site.ran.push_back(nullptr);
    });
    REQUIRE(wait_until([&] { return site.ticket_lock.waiting() == 2; }));
    REQUIRE(site.ran.empty());
  }
  late.join();
  REQUIRE(site.ran == std::vector<AsyncJob*>{job.get(), nullptr});
}

TEST_CASE("a job that was cancelled while it waited is passed over and lets the next one run") {
  Site site;
  const auto one = site.job(), two = site.job();
  {
    const TicketLock::Guard first(site.ticket_lock);
    site.queue->submit(one);
    site.queue->submit(two);
    one->cancel();
    REQUIRE(one->wait_until({}));
  }
  REQUIRE(ended(*two));
  REQUIRE(site.ran == std::vector<AsyncJob*>{two.get()});
  REQUIRE_THROWS_AS(one->check_end(), tessera::JobError);
  two->check_end();
}

TEST_CASE("either a job begins or its cancel comes first and never both") {
  Site site;
  int begun = 0, skipped = 0;
  for (int round = 0; round < 500; ++round) {
    const auto job = site.job();
    const auto ran_before = site.ran.size();
    std::thread other([&] { job->cancel(); });
    site.queue->submit(job);
    other.join();
    REQUIRE(ended(*job));
    const TicketLock::Guard guard(site.ticket_lock);  // behind the job
    const bool ran = site.ran.size() != ran_before;
    bool threw = false;
    try {
      job->check_end();
    } catch (const tessera::JobError& error) {
      threw = error.errc() == tessera::Errc::cancelled;
    }
    REQUIRE(ran != threw);
    ++(ran ? begun : skipped);
  }
  REQUIRE(begun + skipped == 500);
}

TEST_CASE("a queue ends when all its jobs have") {
  Site site;
  std::vector<std::shared_ptr<AsyncJob>> jobs;
  for (int k = 0; k < 50; ++k) {
    jobs.push_back(site.job());
    site.queue->submit(jobs.back());
  }
  site.queue->cancel_all();
  site.queue.reset();
  for (const auto& job : jobs) REQUIRE(job->wait_until({}));
}
