#include <tessera/host/output_pipe.hpp>

#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <thread>

#include "support/catch.hpp"
#include "support/scene.hpp"

#if defined(TESSERA_POSIX)
#include <fcntl.h>
#include <unistd.h>
#endif

using namespace tessera_test;
using tessera::host::OutputPipe;

namespace {

/// What is there now.
std::string all_of(const OutputPipe& pipe) {
  std::string out;
  std::array<char, 1000> bytes;
  while (const auto n = pipe.read(bytes)) out.append(bytes.data(), n);
  return out;
}

}  // namespace

TEST_CASE("an empty pipe gives nothing, and does not wait") {
  CHECK(all_of(OutputPipe::made("test")).empty());
}

TEST_CASE("what was written is read in order, and once") {
  const auto pipe = OutputPipe::made("test");
  pipe.write("one ");
  pipe.write("two");
  CHECK(all_of(pipe) == "one two");
  CHECK(all_of(pipe).empty());
}

TEST_CASE("who writes more than the pipe holds waits for the reader") {
  const auto pipe = OutputPipe::made("test");
  const std::string text(std::size_t{5} << 20, 'x');
  std::thread writer([&] { pipe.write(text); });
  std::string got;
  const bool all = wait_until([&] {
    got += all_of(pipe);
    return got.size() == text.size();
  });
  writer.join();
  CHECK(all);
  CHECK(got == text);
}

TEST_CASE("a pipe of nothing is none") {
  CHECK_FALSE(static_cast<bool>(OutputPipe()));
  auto pipe = OutputPipe::made("test");
  CHECK(static_cast<bool>(pipe));
  pipe.close_written_end();
  CHECK_FALSE(static_cast<bool>(pipe));
  CHECK(all_of(pipe).empty());
}

TEST_CASE("a pipe knows how much there is to read") {
  const auto pipe = OutputPipe::made("test");
  CHECK(pipe.available() == 0);
  pipe.write("four");
  CHECK(pipe.available() == 4);
}

TEST_CASE("a written end that was closed is not intact") {
  auto pipe = OutputPipe::made("test");
  CHECK(pipe.intact());
  pipe.close_written_end();
  CHECK_FALSE(pipe.intact());
}

#if defined(TESSERA_POSIX)
TEST_CASE("a written end whose number leads to a file by now is not intact") {
  CHECK(failure_in_child([] {
          const Folder folder;
          const auto pipe = OutputPipe::made("test");
          const int file = ::open(folder.file("x").c_str(), O_RDWR | O_CREAT, 0600);
          must(file >= 0 && ::dup2(file, pipe.written_end().get()) >= 0, "the number is taken");
          must(!pipe.intact(), "it is no pipe any more");
        }) == "");
}

TEST_CASE("both streams of a process go into the pipe, whole lines at once") {
  const auto pipe = OutputPipe::made("test");
  CHECK(failure_in_child([&] {
          pipe.take_output();
          std::printf("a line\nhalf");
          must(all_of(pipe) == "a line\n", "a line that has ended is there");
          std::fprintf(stderr, "error\n");
          std::fflush(stdout);
        }) == "");
  CHECK(all_of(pipe) == "error\nhalf");
}
#endif
