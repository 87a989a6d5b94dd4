#include "field.hpp"

#include <array>
#include <cmath>
#include <filesystem>
#include <limits>
#include <optional>
#include <stdexcept>
#include <tessera/memory/any_array.hpp>
#include <utility>

#if defined(CLIMATE_HAS_NETCDF)
#include <netcdf.h>
#endif

namespace climate {

using namespace tessera;

namespace {

Field load_npy(const std::string& path) {
  const auto file = AnyArray::map_file(path);
  return {
      file.visit<Elements<float, double>, Ranks<3>>([](const auto& field) -> SharedArray<float, 3> {
        return SharedArray<float, 3>::copy_of(xt::cast<float>(field));
      }),
      {}};
}

#if defined(CLIMATE_HAS_NETCDF)

/// An open file of libnetcdf. Every call is checked.
class File {
 public:
  explicit File(const std::string& path) : path_(path) {
    check(nc_open(path.c_str(), NC_NOWRITE, &id_), "opening it");
  }
  File(const std::string& path, int mode) : path_(path) {
    check(nc_create(path.c_str(), mode, &id_), "creating it");
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (id_ >= 0) nc_close(id_);
  }
  void close() { check(nc_close(std::exchange(id_, -1)), "closing it"); }

  int id() const { return id_; }
  void check(int status, const std::string& doing) const {
    if (status != NC_NOERR)
      throw std::runtime_error(path_ + ": " + doing + ": " + nc_strerror(status));
  }
  std::optional<double> number(int variable, const char* name) const {
    double out = 0;
    if (nc_get_att_double(id_, variable, name, &out) != NC_NOERR) return std::nullopt;
    return out;
  }
  std::string text(int variable, const char* name) const {
    std::size_t size = 0;
    nc_type type = NC_NAT;
    if (nc_inq_att(id_, variable, name, &type, &size) != NC_NOERR || type != NC_CHAR) return {};
    std::string out(size, '\0');
    check(nc_get_att_text(id_, variable, name, out.data()), name);
    return out;
  }

