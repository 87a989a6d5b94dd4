// The side of Boost.Interprocess for compare.py: `peer_boost MODE NAME`. It prints what it sees.
#include <unistd.h>

#include <boost/date_time/posix_time/posix_time.hpp>
#include <boost/interprocess/containers/vector.hpp>
#include <boost/interprocess/ipc/message_queue.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_condition.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

namespace bip = boost::interprocess;

struct Steps {  // what a program must add for itself
  bip::interprocess_mutex mutex;
  bip::interprocess_condition changed;
  std::uint64_t published = 0;
};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

boost::posix_time::ptime in(int milliseconds) {
  return boost::posix_time::microsec_clock::universal_time() +
         boost::posix_time::milliseconds(milliseconds);
}

void create(bip::managed_shared_memory& memory) {
  memory.construct<float>("grid")[24](1.5f);
  memory.construct<Steps>("steps")();
  std::cout << "ready" << std::endl;
  std::cin.get();
}

int main(int argc, char** argv) try {
  alarm(30);
  std::cout.precision(15);
  const std::string mode = argc > 2 ? argv[1] : "", name = argc > 2 ? argv[2] : "";
  if (mode == "create") {
    bip::managed_shared_memory memory(bip::create_only, name.c_str(), 65536);
    create(memory);
    return 0;
  }
  if (mode == "huge") {
    bip::managed_shared_memory memory(bip::create_only, name.c_str(), std::stoull(argv[3]));
    std::cout << "created" << std::endl;
    return 0;
  }
  if (mode == "remove") {
    std::cout << bip::shared_memory_object::remove(name.c_str()) << std::endl;
    return 0;
  }
  if (mode == "scribble") {
    bip::managed_shared_memory memory(bip::open_read_only, name.c_str());
    std::cout << memory.find<float>("grid").first[0] << std::endl;
    memory.find<float>("grid").first[0] = 9;
    std::cout << "written" << std::endl;
    return 0;
  }
  if (mode == "containers") {  // what an array is not
    bip::managed_shared_memory memory(bip::open_only, name.c_str());
    using Allocator = bip::allocator<int, bip::managed_shared_memory::segment_manager>;
    auto* list =
        memory.find_or_construct<bip::vector<int, Allocator>>("list")(memory.get_segment_manager());
    for (int i = 0; i < 100; ++i) list->push_back(i);
    bip::message_queue queue(bip::create_only, (name + "q").c_str(), 4, sizeof(int));
    const int sent = 7;
    queue.send(&sent, sizeof sent, 0);
    int got = 0;
    bip::message_queue::size_type size;
    unsigned priority;
    queue.receive(&got, sizeof got, size, priority);
    bip::message_queue::remove((name + "q").c_str());
    std::cout << "vector of " << list->size() << ", message " << got << std::endl;
    return 0;
  }
  bip::managed_shared_memory memory(bip::open_only, name.c_str());
  auto* steps = memory.find<Steps>("steps").first;
  if (mode == "types") {
    const auto floats = memory.find<float>("grid");
    const auto doubles = memory.find<double>("grid");
    std::cout << "float: " << floats.second
              << " elements, double: " << (doubles.first ? std::to_string(doubles.second) : "none")
              << std::endl;
  }
  if (mode == "publish") {
    bip::scoped_lock<bip::interprocess_mutex> lock(steps->mutex, in(2000));
    if (!lock) return std::cout << "no lock for 2 s" << std::endl, 1;
    ++steps->published;
    steps->changed.notify_all();
    std::cout << "published " << now() << std::endl;
  }
  if (mode == "wait") {  // one step
    bip::scoped_lock<bip::interprocess_mutex> lock(steps->mutex);
    std::cout << "ready" << std::endl;
    const bool told =
        steps->changed.timed_wait(lock, in(2000), [&] { return steps->published > 0; });
    std::cout << (told ? "step " : "timed_out ") << now() << std::endl;
  }
  if (mode == "hold") {
    bip::scoped_lock<bip::interprocess_mutex> lock(steps->mutex);
    std::cout << "ready" << std::endl;
    pause();
  }
} catch (const std::exception& error) {
  std::cout << error.what() << std::endl;
  return 2;
}
