#include <tessera/pool/caller/log_reader.hpp>

#include <atomic>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/scene.hpp"

using tessera::LogLine;
using tessera::detail::LogReader;
using tessera::detail::mark_output;
using tessera::host::OutputPipe;
using tessera_test::wait_until;

namespace {

std::string in_words(const LogLine& line) {
  return std::to_string(line.worker) + (line.tile ? "," + std::to_string(*line.tile) : "") + ":" +
         std::string(line.text);
}
using Words = std::vector<std::string>;

/// Two workers' pipes and what was read of them.
struct Log {
  std::vector<OutputPipe> pipes;
  Words lines;
  std::atomic<std::thread::id> runner;
  LogReader reader;
  Log()
      : pipes(made()),
        reader(
            pipes, [this](const LogLine& line) { lines.push_back(in_words(line)); }, runner) {}
  static std::vector<OutputPipe> made() {
    std::vector<OutputPipe> out;
    out.push_back(OutputPipe::made("test"));
    out.push_back(OutputPipe::made("test"));
    return out;
  }
};

}  // namespace

TEST_CASE("a line is passed on once its end is there") {
  Log log;
  log.pipes[1].write("half");
  log.reader.read();
  CHECK(log.lines.empty());
  log.pipes[1].write(" and half\nnext");
  log.reader.read();
  CHECK(log.lines == Words{"1:half and half"});
}

TEST_CASE("lines of two workers do not mix") {
  Log log;
  log.pipes[0].write("a");
  log.pipes[1].write("b");
  log.reader.read();
  log.pipes[0].write("a\n");
  log.pipes[1].write("b\n");
  log.reader.read();
  CHECK(log.lines == Words{"0:aa", "1:bb"});
}

TEST_CASE("a mark ends a line, and what follows has its tile until the job ends") {
  Log log;
  mark_output(log.pipes[0], 4);
  log.pipes[0].write("x\ny");
  mark_output(log.pipes[0], 5);
  log.pipes[0].write("z");
  log.reader.read();
  CHECK(log.lines == Words{"0,4:x", "0,4:y"});
  log.reader.end_job();
  log.pipes[0].write("after\n");
  log.reader.read();
  CHECK(log.lines == Words{"0,4:x", "0,4:y", "0,5:z", "0:after"});
}

TEST_CASE("tiles of slabs are told as the tiles of which they are parts") {
  Log log;
  log.reader.begin_job(10);
  mark_output(log.pipes[0], 23);
  log.pipes[0].write("x\n");
  log.reader.read();
  CHECK(log.lines == Words{"0,3:x"});
}

TEST_CASE("what the sink throws is kept, and nothing is passed on until it was taken") {
  const auto pipes = Log::made();
  std::atomic<std::thread::id> runner;
  int calls = 0;
  LogReader reader(
      pipes,
      [&](const LogLine&) {
        if (++calls == 1) throw std::range_error("full");
      },
      runner);
  reader.rethrow();
  pipes[0].write("a\nb\n");
  reader.read();
  CHECK(calls == 1);
  CHECK(reader.failed());
  CHECK_THROWS_AS(reader.rethrow(), std::range_error);
  CHECK_FALSE(reader.failed());
  pipes[0].write("c\n");
  reader.read();
  CHECK(calls == 2);
}

TEST_CASE("a reader without pipes reads nothing") {
  std::atomic<std::thread::id> runner;
  LogReader reader({}, nullptr, runner);
  reader.begin_job(1);
  reader.read();
  reader.end_job();
  CHECK_FALSE(reader.failed());
}

TEST_CASE("a call reads what is there, and not what is printed meanwhile") {
  const auto pipes = Log::made();
  std::atomic<std::thread::id> runner;
  int calls = 0;
  LogReader reader(
      pipes,
      [&](const LogLine&) {
        ++calls;
        pipes[0].write("one more\n");
      },
      runner);
  pipes[0].write("first\n");
  reader.read();
  CHECK(calls == 1);
  reader.end_job();
  CHECK(calls == 2);
}

TEST_CASE("a mark is whole, wherever a long line before it is cut") {
  for (const int size : {65520, 65530, 65536, 65540, 69630, 70000}) {
    Log log;
    const std::string text(static_cast<std::size_t>(size), 'x');
    auto& pipe = log.pipes[0];
    std::thread writer([&] {
      mark_output(pipe, 1);
      pipe.write(text);
      mark_output(pipe, 2);
      pipe.write("y\n");
    });
    std::string long_line;
    const auto all_read = [&] {
      log.reader.read();
      return !log.lines.empty() && log.lines.back() == "0,2:y";
    };
    CHECK(wait_until(all_read));
    writer.join();
    for (const auto& line : log.lines)
      if (line != "0,2:y") {
        CHECK(line.starts_with("0,1:x"));
        long_line += line.substr(4);
      }
    CHECK(long_line == text);
  }
}

TEST_CASE("the sink's thread counts as one that must not use the pool") {
  const auto pipes = Log::made();
  std::atomic<std::thread::id> runner;
  bool inside = false;
  LogReader reader(
      pipes, [&](const LogLine&) { inside = runner.load() == std::this_thread::get_id(); }, runner);
  pipes[0].write("a\n");
  reader.read();
  CHECK(inside);
  CHECK(runner.load() == std::thread::id());
}