 private:
  std::string path_;
  int id_ = -1;
};

Field load_netcdf(const std::string& path, const std::string& name) {
  const File file(path);
  int variable = 0, axes = 0;
  file.check(nc_inq_varid(file.id(), name.c_str(), &variable), "looking for variable " + name);
  file.check(nc_inq_varndims(file.id(), variable, &axes), name);
  if (axes != 3)
    throw std::runtime_error(path + ":" + name + " has " + std::to_string(axes) +
                             " axes, not time, latitude and longitude");
  std::array<int, 3> ids{};
  file.check(nc_inq_vardimid(file.id(), variable, ids.data()), name);
  Field out;
  std::array<std::size_t, 3> shape{};
  for (std::size_t d = 0; d < 3; ++d) {
    std::array<char, NC_MAX_NAME + 1> its{};
    file.check(nc_inq_dim(file.id(), ids[d], its.data(), &shape[d]), name);
    Axis axis{its.data(), {}, {}};
    int coordinate = 0, of_axis = 0, its_axes = 0;
    if (nc_inq_varid(file.id(), its.data(), &coordinate) == NC_NOERR &&
        nc_inq_varndims(file.id(), coordinate, &its_axes) == NC_NOERR && its_axes == 1 &&
        nc_inq_vardimid(file.id(), coordinate, &of_axis) == NC_NOERR && of_axis == ids[d]) {
      axis.values.resize(shape[d]);
      file.check(nc_get_var_double(file.id(), coordinate, axis.values.data()), axis.name);
      axis.units = file.text(coordinate, "units");
    }
    out.axes.push_back(std::move(axis));
  }
  auto values = SharedArray<float, 3>::create({shape[0], shape[1], shape[2]});
  // Packed numbers are compared with the fill value as they are in the file.
  std::vector<double> packed(values.size());
  file.check(nc_get_var_double(file.id(), variable, packed.data()), "reading " + name);
  const auto fill = file.number(variable, "_FillValue"),
             missing = file.number(variable, "missing_value");
  const double factor = file.number(variable, "scale_factor").value_or(1),
               offset = file.number(variable, "add_offset").value_or(0);
  for (std::size_t k = 0; k < packed.size(); ++k)
    values.data()[k] = packed[k] == fill || packed[k] == missing
                           ? std::numeric_limits<float>::quiet_NaN()
                           : static_cast<float>(packed[k] * factor + offset);
  out.values = std::move(values);
  return out;
}

void save_netcdf(const std::string& path, const SharedArray<double, 3>& values,
                 const std::vector<Axis>& axes, const std::string& name,
                 const std::string& long_name, const std::string& units) {
  // Under another name until it is complete.
  const auto part = path + ".part";
  try {
    File file(part, NC_NETCDF4 | NC_CLOBBER);
    std::array<int, 3> ids{}, coordinates{-1, -1, -1};
    constexpr std::array names{"time", "lat", "lon"};
    const auto axis_of = [&](std::size_t d) {
      return axes.size() == 3 ? axes[d] : Axis{names[d], {}, {}};
    };
    const auto put_text = [&](int variable, const char* what, const std::string& text) {
      if (!text.empty())
        file.check(nc_put_att_text(file.id(), variable, what, text.size(), text.data()), what);
    };
    for (std::size_t d = 0; d < 3; ++d) {
      const auto axis = axis_of(d);
      file.check(nc_def_dim(file.id(), axis.name.c_str(), values.shape(d), &ids[d]), axis.name);
      if (axis.values.empty()) continue;
      file.check(nc_def_var(file.id(), axis.name.c_str(), NC_DOUBLE, 1, &ids[d], &coordinates[d]),
                 axis.name);
      put_text(coordinates[d], "units", axis.units);
    }
    int variable = 0;
    file.check(nc_def_var(file.id(), name.c_str(), NC_DOUBLE, 3, ids.data(), &variable), name);
    const double none = std::nan("");
    file.check(nc_put_att_double(file.id(), variable, "_FillValue", NC_DOUBLE, 1, &none), name);
    put_text(variable, "long_name", long_name);
    put_text(variable, "units", units);
    file.check(nc_enddef(file.id()), "ending its definitions");
    for (std::size_t d = 0; d < 3; ++d)
      if (coordinates[d] >= 0)
        file.check(nc_put_var_double(file.id(), coordinates[d], axis_of(d).values.data()),
                   "an axis");
    file.check(nc_put_var_double(file.id(), variable, values.data()), "writing " + name);
    file.close();
    std::filesystem::rename(part, path);
  } catch (...) {
    std::error_code none;
    std::filesystem::remove(part, none);
    throw;
  }
}

#else

[[noreturn]] void refuse() {
  throw std::runtime_error("this program was built without libnetcdf (Debian: libnetcdf-dev)");
}
Field load_netcdf(const std::string&, const std::string&) { refuse(); }
void save_netcdf(const std::string&, const SharedArray<double, 3>&, const std::vector<Axis>&,
                 const std::string&, const std::string&, const std::string&) {
  refuse();
}

#endif

}  // namespace

bool is_netcdf(const std::string& text) {
  return text.find(".nc:") != text.npos || text.ends_with(".nc");
}

Field load(const std::string& text) {
  if (!is_netcdf(text)) return load_npy(text);
  const auto colon = text.rfind(':');
  if (colon == text.npos || text.ends_with(".nc"))
    throw std::runtime_error(text + ": say which variable: " + text + ":NAME");
  return load_netcdf(text.substr(0, colon), text.substr(colon + 1));
}

void save(const std::string& path, const SharedArray<double, 3>& values,
          const std::vector<Axis>& axes, const std::string& name, const std::string& long_name,
          const std::string& units) {
  if (is_netcdf(path)) return save_netcdf(path, values, axes, name, long_name, units);
  values.save(path);
}

}  // namespace climate
