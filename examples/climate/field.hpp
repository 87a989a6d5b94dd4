// Fields of three axes (time, latitude, longitude) in .npy files and, with libnetcdf, in NetCDF
// files.
#pragma once

#include <cstddef>
#include <string>
#include <tessera/memory/shared_array.hpp>
#include <vector>

namespace climate {

/// One axis of a field: its name, its values and what they mean. Without values it is a number from
/// 0 on.
struct Axis {
  std::string name, units;
  std::vector<double> values;
};

/// A field in shared memory: NaN where nothing is known.
struct Field {
  tessera::SharedArray<float, 3> values;
  std::vector<Axis> axes;  // three, or none
};

/// Whether the text means a variable in a NetCDF file: FILE.nc:VARIABLE.
bool is_netcdf(const std::string& text);

/// FILE.npy of float32 or float64, or FILE.nc:VARIABLE, unpacked by its scale_factor and
/// add_offset, NaN for its _FillValue and missing_value. Throws std::runtime_error or
/// tessera::Error.
Field load(const std::string& text);

/// Writes OUT.npy, or OUT.nc with the axes and what the numbers are. A file appears when it is
/// complete. Throws std::runtime_error or tessera::Error.
void save(const std::string& path, const tessera::SharedArray<double, 3>& values,
          const std::vector<Axis>& axes, const std::string& name, const std::string& long_name,
          const std::string& units);

}  // namespace climate
