// One array, two terminals, and Python if you like: `attach create NAME` makes a named array and
// shows every change that somebody else makes to it; `attach set NAME I J VALUE` is somebody else.
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <tessera.hpp>
#include <thread>

namespace {

using namespace tessera;
using namespace std::chrono_literals;

volatile std::sig_atomic_t ended = 0;

void print(const SharedArray<const double, 2>& grid) {
  for (std::size_t i = 0; i < grid.shape(0); ++i) {
    for (std::size_t j = 0; j < grid.shape(1); ++j) std::printf(" %8g", grid(i, j));
    std::printf("\n");
  }
}

/// Owns the array until Ctrl-C or the deadline; its end removes the name.
void create(const std::string& name, double seconds) {
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { ended = 1; });
  auto grid = SharedArray<double, 2>::create(name, {4, 6});
  xt::xtensor<double, 2> seen = grid;  // before anybody is told of the name
  print(SharedArray<const double, 2>::attach(name));
  std::printf(
      "\n%s is there. Change it from another terminal:\n"
      "  attach set %s 1 2 36.6\n"
      "or from Python:\n"
      "  import numpy as np\n"
      "  np.load(\"%s\", mmap_mode=\"r+\")[1, 2] = 36.6\n"
      "Ctrl-C ends it.\n\n",
      name.c_str(), name.c_str(), grid.path().c_str());
  std::fflush(stdout);

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!ended && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(20ms);
    for (std::size_t i = 0; i < grid.shape(0); ++i) {
      for (std::size_t j = 0; j < grid.shape(1); ++j) {
        const double now = grid(i, j);
        if (now == seen(i, j) || (now != now && seen(i, j) != seen(i, j))) continue;
        std::printf("[%zu, %zu] was %g, is now %g\n", i, j, seen(i, j), now);
        seen(i, j) = now;
      }
    }
    std::fflush(stdout);
  }
  std::printf("\n%s is gone.\n", name.c_str());
}

void set(const std::string& name, std::size_t i, std::size_t j, double value) {
  auto grid = SharedArray<double, 2>::attach(name);
  if (i >= grid.shape(0) || j >= grid.shape(1))
    throw std::out_of_range(name + " has no element [" + std::to_string(i) + ", " +
                            std::to_string(j) + "]; its shape is " + std::to_string(grid.shape(0)) +
                            "x" + std::to_string(grid.shape(1)));
  std::printf("[%zu, %zu] of %s was %g, is now %g\n", i, j, name.c_str(), grid(i, j), value);
  grid(i, j) = value;
}

void run(int argc, char** argv) {
  CLI::App app("A named array in shared memory, seen from two terminals.");
  app.footer("Start with: attach create demo. In another terminal: attach set demo 1 2 36.6");
  app.require_subcommand(1);
  std::string name;
  double seconds = 3600, value = 0;
  std::size_t i = 0, j = 0;

  auto* const create_it = app.add_subcommand("create", "Make an array of 4x6 and watch it");
  create_it->add_option("name", name, "Its name")->required();
  create_it->add_option("--seconds", seconds, "End after so long. Default 3600")->type_name("S");
  auto* const set_it = app.add_subcommand("set", "Change one element of an array that is there");
  set_it->add_option("name", name, "Its name")->required();
  set_it->add_option("i", i, "Row, from 0")->required()->type_name("");
  set_it->add_option("j", j, "Column, from 0")->required()->type_name("");
  set_it->add_option("value", value, "What the element becomes")->required()->type_name("");
  auto* const show_it = app.add_subcommand("show", "Print an array that is there");
  show_it->add_option("name", name, "Its name")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) std::exit(app.exit(error));
    throw std::runtime_error(std::string(error.what()) + "; see attach --help");
  }
  if (*create_it) create(name, seconds);
  if (*set_it) set(name, i, j, value);
  if (*show_it) print(SharedArray<const double, 2>::attach(name));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc, argv);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attach: %s\n", error.what());
  }
  return 2;
}
