#include "support/catch.hpp"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <tessera/memory/catalog.hpp>
#include <tessera/memory/shared_array.hpp>

#include "support/scene.hpp"
#include "support/soak.hpp"

using namespace tessera_test;
using namespace std::chrono_literals;
using tessera::Errc;
using tessera::Permission;
using tessera::Segment;
using tessera::SegmentName;
namespace catalog = tessera::catalog;
namespace host = tessera::host;

namespace {

std::shared_ptr<Segment> create(const std::string& name) {
  return Segment::create(SegmentName(name), tessera::dtype_of<int>(), std::vector<std::size_t>{3},
                         Permission::owner);
}

/// Processes that create, attach to, keep, remove and reap the same names, some of which crash,
/// while they are stopped at random moments for some milliseconds.
class NameTorture {
 public:
  static constexpr unsigned processes = 6, names = 16;

  /// Numbers that all processes add to.
  struct Counts {
    std::atomic<std::size_t> created{0}, kept{0}, orphaned{0}, attached{0}, removed{0}, reaped{0},
        refused{0}, stolen{0};

    /// True once each has happened often enough to have met the others.
    bool enough() const {
      return created > 100 && kept > 10 && orphaned > 10 && attached > 10 && removed > 10 &&
             reaped > 0;
    }
  };

  /// Lasts for `span`, and then until enough has happened, for a minute at most.
  NameTorture(unsigned seed, std::chrono::seconds span)
      : seed_(seed), end_(std::chrono::steady_clock::now() + span) {
    void* const page =
        ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(page != MAP_FAILED, "a shared page");
    counts = new (page) Counts;
  }
  NameTorture(const NameTorture&) = delete;
  NameTorture& operator=(const NameTorture&) = delete;
  ~NameTorture() { ::munmap(static_cast<void*>(counts), sizeof(Counts)); }

  /// In a /dev/shm of its own. Throws if a process died, a name was stolen or something foreign
  /// removed.
  void run() {
    create("kept")->keep();
    write_file(shm_path("copy"), bytes_of(shm_path("kept")));
    write_file(shm_path("text"), "hello");
    std::vector<Child> all;
    for (unsigned who = 0; who < processes; ++who) all.emplace_back([this, who] { play(who); });
    std::mt19937 random(seed_ - 1);
    while (!over()) {
      const auto& one = all[random() % processes];
      one.kill(SIGSTOP);
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
      one.kill(SIGCONT);
      ++stops;
    }
    for (auto& child : all) {
      const auto failure = child.failure();
      must(failure.empty(), failure);
    }
    catalog::reap();
    for (unsigned name = 0; name < names; ++name) catalog::remove(name_of(name));
    must(counts->stolen == 0, std::to_string(counts->stolen) + " names stolen from their owner");
    must(host::segment_names() == std::vector<std::string>{"copy", "kept", "text"},
         "no name is left, and what is not ours is all there");
    for (const auto* name : {"copy", "kept", "text"}) ::unlink(shm_path(name).c_str());
  }

  Counts* counts = nullptr;
  std::size_t stops = 0;

  std::string to_string() const {
    const auto& c = *counts;
    return std::to_string(c.created) + " created, " + std::to_string(c.kept) + " kept, " +
           std::to_string(c.orphaned) + " orphaned, " + std::to_string(c.attached) + " attached, " +
           std::to_string(c.removed) + " removed, " + std::to_string(c.reaped) + " reaped, " +
           std::to_string(c.refused) + " refused, " + std::to_string(stops) + " stops, " +
           std::to_string(c.stolen) + " stolen";
  }

 private:
  bool over() const {
    const auto now = std::chrono::steady_clock::now();
    return now > end_ && (counts->enough() || now > end_ + 60s);
  }
  static std::string name_of(unsigned name) { return "x" + std::to_string(name); }

