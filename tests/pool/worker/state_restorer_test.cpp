#include <tessera/pool/worker/state_restorer.hpp>

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace std::chrono_literals;
using tessera::detail::JobHead;
using tessera::detail::StateRestorer;
using tessera_test::failure_in_child;
using tessera_test::must;

namespace {

JobHead job_of_kernel(std::uint64_t number) {
  JobHead out;
  out.serve = {number, number};
  return out;
}

/// A worker whose umask its kernels change: a process of its own.
class ChangedWorker {
 public:
  ChangedWorker() {
    ::umask(022);
    restorer_.emplace();
  }
  /// A short job of that kernel. True if what it changed is undone afterwards.
  bool undone_after_job(std::uint64_t kernel, bool changes, std::chrono::nanoseconds time = 1us) {
    restorer_->set_kernel(job_of_kernel(kernel));
    if (changes) ::umask(077);
    restorer_->worked(time);
    return is_undone();
  }
  bool undone_before_sleep() {
    restorer_->restore();
    return is_undone();
  }
  static bool is_undone() {
    const auto now = ::umask(0);
    ::umask(now);
    return now == 022;
  }

 private:
  std::optional<StateRestorer> restorer_;
};

}  // namespace

TEST_CASE("what the first jobs of a kernel change is undone after each") {
  CHECK(failure_in_child([] {
          ChangedWorker worker;
          for (int job = 0; job < 40; ++job) must(worker.undone_after_job(1, true), "it is undone");
        }) == "");
}

TEST_CASE("a kernel that long changed nothing is looked after before the worker sleeps") {
  CHECK(failure_in_child([] {
          ChangedWorker worker;
          for (int job = 0; job < 16; ++job) worker.undone_after_job(1, false);
          must(!worker.undone_after_job(1, true), "not after the job");
          must(worker.undone_before_sleep(), "but before it sleeps");
        }) == "");
}

TEST_CASE("after a change that came late every job of every kernel is looked after") {
  CHECK(failure_in_child([] {
          ChangedWorker worker;
          for (int job = 0; job < 16; ++job) {
            worker.undone_after_job(1, false);
            worker.undone_after_job(2, false);
          }
          worker.undone_after_job(1, true);
          worker.undone_before_sleep();
          must(worker.undone_after_job(1, true), "of the one that changed it");
          must(worker.undone_after_job(2, true), "and of the others");
        }) == "");
}

TEST_CASE("after half a millisecond of work a worker looks, whatever the kernel") {
  CHECK(failure_in_child([] {
          ChangedWorker worker;
          for (int job = 0; job < 16; ++job) worker.undone_after_job(1, false);
          must(!worker.undone_after_job(1, true, 200us), "not yet");
          must(!worker.undone_after_job(1, true, 200us), "nor now");
          must(worker.undone_after_job(1, true, 200us), "but now");
        }) == "");
}

TEST_CASE("each kernel is looked after in its own first jobs") {
  CHECK(failure_in_child([] {
          ChangedWorker worker;
          for (int job = 0; job < 16; ++job) worker.undone_after_job(1, false);
          for (int job = 0; job < 16; ++job) worker.undone_after_job(2, false);
          must(worker.undone_after_job(3, true), "a third kernel's first job");
        }) == "");
}
