#include <tessera/pool/caller/log_reader.hpp>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"

using tessera::LogLine;
using tessera::detail::LogReader;
using tessera::detail::mark_output;
using tessera::host::OutputPipe;

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
  LogReader reader;
  Log()
      : pipes(made()),
        reader(pipes, [this](const LogLine& line) { lines.push_back(in_words(line)); }) {}
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
  int calls = 0;
  LogReader reader(pipes, [&](const LogLine&) {
    if (++calls == 1) throw std::range_error("full");
  });
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
  LogReader reader({}, nullptr);
  reader.begin_job(1);
  reader.read();
  reader.end_job();
  CHECK_FALSE(reader.failed());
}
