#include <tessera/pool/board/board.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

using namespace tessera_test;
using tessera::Errc;
using tessera::detail::Board;
using tessera::detail::PoolMemory;

namespace {

using BytesOnBoard = std::pair<const std::byte*, const std::byte*>;

template <class T>
BytesOnBoard bytes_on_board(const T& part) {
  const auto* const begin = reinterpret_cast<const std::byte*>(&part);
  return {begin, begin + sizeof part};
}
template <class T>
BytesOnBoard bytes_on_board(std::span<T> parts) {
  const auto bytes = std::as_bytes(parts);
  return {bytes.data(), bytes.data() + bytes.size()};
}

/// What caller and keeper say, and then what workers say.
std::vector<BytesOnBoard> parts_of_board(const Board& board) {
  return {bytes_on_board(board.commands()), bytes_on_board(board.processes()),
          bytes_on_board(board.replies()),  bytes_on_board(board.workers()),
          bytes_on_board(board.ranges()),   bytes_on_board(board.clocks()),
          bytes_on_board(board.setups())};
}

}  // namespace

TEST_CASE("the parts of a board follow each other and end where its bytes do") {
  const auto workers = GENERATE(as<std::size_t>(), 1, 2, 63, 1024);
  const PoolMemory pool_memory(workers);
  const auto parts = parts_of_board(pool_memory.board);
  const auto* at = static_cast<const std::byte*>(pool_memory.mapping.data());
  const auto* const end = at + Board::bytes(workers);
  CHECK(parts.front().first == at);
  for (const auto& [first, last] : parts) {
    CHECK(first >= at);
    at = last;
  }
  CHECK(at == end);
}

TEST_CASE("what workers must not write shares no page with what they write") {
  const PoolMemory pool_memory(GENERATE(as<std::size_t>(), 1, 100));
  const auto parts = parts_of_board(pool_memory.board);
  const auto* const begin = static_cast<const std::byte*>(pool_memory.mapping.data());
  const auto page = static_cast<std::ptrdiff_t>(tessera::host::page_size());
  const auto last_page = (parts[1].second - 1 - begin) / page;
  CHECK((parts[2].first - begin) / page > last_page);
}

TEST_CASE("a worker that writes what only caller and keeper may say ends there") {
  const PoolMemory pool_memory(3);
  const auto& board = pool_memory.board;
  CHECK(failure_apart([&] {
          board.protect();
          must(refuses_writes(&board.commands().gate.round), "the gate");
          must(refuses_writes(&board.commands().memory_name), "where the job's memory is");
          must(refuses_writes(&board.processes().back().deaths), "the last place's deaths");
          board.replies().stops.round.store(1);
          board.workers()[2].inside.store(5);
          board.ranges()[2].word.store(6);
          board.clocks()[2].begin(1, 1, 1);
          board.done_bell().ring();
          must(board.workers()[2].inside.load() == 5, "what it says itself it can write");
        }) == "");
}

TEST_CASE("every process that has the memory has the same board") {
  PoolMemory pool_memory(2);
  const auto other = Board::at(pool_memory.mapping.data(), 2, pool_memory.board.wakers());
  pool_memory.board.commands().gate.round.store(4);
  other.workers()[1].inside.store(4);
  CHECK(other.commands().gate.round.load() == 4);
  CHECK(pool_memory.board.membership().anyone_inside(4));
}

TEST_CASE("a failure outside any tile is told and stops its round") {
  const PoolMemory pool_memory(1);
  const auto& board = pool_memory.board;
  board.fail(8, Errc::replaced, "another array");
  const auto told = board.replies().failures.outside_tiles();
  REQUIRE(told.size() == 1);
  CHECK(told[0].code == Errc::replaced);
  CHECK(told[0].text == "another array");
  CHECK(board.membership().stopped(8));
}

TEST_CASE("a pool's memory knows the thread that runs a kernel in its process") {
  PoolMemory pool_memory(1);
  CHECK_FALSE(pool_memory.in_kernel());
  pool_memory.runner.store(std::this_thread::get_id());
  CHECK(pool_memory.in_kernel());
}

#if defined(TESSERA_POSIX)  // fork
TEST_CASE("a forked child can't use the memory of its parent's pool") {
  const PoolMemory pool_memory(1);
  pool_memory.check_process();
  CHECK(failure_in_child([&] {
          must(pool_memory.inherited(), "it is inherited");
          const auto error = error_of([&] { pool_memory.check_process(); });
          must(error.errc() == Errc::pool_unusable, "and refused");
        }) == "");
}
#endif
