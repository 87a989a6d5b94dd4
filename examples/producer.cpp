// A model that runs on its own and gives its steps to whoever looks: `producer NAME`. Start it
// before its readers or after them: `consumer NAME`, python3 examples/python/consumer.py NAME.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <tessera.hpp>
#include <thread>

namespace {

using namespace tessera;

void run(int argc, char** argv) {
  CLI::App app("Steps of a model, in an array that other programs read while it is made.");
  std::string name;
  std::uint64_t steps = 200;
  int pause = 10;
  app.add_option("name", name, "The array's name")->required();
  app.add_option("--steps", steps, "So many steps. Default 200")->type_name("N");
  app.add_option("--pause", pause, "Milliseconds between two steps. Default 10")->type_name("MS");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) std::exit(app.exit(error));
    throw std::runtime_error(std::string(error.what()) + "; see producer --help");
  }

  TiledPool pool;
  auto waves = SharedArray<float, 3>::create(name, {8, 90, 180});  // a ring: the last 8 steps
  for (std::uint64_t n = 1; n <= steps; ++n) {
    std::this_thread::sleep_for(std::chrono::milliseconds(pause));
    auto now = waves.write_step(n);
    pool.map(
        {30, full},
        [t = 0.1 * static_cast<double>(n)](const Tile<2>& tile, auto out) {
          for (std::size_t i = 0; i < out.shape(0); ++i)
            for (std::size_t j = 0; j < out.shape(1); ++j)
              out(i, j) =
                  static_cast<float>(std::sin(0.1 * static_cast<double>(tile.lo(0) + i) - t) *
                                     std::cos(0.1 * static_cast<double>(j)));
        },
        into(xt::view(waves, now.slot(), xt::all(), xt::all())));
  }  // `now` ends, and the step is published
  std::printf("%llu steps of %s are done\n", static_cast<unsigned long long>(steps), name.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = tessera::run_as_worker(argc, argv)) return *code;
  try {
    run(argc, argv);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "producer: %s\n", error.what());
  }
  return 2;
}