  void play(unsigned who) const {
    std::mt19937 random(seed_ + who);
    while (!over()) {
      // Half of all that happens, happens to one name.
      const auto name = name_of(random() % 2 ? 0 : static_cast<unsigned>(random() % names));
      refusable([&] {
        switch (random() % 8) {
          case 0:
            if (catalog::remove(name)) counts->removed++;
            break;
          case 1:
            for (const auto& reaped : catalog::reap()) {
              must(reaped.starts_with("x"), "only what may be reaped, not " + reaped);
              counts->reaped++;
            }
            break;
          case 2: attach(name); break;
          case 3: {
            const auto end = failure_in_child([&] { refusable([&] { own(name, random, true); }); });
            must(end.empty() || end == "killed by signal 9", end);
            break;
          }
          default: own(name, random, false);
        }
      });
    }
  }
  // Another may have the name, or it may have none: everything else is a failure.
  template <class Step>
  void refusable(Step&& step) const {
    try {
      step();
    } catch (const tessera::Error& error) {
      if (error.errc() != Errc::name_taken && error.errc() != Errc::name_missing &&
          error.errc() != Errc::not_permitted)
        throw;
      counts->refused++;
    }
  }
  void own(const std::string& name, std::mt19937& random, bool crash) const {
    const auto owner = create(name);
    (crash ? counts->orphaned : counts->created)++;
    std::memset(owner->data(), 'x', 12);
    for (auto looks = random() % 20; looks > 0; --looks)
      if (!host::still_names(owner->path(), owner->file_id())) counts->stolen++;
    if (crash) ::raise(SIGKILL);
    if (random() % 4 == 0) {
      owner->keep();
      counts->kept++;
    }
  }
  void attach(const std::string& name) const {
    const auto found = Segment::attach(SegmentName(name), host::Access::read_only);
    for (int i = 0; i < 12; ++i) {
      const auto byte = found->data()[i];
      must(byte == std::byte{0} || byte == std::byte{'x'}, "an array of this test");
    }
    counts->attached++;
  }

  unsigned seed_;
  std::chrono::steady_clock::time_point end_;
};

}  // namespace

TEST_CASE(
    "creators, keepers, removers, reapers and crashes on the same names: nothing stolen, nothing "
    "foreign removed, no name left") {
  CHECK(failure_in_private_shm(16 * MiB, [] {
          NameTorture torture(1, 2s);
          torture.run();
          must(torture.counts->enough(), "enough happened: " + torture.to_string());
        }) == "");
}

TEST_CASE("soak: six processes and sixteen names", "[.soak]") {
  CHECK(failure_in_private_shm(16 * MiB, [] {
          NameTorture torture(soak_seed(), soak_span());
          torture.run();
          std::printf("names: %s, 0 deaths, 0 foreign removals, 0 names left\n",
                      torture.to_string().c_str());
          std::fflush(stdout);
        }) == "");
}

TEST_CASE("a killed owner's array is reaped, and its live neighbour is not") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          const auto neighbour = create("neighbour");
          Child owner([] {
            const auto segment = create("x");
            for (;;) ::pause();
          });
          must(wait_until([] { return exists(shm_path("x")); }), "it is there");
          must(catalog::reap().empty(), "while its owner lives, it stays");
          owner.kill(SIGKILL);
          owner.failure();
          must(catalog::reap() == std::vector<std::string>{"x"}, "then it goes");
          must(exists(shm_path("neighbour")), "alone");
        }) == "");
}

TEST_CASE("Ctrl-C leaves an orphan for the next creator, whose array is its own") {
  CHECK(failure_in_private_shm(4 * MiB, [] {
          Child owner([] {
            ::signal(SIGINT, SIG_DFL);
            const auto segment = create("x");
            segment->data()[0] = std::byte{1};
            for (;;) ::pause();
          });
          must(wait_until([] { return exists(shm_path("x")); }), "it is there");
          must(error_of([] { create("x"); }).errc() == Errc::name_taken,
               "taken while its owner lives");
          owner.kill(SIGINT);
          owner.failure();
          must(create("x")->data()[0] == std::byte{0}, "taken over, and new");
        }) == "");
}

TEST_CASE("a creator killed at any moment leaves nothing that can't be reaped") {
  CHECK(failure_in_private_shm(16 * MiB, [] {
          for (int i = 0; i < 150; ++i) {
            Child creator([] {
              for (;;) create("x");
            });
            std::this_thread::sleep_for(std::chrono::microseconds(50 * (i % 40)));
            creator.kill(SIGKILL);
            creator.failure();
            catalog::reap();
            must(host::segment_names().empty(), "nothing left after kill " + std::to_string(i));
          }
        }) == "");
}
