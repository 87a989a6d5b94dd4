#include "terminal.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#if __has_include(<sys/ioctl.h>)
#include <sys/ioctl.h>
#include <unistd.h>
#else
#include <io.h>
#endif

namespace tool {

namespace {

volatile std::sig_atomic_t interrupted = 0;

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// A positive number in an environment variable; `otherwise` if there is none.
std::size_t number_in(const char* name, std::size_t otherwise) {
  const auto value = std::strtoul(std::string(variable(name)).c_str(), nullptr, 10);
  return value > 0 && value < 10000 ? value : otherwise;
}

}  // namespace

Terminal terminal(const std::string& forced) {
  Terminal out;
#if __has_include(<sys/ioctl.h>)
  out.is_one = ::isatty(STDOUT_FILENO) != 0;
  winsize size{};
  if (out.is_one && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    out.columns = size.ws_col;
    if (size.ws_row > 0) out.rows = size.ws_row;
  }
#else
  out.is_one = ::_isatty(1) != 0;
#endif
  out.columns = number_in("COLUMNS", out.columns);
  out.rows = number_in("LINES", out.rows);
  if (forced.empty()) {
    const auto term = variable("TERM"), depth = variable("COLORTERM");
    if (!out.is_one || !variable("NO_COLOR").empty() || term.empty() || term == "dumb")
      out.colours = Colours::none;
    else if (depth == "truecolor" || depth == "24bit")
      out.colours = Colours::full;
    else if (term.find("256") != term.npos)
      out.colours = Colours::palette;
  } else if (forced == "full") {
    out.colours = Colours::full;
  } else if (forced == "256") {
    out.colours = Colours::palette;
  } else if (forced != "none") {
    throw std::runtime_error("--colours is none, 256 or full, not " + forced);
  }
  return out;
}

bool error_stream_is_terminal() {
#if __has_include(<sys/ioctl.h>)
  return ::isatty(STDERR_FILENO) != 0;
#else
  return ::_isatty(2) != 0;
#endif
}

Interruption::Interruption() {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { interrupted = 1; });
}
bool Interruption::asked_for() noexcept { return interrupted != 0; }

}  // namespace tool
