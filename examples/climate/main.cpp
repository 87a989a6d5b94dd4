// vpd_climate: vapour-pressure deficit from temperature, humidity and pressure, with its map.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tessera.hpp>
#include <utility>
#include <vector>

#include "field.hpp"
#include "tool/picture.hpp"
#include "tool/terminal.hpp"
#include "tool/words.hpp"

namespace {

using namespace tessera;
using namespace std::chrono_literals;

constexpr const char* usage =
    "usage: vpd_climate TEMPERATURE HUMIDITY PRESSURE OUT [MAP.png]\n"
    "Vapour-pressure deficit in hPa, from degrees Celsius, g/kg and hPa. NaN stays NaN.\n"
    "A field is FILE.npy or FILE.nc:VARIABLE (time, latitude, longitude); OUT is .npy or .nc.\n";

/// hPa, from air temperature in degrees Celsius, specific humidity in g/kg and pressure in hPa.
/// Saturation vapour pressure over water: Bolton (1980), Monthly Weather Review 108, equation 10.
double vpd_hpa(float temperature, float humidity, float pressure) {
  const double t = temperature, q = humidity / 1000.0, p = pressure;
  const double saturation = 6.112 * std::exp(17.67 * t / (t + 243.5));
  return saturation - q * p / (0.622 + 0.378 * q);
}

/// A line on a terminal: how much is done, how fast, and how long it will take.
class ProgressBar {
 public:
  ProgressBar(std::size_t elements, bool visible) : elements_(elements), visible_(visible) {}
  void show(std::size_t done, std::size_t total) const {
    if (!visible_ || total == 0) return;
    constexpr std::size_t width = 30;
    const double part = static_cast<double>(done) / static_cast<double>(total);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    const auto full = static_cast<std::size_t>(part * width);
    std::cerr << '\r' << std::string(full, '#') << std::string(width - full, '.') << ' '
              << tool::number(100 * part, 3) << " %, "
              << tool::number(part * static_cast<double>(elements_) / took.count() / 1e6, 3)
              << " M elements/s, "
              << tool::seconds_in_words(part > 0 ? took.count() * (1 / part - 1) : -1) << " left   "
              << std::flush;
  }
  void end() const {
    if (visible_) std::cerr << '\n';
  }

 private:
  std::size_t elements_;
  bool visible_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// One panel for each step, at most twelve, on the same scale, north at the top.
void draw(const std::string& path, const SharedArray<double, 3>& vpd,
          const std::vector<climate::Axis>& axes) {
  constexpr std::array months{"January",   "February", "March",    "April",
                              "May",       "June",     "July",     "August",
                              "September", "October",  "November", "December"};
  // From the south unless the latitudes say otherwise.
  const auto& latitudes = axes.size() == 3 ? axes[1].values : std::vector<double>{};
  const bool from_south = latitudes.size() < 2 || latitudes.front() < latitudes.back();
  std::vector<tool::Panel> panels;
  const auto rows = vpd.shape(1), columns = vpd.shape(2);
  for (std::size_t step = 0; step < std::min<std::size_t>(vpd.shape(0), 12); ++step) {
    tool::Panel panel;
    panel.title = vpd.shape(0) == 12 ? months[step] : "step " + std::to_string(step);
    panel.picture.rows = rows;
    panel.picture.columns = columns;
    for (std::size_t row = 0; row < rows; ++row) {
      const auto* const from =
          vpd.data() + (step * rows + (from_south ? rows - 1 - row : row)) * columns;
      panel.picture.values.insert(panel.picture.values.end(), from, from + columns);
    }
    panels.push_back(std::move(panel));
  }
  // From 0, below which there are but wrong observations, to what one number in a hundred exceeds.
  std::vector<double> numbers;
  std::copy_if(vpd.data(), vpd.data() + vpd.size(), std::back_inserter(numbers),
               [](double value) { return std::isfinite(value); });
  tool::Picture range;
  if (!numbers.empty()) {
    const auto place = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() * 99 / 100);
    std::nth_element(numbers.begin(), place, numbers.end());
    range.high = *place;
  }
  tool::write_png(path, panels, range, "Vapour-pressure deficit over the sea", "hPa");
}

void run(const std::vector<std::string>& words) {
  TiledPool pool;
  const auto t = climate::load(words[0]), q = climate::load(words[1]), p = climate::load(words[2]);
  auto vpd = SharedArray<double, 3>::create(t.values.shape());
  const ProgressBar bar(vpd.size(), tool::error_stream_is_terminal());
  auto job = pool.transform_async(vpd, vpd_hpa, t.values, q.values, p.values);
  while (!job.wait_for(100ms)) {
    const auto [done, total] = job.progress();
    bar.show(done, total);
  }
  job.get();
  bar.show(1, 1);
  bar.end();
  climate::save(words[3], vpd, t.axes, "vpd", "vapour-pressure deficit", "hPa");
  std::cout << "mean " << tool::number(xt::nanmean(vpd)()) << " hPa, greatest "
            << tool::number(xt::nanmax(vpd)()) << " hPa\nwritten to " << words[3] << '\n';
  if (words.size() == 5) {
    draw(words[4], vpd, t.axes);
    std::cout << "drawn in " << words[4] << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = run_as_worker(argc, argv)) return *code;
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 1 && (words[0] == "--help" || words[0] == "-h")) {
    std::cout << usage;
    return 0;
  }
  if (words.size() < 4 || words.size() > 5) {
    std::cerr << usage;
    return 2;
  }
  try {
    run(words);
    return 0;
  } catch (const JobError& error) {
    std::cerr << error.what() << '\n';
    return 1;
  } catch (const Error& error) {
    std::cerr << error.what() << '\n';
  } catch (const std::exception& error) {
    std::cerr << "vpd_climate: " << error.what() << '\n';
  }
  return 2;
}
